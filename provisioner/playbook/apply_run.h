#pragma once
// One apply on one host from this side: sends the artifacts it needs, starts it, follows it over cut connections and
// through reboots.

#include <string>

#include "graph/step.h"
#include "playbook/compiler.h"
#include "playbook/event_stream.h"

namespace slipway::playbook {

/// References are not owned and outlive this. One thread.
class ApplyRun {
 public:
  ApplyRun(Writer& writer, const HostAccess& host, const Program& program, const Approval& approval, Recorder& recorder,
           Milliseconds limit)
      : writer_(writer), host_(host), program_(program), approval_(approval), recorder_(recorder), limit_(limit) {}

  /// Answers the host's facts afterwards. Errors: as EventStream::ending, and those of the host ports.
  Result<Value> run();

 private:
  Result<void> send_uploads();
  Result<EventStream::Ending> follow(EventStream& events);
  Error end_overdue(const std::string& id);
  Result<void> wait_for_new_boot(const std::string& boot_before);

  Writer& writer_;
  const HostAccess& host_;
  const Program& program_;
  const Approval& approval_;
  Recorder& recorder_;
  const Milliseconds limit_;
  Deadline deadline_{};
  Instant until_{};  ///< The same by the run's clock.
};

}  // namespace slipway::playbook
