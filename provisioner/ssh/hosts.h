#pragma once
#include <memory>
#include <string>

#include "base/secret.h"
#include "ports/hosts.h"

namespace slipway {

namespace ssh {
class Loop;
}

/// How Slipway logs in to its hosts.
struct SshOptions {
  /// The login key: its text, or where that is empty the path of its file. ed25519, OpenSSH or PKCS#8, no passphrase.
  /// The same key serves jump hosts.
  Secret private_key_pem{};
  std::string private_key_path{};
  /// Decides about hosts that have no pinned keys. Empty: such hosts are refused.
  std::string known_hosts_path{};
  Milliseconds connect_timeout = Seconds(10);
};

/// The hosts port over SSH: one connection per host, shared by all calls, made when first needed and again after it
/// broke; all traffic on one thread of its own. A script travels with its input on standard input, so a call costs one
/// round trip on a warm connection and nothing of it shows in a process list.
///
/// Errors beyond those of the port: bad_input (a jump host or pinned host key that cannot be read), and of `put`:
/// not_found (the local file), quota (the host's disk is full), unauthorised (the path may not be written), internal.
/// Threads: any. The callbacks of a call are called in its thread.
class SshHosts final : public HostReader, public HostWriter {
 public:
  /// Errors: bad_input (the key cannot be used), not_found, unauthorised (its file), quota.
  static Result<std::unique_ptr<SshHosts>> open(SshOptions options);
  ~SshHosts() override;

  Result<ScriptOutcome> check(const HostAccess& host, const CheckScript& script, Deadline deadline) override;
  Result<ScriptOutcome> run(const HostAccess& host, const Script& script, Deadline deadline) override;
  Result<void> put(const HostAccess& host, const RemoteFile& file, Deadline deadline) override;
  /// Waits through refused, silent and not yet ready; a wrong host key ends it at once.
  Result<void> wait_until_up(const HostAccess& host, Deadline deadline) override;
  void forget(const MachineName& machine) override;

 private:
  explicit SshHosts(std::unique_ptr<ssh::Loop> loop);
  std::unique_ptr<ssh::Loop> loop_;
};

}  // namespace slipway
