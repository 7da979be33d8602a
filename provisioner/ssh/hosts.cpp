#include "ssh/hosts.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <thread>

#include "base/file.h"
#include "base/text.h"
#include "ssh/loop.h"
#include "ssh/remote_command.h"

namespace slipway {
namespace {

constexpr Seconds attempt_span(5);

std::string without_tilde(const std::string& path) {
  return path.starts_with("~/") ? home_directory() + path.substr(1) : path;
}

Result<void> open_local(const std::string& path, ssh::Request& request) {
  FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!file.open() || fstat(file.number(), &status) != 0 || !S_ISREG(status.st_mode)) {
    const int reason = errno;
    const bool opened = file.open();
    return fail(opened             ? ErrorKind::bad_input
                : reason == EACCES ? ErrorKind::unauthorised
                                   : ErrorKind::not_found,
                "a file to be sent cannot be read",
                {.found = opened ? "no regular file" : std::strerror(reason), .where = path});
  }
  (void)posix_fadvise(file.number(), 0, 0, POSIX_FADV_SEQUENTIAL);
  request.file = std::move(file);
  request.file_size = static_cast<uint64_t>(status.st_size);
  request.file_name = path;
  return {};
}

Error put_failed(const HostAccess& host, const RemoteFile& file, const ScriptOutcome& outcome) {
  const std::string said(trim(outcome.error_output));
  const auto says = [&said](const char* words) { return said.find(words) != std::string::npos; };
  const std::string where = host.machine.text() + ":" + file.path;
  const std::string found = said.empty() ? "exit status " + std::to_string(outcome.exit_status) : said;
  if (outcome.exit_status == ssh::put_cut_short)
    return fail(ErrorKind::unavailable, "a file did not arrive whole", {.found = found, .where = where});
  if (says("No space left") || says("quota exceeded"))
    return fail(ErrorKind::quota, "no room on the host for a file",
                {.found = found, .expected = "room for it", .advice = "df -h on the host", .where = where});
  if (says("ermission denied") || says("Operation not permitted") || says("Read-only file system"))
    return fail(ErrorKind::unauthorised, "a file may not be written on the host",
                {.found = found,
                 .expected = "a path that " + host.user + " may write" + (host.sudo ? " with sudo" : ""),
                 .advice = host.sudo || host.user == "root" ? "mount | grep ro, lsattr on the host"
                                                            : "set sudo: true for the host",
                 .where = where});
  return fail(ErrorKind::internal, "a file could not be written on the host", {.found = found, .where = where});
}

}  // namespace

SshHosts::SshHosts(std::unique_ptr<ssh::Loop> loop) : loop_(std::move(loop)) {}
SshHosts::~SshHosts() = default;

Result<std::unique_ptr<SshHosts>> SshHosts::open(SshOptions options) {
  std::string name = "the SSH key";
  if (options.private_key_pem.empty()) {
    name = without_tilde(options.private_key_path);
    Result<std::string> pem = read_file(name);
    if (!pem) return std::move(pem).error().while_doing("reading the SSH key");
    options.private_key_pem = Secret(std::move(*pem));
  }
  Result<ssh::LoginKey> key = ssh::LoginKey::parse(options.private_key_pem, name);
  if (!key) return std::move(key).error();
  Result<std::unique_ptr<ssh::Loop>> loop = ssh::Loop::start({.key = std::move(*key),
                                                              .known_hosts = without_tilde(options.known_hosts_path),
                                                              .connect_timeout = options.connect_timeout});
  if (!loop) return std::move(loop).error();
  return std::unique_ptr<SshHosts>(new SshHosts(std::move(*loop)));
}

Result<ScriptOutcome> SshHosts::check(const HostAccess& host, const CheckScript& script, Deadline deadline) {
  Result<ScriptOutcome> outcome = loop_->run({.host = host, .script = script.text()}, deadline);
  if (!outcome) return std::move(outcome).error().while_doing("checking " + host.machine.text());
  return outcome;
}

Result<ScriptOutcome> SshHosts::run(const HostAccess& host, const Script& script, Deadline deadline) {
  Result<ScriptOutcome> outcome =
      loop_->run({.host = host, .script = script.text, .input = script.input, .on_line = script.on_line}, deadline);
  if (!outcome) return std::move(outcome).error().while_doing("running a script on " + host.machine.text());
  return outcome;
}

Result<void> SshHosts::put(const HostAccess& host, const RemoteFile& file, Deadline deadline) {
  const auto context = [&] { return "sending " + file.path + " to " + host.machine.text(); };
  ssh::Request request{.host = host, .script = {}};
  request.on_progress = file.on_progress;
  if (file.local_path.empty()) {
    request.input = file.content;
    request.file_size = file.content.size();
  } else {
    const Result<void> opened = open_local(file.local_path, request);
    if (!opened) return opened.error().while_doing(context());
  }
  request.script = ssh::put_script(file.path, request.file_size, file.mode);
  const Result<ScriptOutcome> outcome = loop_->run(std::move(request), deadline);
  if (!outcome) return outcome.error().while_doing(context());
  if (outcome->exit_status != ssh::put_done) return put_failed(host, file, *outcome).while_doing(context());
  return {};
}

Result<void> SshHosts::wait_until_up(const HostAccess& host, Deadline deadline) {
  const Instant began = std::chrono::steady_clock::now();
  std::optional<Error> last;
  Milliseconds pause(100);
  while (!deadline.passed()) {
    const Deadline attempt{std::min(deadline.at, std::chrono::steady_clock::now() + attempt_span)};
    const Result<ScriptOutcome> outcome = loop_->run({.host = host, .script = "exit 0"}, attempt);
    if (outcome && outcome->exit_status == 0) return {};
    if (outcome) {
      last = fail(ErrorKind::unavailable, "the host does not run scripts yet",
                  {.found = "exit status " + std::to_string(outcome->exit_status) + ", " + outcome->error_output});
    } else {
      const ErrorKind kind = outcome.error().kind;
      if (!retryable(kind) && kind != ErrorKind::unauthorised)
        return outcome.error().while_doing("waiting for " + host.machine.text());
      // An attempt that our own end cut off tells less than the one before.
      const bool cut_off = kind == ErrorKind::timeout && attempt.at == deadline.at;
      if (!last || !cut_off) last = outcome.error();
    }
    pause = std::min<Milliseconds>(pause * 3 / 2, Seconds(1));
    // Newer sshd shuts out who fails to log in too often.
    if (last->kind == ErrorKind::unauthorised) pause = Seconds(5);
    std::this_thread::sleep_for(std::min(pause, deadline.left()));
  }
  const double waited = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return fail(ErrorKind::timeout, host.machine.text() + " did not come up",
              {.found = last ? last->summary + (last->found.empty() ? "" : ": " + last->found) : "no time to try",
               .expected = "a login as " + host.user + " within " + format_seconds(waited),
               .advice = last ? last->advice : std::string(),
               .where = ssh::label_of(host.user, host.address, host.port)})
      .while_doing("waiting for " + host.machine.text());
}

void SshHosts::forget(const MachineName& machine) { loop_->forget(machine); }

}  // namespace slipway
