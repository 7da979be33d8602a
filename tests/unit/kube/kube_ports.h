#pragma once
// The port bundles that cluster steps are handed: a cluster, a clock, and nothing else that answers.

#include <atomic>
#include <string>
#include <vector>

#include "graph/step.h"
#include "kube/observed.h"

#include "fake_api.h"

namespace slipway::testing {

class NoOtherPorts final : public HostReader,
                           public HostWriter,
                           public CloudReader,
                           public CloudWriter,
                           public ArtifactReader,
                           public ArtifactWriter {
 public:
  Result<ScriptOutcome> check(const HostAccess&, const CheckScript&, Deadline) override { return none(); }
  Result<ScriptOutcome> run(const HostAccess&, const Script&, Deadline) override { return none(); }
  Result<void> put(const HostAccess&, const RemoteFile&, Deadline) override { return none(); }
  Result<void> wait_until_up(const HostAccess&, Deadline) override { return none(); }
  void forget(const MachineName&) override {}
  Result<std::vector<CloudObject>> list(std::string_view) override { return none(); }
  Result<CloudObject> create(const CloudRequest&, const CloudProgress&, Deadline) override { return none(); }
  Result<CloudObject> update(const CloudObject&, const Value&, const CloudProgress&, Deadline) override {
    return none();
  }
  Result<void> remove(std::string_view, const std::string&, Deadline) override { return none(); }
  std::optional<ArtifactFile> find(const std::string&) override { return std::nullopt; }
  Result<ArtifactFile> acquire(const std::string&, const ArtifactProgress&, Deadline) override { return none(); }

 private:
  static Error none() { return fail(ErrorKind::internal, "a port was called that the step has no business with"); }
};

/// Reader and Writer over one client, as the program wires them: observing keeps lists, applying asks afresh.
struct KubePorts {
  explicit KubePorts(KubeClient& client)
      : observed(client, client),
        reader{others, others, observed, others, clock},
        writer{{others, others, client, others, clock}, others, others, observed, others, clock} {}
  NoOtherPorts others;
  TickingClock clock;
  ObservedCluster observed;
  Reader reader;
  Writer writer;
};

class RecordingRecorder final : public Recorder {
 public:
  Result<void> intent(const std::string& mark) override {
    intents.push_back(mark);
    return {};
  }
  void progress(std::string_view text, uint64_t, uint64_t) override { lines.emplace_back(text); }
  void log(std::string_view text) override { lines.emplace_back(text); }
  bool cancelled() const override { return stop; }

  std::vector<std::string> intents, lines;
  std::atomic<bool> stop = false;
};

}  // namespace slipway::testing
