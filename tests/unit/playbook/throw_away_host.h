#pragma once
// A host to throw away: this machine's own files under an overlay in memory, in namespaces of the test process, with a
// stand-in for systemd. Scripts run in it for real, in /bin/sh. Needs root.

#include <functional>
#include <string>

#include "ports/ports.h"

namespace slipway::testing {

class ThrowAwayHost final : public HostReader, public HostWriter {
 public:
  /// True where tests can make one; says why not otherwise.
  static bool possible(std::string& reason);

  ThrowAwayHost();
  ~ThrowAwayHost() override;
  ThrowAwayHost(const ThrowAwayHost&) = delete;
  ThrowAwayHost& operator=(const ThrowAwayHost&) = delete;

  Result<ScriptOutcome> check(const HostAccess& host, const CheckScript& script, Deadline deadline) override;
  Result<ScriptOutcome> run(const HostAccess& host, const Script& script, Deadline deadline) override;
  Result<void> put(const HostAccess& host, const RemoteFile& file, Deadline deadline) override;
  Result<void> wait_until_up(const HostAccess& host, Deadline deadline) override;
  void forget(const MachineName& machine) override;

  /// Runs shell on the host as a person would, outside of all that is tested. Its standard output, trimmed.
  std::string shell(const std::string& text);
  bool holds(const std::string& text);  ///< Whether the shell text succeeds.
  void make_read_only(bool read_only);
  /// What the stand-in for systemd was told to do, a line each: "start containerd.service".
  std::string systemd_log() { return shell("cat /var/fake/log 2>/dev/null"); }

  /// The connection of the next run is cut after this many seconds; what runs on the host goes on.
  double cut_next_after = 0;
  std::function<void(std::string_view line)> on_line;  ///< Sees every line that a run passes on.
  std::function<void()> before_run;                    ///< Once, before the next run.
  int checks = 0, runs = 0, puts = 0;
  std::string last_script, last_input;  ///< Of the last run.

 private:
  Result<ScriptOutcome> execute(const std::string& text, const std::string& input,
                                const std::function<void(std::string_view)>& on_line, Deadline deadline);
  std::string folder_;  ///< Holds the overlay's parts and root/.
};

/// Ports of which only those of hosts are real.
class HostPorts {
 public:
  explicit HostPorts(ThrowAwayHost& host);
  ~HostPorts();
  Reader& reader();
  Writer& writer();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

HostAccess access_of_test_host();

}  // namespace slipway::testing
