#pragma once
#include <atomic>

#include "cli/boundary.h"
#include "ports/hosts.h"

namespace slipway {

/// Counts the calls on their way to the hosts.
class CountingHosts final : public HostReader, public HostWriter {
 public:
  CountingHosts(HostReader& reader, HostWriter& writer) : reader_(reader), writer_(writer) {}
  Result<ScriptOutcome> check(const HostAccess& host, const CheckScript& script, Deadline deadline) override {
    ++calls_;
    return reader_.check(host, script, deadline);
  }
  Result<ScriptOutcome> run(const HostAccess& host, const Script& script, Deadline deadline) override {
    ++calls_;
    pass_boundary("host/run/before");
    if (!boundaries_watched()) return writer_.run(host, script, deadline);
    Script heard = script;
    heard.on_line = [&script](std::string_view line) {
      if (script.on_line) script.on_line(line);
      pass_boundary("host/line");
    };
    Result<ScriptOutcome> outcome = writer_.run(host, heard, deadline);
    pass_boundary("host/run/after");
    return outcome;
  }
  Result<void> put(const HostAccess& host, const RemoteFile& file, Deadline deadline) override {
    ++calls_;
    pass_boundary("host/put/before");
    Result<void> sent = writer_.put(host, file, deadline);
    pass_boundary("host/put/after");
    return sent;
  }
  Result<void> wait_until_up(const HostAccess& host, Deadline deadline) override {
    return writer_.wait_until_up(host, deadline);
  }
  void forget(const MachineName& machine) override { writer_.forget(machine); }
  size_t calls() const { return calls_; }

 private:
  HostReader& reader_;
  HostWriter& writer_;
  std::atomic<size_t> calls_{0};
};

}  // namespace slipway
