#include "http/sink.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

namespace slipway {
namespace {

/// A refusal's text is read by people; more of it is never needed.
constexpr uint64_t longest_refusal = 1 << 20;

Error file_error(int code, const std::string& path) {
  const bool full = code == ENOSPC || code == EDQUOT;
  return fail(full ? ErrorKind::quota : ErrorKind::unavailable,
              full ? "no space left for the download" : "cannot write the download",
              {.found = std::strerror(code),
               .advice = full ? "free disk space, or set SLIPWAY_CACHE to a folder on a larger disk" : "",
               .where = path});
}

}  // namespace

bool Sink::refuse(Error error) {
  failure_ = std::move(error);
  return false;
}

Error BodySink::too_large() const {
  return fail(ErrorKind::quota, "answer too large",
              {.found = "more than " + format_bytes(request_.max_body),
               .expected = "at most " + format_bytes(request_.max_body),
               .where = place_of(request_)});
}

bool BodySink::take(HttpResponse& answer, std::string_view piece) {
  const uint64_t room = answer.ok() ? request_.max_body : std::max(request_.max_body, longest_refusal);
  if (answer.body.size() + piece.size() > room) return refuse(too_large());
  answer.body += piece;
  return true;
}

bool LineSink::hand_over(std::string_view line) const {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return request_.on_line(line);
}

bool LineSink::take(HttpResponse& answer, std::string_view piece) {
  if (!answer.ok()) return BodySink::take(answer, piece);
  if (pending_.size() + piece.size() > request_.max_body) return refuse(too_large());
  pending_ += piece;
  size_t start = 0;
  for (size_t end; (end = pending_.find('\n', start)) != std::string::npos; start = end + 1)
    if (!hand_over(std::string_view(pending_).substr(start, end - start))) return false;
  pending_.erase(0, start);
  return true;
}

Result<void> LineSink::finish(HttpResponse& answer) {
  if (answer.ok() && !pending_.empty()) hand_over(pending_);
  return {};
}

Result<void> FileSink::open() {
  file_ = FileDescriptor(::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  struct stat status {};
  if (!file_.open() || ::fstat(file_.number(), &status) != 0) return file_error(errno, path_);
  offset_ = static_cast<uint64_t>(status.st_size);
  return {};
}

bool FileSink::position(const HttpResponse& answer) {
  if (answer.status == 206) {
    const std::string expected = "bytes " + std::to_string(offset_) + "-";
    if (!answer.header("content-range").starts_with(expected)) {
      wrong_part_ = true;
      return refuse(fail(ErrorKind::unavailable, "server sent another part than asked for",
                         {.found = answer.header("content-range"), .expected = expected, .where = place_of(request_)}));
    }
  } else {
    offset_ = 0;
  }
  struct stat status {};
  if (::fstat(file_.number(), &status) != 0) return refuse(file_error(errno, path_));
  const bool longer = static_cast<uint64_t>(status.st_size) > offset_;
  if ((longer && ::ftruncate(file_.number(), static_cast<off_t>(offset_)) != 0) ||
      ::lseek(file_.number(), static_cast<off_t>(offset_), SEEK_SET) < 0)
    return refuse(file_error(errno, path_));
  return positioned_ = true;
}

bool FileSink::take(HttpResponse& answer, std::string_view piece) {
  if (!answer.ok()) return BodySink::take(answer, piece);
  if (!positioned_ && !position(answer)) return false;
  while (!piece.empty()) {
    const ssize_t count = ::write(file_.number(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return refuse(file_error(errno, path_));
    piece.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

Result<void> FileSink::finish(HttpResponse& answer) {
  if (!answer.ok()) return {};
  if (!positioned_ && !position(answer)) return *failure_;
  if (::fsync(file_.number()) != 0) return file_error(errno, path_);
  return {};
}

}  // namespace slipway
