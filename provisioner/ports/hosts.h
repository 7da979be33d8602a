#pragma once
// Hosts by SSH, as steps see them. Reading and writing are two ports: an observing step holds only the Reader, and the
// Reader takes only check scripts, which only playbook/ can make.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace slipway {

namespace playbook {
class Compiler;
}

/// How one host is reached. Travels along the graph's edges as a Value; holds no secret.
struct HostAccess {
  MachineName machine;
  std::string address;
  uint16_t port = 22;
  std::string user = "root";
  bool sudo = false;                        ///< Scripts and files go through `sudo -n`.
  std::string jump;                         ///< "user@address:port" of a jump host, or empty.
  std::vector<std::string> jump_host_keys;  ///< As host_keys, for the jump host.
  /// Accepted host keys: "ssh-ed25519 AAAA…" or "SHA256:…". Empty: the known_hosts file of the spec decides.
  std::vector<std::string> host_keys;
  bool operator==(const HostAccess&) const = default;
};
Value to_value(const HostAccess& access);
/// Errors: corrupt.
Result<HostAccess> host_access_from(const Value& value);

/// A script that reads a host and changes nothing. Only playbook::Compiler makes one.
class CheckScript {
 public:
  const std::string& text() const { return text_; }

 private:
  friend class playbook::Compiler;
  explicit CheckScript(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// What a script left behind.
struct ScriptOutcome {
  int exit_status = 0;
  std::string output;
  std::string error_output;
};

/// A script for /bin/sh as root. `text` is not secret and appears in no process list; `input` is what the script reads
/// on its standard input, and is where secrets and file contents go.
struct Script {
  std::string text;
  std::string input{};
  std::function<void(std::string_view line)> on_line{};  ///< For each line of standard output as it comes; any thread.
};

/// A file to be placed on a host as a whole: a reader there sees the old bytes or the new, never a part.
struct RemoteFile {
  std::string path;          ///< On the host.
  std::string local_path{};  ///< Streamed from this file; or
  std::string content{};     ///< from memory, where local_path is empty.
  int mode = 0644;
  std::function<void(uint64_t sent, uint64_t total)> on_progress{};
};

/// Errors of both ports: unavailable (cannot connect, connection lost), timeout, unauthorised (key refused),
/// verification (host key is not the pinned one; found and expected fingerprint in the error). A script that exits
/// non-zero is a ScriptOutcome, not an error. After timeout or unavailable a script may or may not have run.
/// Threads: any; calls for one host may overlap (they share its connection).
class HostReader {
 public:
  virtual ~HostReader() = default;
  virtual Result<ScriptOutcome> check(const HostAccess& host, const CheckScript& script, Deadline deadline) = 0;
};

class HostWriter {
 public:
  virtual ~HostWriter() = default;
  virtual Result<ScriptOutcome> run(const HostAccess& host, const Script& script, Deadline deadline) = 0;
  virtual Result<void> put(const HostAccess& host, const RemoteFile& file, Deadline deadline) = 0;
  /// Waits until the host lets us log in; polls with short connection attempts.
  virtual Result<void> wait_until_up(const HostAccess& host, Deadline deadline) = 0;
  /// Drops the connection, e.g. because the machine was made again or restarted.
  virtual void forget(const MachineName& machine) = 0;
};

}  // namespace slipway
