#include "ssh/exchange.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <unistd.h>

#include "base/text.h"

namespace slipway::ssh {
namespace {

constexpr size_t chunk_size = 256 * 1024;
/// So that one long file leaves room for the other hosts in each turn of the loop.
constexpr size_t write_share = 1024 * 1024;
constexpr size_t output_limit = 64 * 1024 * 1024;
constexpr uint64_t progress_step = 1024 * 1024;

std::string last_words(std::string_view text) {
  constexpr size_t enough = 2000;
  const std::string_view trimmed = trim(text);
  return std::string(trimmed.size() > enough ? trimmed.substr(trimmed.size() - enough) : trimmed);
}

}  // namespace

Exchange::Exchange(Request request, Deadline deadline, Completion completion)
    : request_(std::move(request)),
      deadline_(deadline.at),
      completion_(std::move(completion)),
      command_(remote_command(request_.script, request_.host.sudo)),
      output_(command_.begin_line, request_.on_line),
      input_size_(request_.file.open() ? request_.file_size : request_.input.size()) {}

std::string Exchange::label() const { return label_of(request_.host.user, request_.host.address, request_.host.port); }

bool Exchange::may_move() { return !std::exchange(moved_, true); }

void Exchange::answer(Result<ScriptOutcome> result) {
  if (std::exchange(answered_, true)) return;
  completion_(std::move(result));
}

Exchange::Motion Exchange::advance(Session& session) {
  const Motion started = start_command(session);
  if (started == Motion::session_broken || answered_) return started;
  const Motion was_read = read(session);
  if (was_read == Motion::session_broken || answered_) return was_read;
  if (session.at_end(channel_)) {
    const Progress closed = session.wait_closed(channel_);
    if (closed == Progress::failed) return Motion::session_broken;
    if (closed == Progress::done) {
      finish(session);
      return Motion::some;
    }
  }
  const Motion written = write(session);
  if (written != Motion::none) return written;
  return started == Motion::some ? started : was_read;
}

Exchange::Motion Exchange::start_command(Session& session) {
  if (running_) return Motion::none;
  const Progress progress = session.execute(channel_, command_.command);
  if (progress == Progress::again) return Motion::none;
  if (progress == Progress::failed) {
    if (session.link_ended() || session.gave_up_waiting()) return Motion::session_broken;
    answer(fail(ErrorKind::unauthorised, "the host does not let us run a command",
                {.found = session.last_error(),
                 .expected = "a login that may run /bin/sh",
                 .advice = "look for ForceCommand or a restrict option at the key in the host's sshd configuration",
                 .where = label()}));
    return Motion::some;
  }
  running_ = true;
  return Motion::some;
}

Exchange::Motion Exchange::read(Session& session) {
  Motion motion = Motion::none;
  std::array<char, 32 * 1024> buffer;
  for (const Session::Stream stream : {Session::Stream::output, Session::Stream::error}) {
    for (;;) {
      const ssize_t count = session.read(channel_, stream, buffer.data(), buffer.size());
      if (count < 0) return Motion::session_broken;
      if (count == 0) break;
      const std::string_view piece(buffer.data(), static_cast<size_t>(count));
      if (stream == Session::Stream::output)
        output_.add(piece);
      else
        error_output_.append(piece);
      motion = Motion::some;
      if (output_.text().size() + error_output_.size() <= output_limit) continue;
      answer(fail(ErrorKind::internal, "a script wrote more than " + format_bytes(output_limit),
                  {.found = "its last line: " + last_words(std::string_view(piece).substr(piece.rfind('\n') + 1)),
                   .where = label()}));
      return motion;
    }
  }
  return motion;
}

bool Exchange::next_chunk() {
  if (chunk_taken_ < chunk_.size()) return true;
  chunk_taken_ = 0;
  if (!preamble_queued_) {
    chunk_ = command_.preamble;
    preamble_queued_ = true;
    return true;
  }
  chunk_.clear();
  const size_t wanted = std::min<uint64_t>(chunk_size, input_size_ - input_queued_);
  if (wanted == 0) return false;
  if (!request_.file.open()) {
    chunk_ = request_.input.substr(input_queued_, wanted);
    input_queued_ += wanted;
    return true;
  }
  chunk_.resize(wanted);
  ssize_t count = 0;
  do {
    count = pread(request_.file.number(), chunk_.data(), wanted, static_cast<off_t>(input_queued_));
  } while (count < 0 && errno == EINTR);
  if (count <= 0) {
    answer(
        fail(count < 0 ? ErrorKind::unavailable : ErrorKind::conflict, "a file could not be read to its end",
             {.found = count < 0 ? std::strerror(errno)
                                 : "it became shorter while it was sent, " + std::to_string(input_queued_) + " bytes",
              .expected = std::to_string(input_size_) + " bytes",
              .where = request_.file_name}));
    return false;
  }
  chunk_.resize(static_cast<size_t>(count));
  input_queued_ += static_cast<uint64_t>(count);
  return true;
}

Exchange::Motion Exchange::write(Session& session) {
  if (end_sent_) return Motion::none;
  size_t written = 0;
  while (written < write_share && session.roomy()) {
    if (!next_chunk()) {
      if (answered_) return Motion::some;
      const Progress progress = session.send_end(channel_);
      if (progress == Progress::failed) return Motion::session_broken;
      end_sent_ = progress == Progress::done;
      if (end_sent_ && request_.on_progress) request_.on_progress(input_size_, input_size_);
      return written > 0 || end_sent_ ? Motion::some : Motion::none;
    }
    const ssize_t count = session.write(channel_, std::string_view(chunk_).substr(chunk_taken_));
    if (count < 0) return Motion::session_broken;
    if (count == 0) break;
    chunk_taken_ += static_cast<size_t>(count);
    written += static_cast<size_t>(count);
    if (request_.on_progress && input_queued_ >= progress_told_ + progress_step) {
      progress_told_ = input_queued_;
      request_.on_progress(input_queued_ - (chunk_.size() - chunk_taken_), input_size_);
    }
  }
  return written > 0 ? Motion::some : Motion::none;
}

void Exchange::finish(Session& session) {
  const int status = session.exit_status(channel_);
  if (!output_.begun()) return answer(never_ran(status));
  output_.finish();
  answer(ScriptOutcome{status, output_.take_text(), std::move(error_output_)});
}

Error Exchange::never_ran(int status) const {
  std::string said = last_words(error_output_);
  if (said.empty()) said = last_words(output_.text());
  if (said.empty()) said = "exit status " + std::to_string(status) + " without a word";
  if (status == cut_short_status)
    return fail(ErrorKind::unavailable, "the script did not arrive whole",
                {.found = said, .expected = "all of it; nothing of it was run", .where = label()});
  const std::string& user = request_.host.user;
  if (request_.host.sudo && status == 127)
    return fail(ErrorKind::unauthorised, "sudo is missing on the host",
                {.found = said,
                 .expected = "sudo -n as " + user,
                 .advice = "install sudo there, or log in as root (ssh: {user: root, sudo: false})",
                 .where = label()});
  if (request_.host.sudo)
    return fail(ErrorKind::unauthorised, "sudo refused to run a script",
                {.found = said,
                 .expected = user + " may use sudo without a password",
                 .advice = "on the host, as root: echo '" + user + " ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/slipway",
                 .where = label()});
  return fail(ErrorKind::unauthorised, "the login shell did not run a script",
              {.found = said,
               .expected = "a login shell that runs /bin/sh -c",
               .advice = "ssh -p " + std::to_string(request_.host.port) + " " + user + "@" + request_.host.address +
                         " true, then chsh -s /bin/bash " + user,
               .where = label()});
}

}  // namespace slipway::ssh
