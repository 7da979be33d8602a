#include "cluster/upgrade_step.h"

#include <gtest/gtest.h>

#include "kube/drain.h"

#include "tests/unit/kube/kube_ports.h"

namespace slipway {
namespace {

/// A host as both playbooks see it.
struct Host {
  std::string release = "v1.35.8";  ///< What its programs are of.
  bool configured = true;           ///< The kubelet's configuration is as we keep it.
  std::vector<std::string> log;     ///< What was applied, with the node as it was then.
};

/// The playbook upgrade.yaml: its kubelet then reports itself to the API.
class FakeUpgrade final : public Step {
 public:
  FakeUpgrade(Host& host, std::function<void()> at_work) : host_(host), at_work_(std::move(at_work)) {}
  Result<Observation> observe(Reader&, const Inputs&) const override {
    return Observation{.exists = true, .facts = {{"release", host_.release}}};
  }
  Diff diff(const Observation& seen, const Inputs&) const override {
    if (text_at(seen.facts, "release") == "v1.36.4") return {};
    return {.action = Action::update,
            .reason = Reason::spec_changed,
            .fields = {{.field = "kubelet: content", .old_value = seen.facts["release"], .new_value = "v1.36.4"}}};
  }
  Result<Outputs> apply(Writer&, const Diff&, const Inputs&, Recorder&) const override {
    host_.release = "v1.36.4";
    host_.configured = false;
    host_.log.emplace_back("upgrade");
    at_work_();
    return Outputs{};
  }

 private:
  Host& host_;
  std::function<void()> at_work_;
};

class FakeKubelet final : public Step {
 public:
  explicit FakeKubelet(Host& host) : host_(host) {}
  Result<Observation> observe(Reader&, const Inputs&) const override {
    return Observation{.exists = true, .facts = host_.configured};
  }
  Diff diff(const Observation& seen, const Inputs&) const override {
    return seen.facts == Value(true) ? Diff{} : Diff{.action = Action::update, .reason = Reason::drift};
  }
  Result<Outputs> apply(Writer&, const Diff&, const Inputs&, Recorder&) const override {
    host_.configured = true;
    host_.log.emplace_back("kubelet");
    return Outputs{};
  }

 private:
  Host& host_;
};

class Upgrading : public ::testing::Test {
 protected:
  Upgrading() : client(api.client()), ports(*client) {
    api.put(testing::yaml("{apiVersion: v1, kind: Node, metadata: {name: w-1}, spec: {}}"));
    report("v1.35.8", true);
    api.put(
        testing::yaml("{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: default, ownerReferences: [{kind: "
                      "ReplicaSet, name: o, controller: true}]}, spec: {nodeName: w-1}}"));
    ports.clock.on_sleep = [this] {
      const ObjectKey key{"v1", "Pod", "default", "web"};
      if (const auto pod = api.find(key); pod && (*pod)["metadata"].contains("deletionTimestamp")) api.erase(key);
    };
  }
  void report(const std::string& kubelet, bool ready) {
    api.set_status(node, {{"conditions", {{{"type", "Ready"}, {"status", ready ? "True" : "False"}}}},
                          {"nodeInfo", {{"kubeletVersion", kubelet}}}});
  }
  Value annotations() { return api.find(node)->at("metadata").value("annotations", Value::object()); }
  bool unschedulable() { return api.find(node)->at("spec").value("unschedulable", false); }
  bool pod_is_there() { return api.find({"v1", "Pod", "default", "web"}).has_value(); }

  UpgradeStep step(bool drains = true) {
    return UpgradeStep(
        {.machine = MachineName("w-1"), .from = "1.35.8", .to = "1.36.4", .run = RunId("upgrade-7"), .drains = drains},
        std::make_unique<FakeUpgrade>(host,
                                      [this] {
                                        cordon_at_work = text_at(annotations(), cordon_annotation);
                                        closed_at_work = unschedulable();
                                        pod_at_work = pod_is_there();
                                        if (reports) report("v1.36.4", true);
                                      }),
        std::make_unique<FakeKubelet>(host));
  }
  Diff wanted(const UpgradeStep& step) {
    ObservedCluster fresh(*client, *client);
    Reader reader{ports.others, ports.others, fresh, ports.others, ports.clock};
    const Result<Observation> seen = step.observe(reader, {});
    EXPECT_TRUE(seen) << (seen ? "" : describe(seen.error()));
    return seen ? step.diff(*seen, {}) : Diff{};
  }
  Result<void> apply(const UpgradeStep& step) {
    testing::RecordingRecorder recorder;
    const Result<Outputs> done = step.apply(ports.writer, wanted(step), {}, recorder);
    return done ? Result<void>() : Result<void>(done.error());
  }

  const ObjectKey node{"v1", "Node", "", "w-1"};
  testing::FakeApi api;
  std::unique_ptr<KubeClient> client;
  testing::KubePorts ports;
  Host host;
  bool reports = true, closed_at_work = false, pod_at_work = false;
  std::string cordon_at_work;
};

TEST_F(Upgrading, DrainsUpgradesRestoresTheConfigurationAndGivesTheNodeBack) {
  const UpgradeStep upgrade = step();
  const Diff diff = wanted(upgrade);
  EXPECT_EQ(diff.action, Action::update);
  EXPECT_EQ(diff.reason, Reason::version);
  const Result<void> done = apply(upgrade);
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_EQ(cordon_at_work, "upgrade-7");
  EXPECT_TRUE(closed_at_work);
  EXPECT_FALSE(pod_at_work) << "the pod had left before";
  EXPECT_EQ(host.log, (std::vector<std::string>{"upgrade", "kubelet"}));
  EXPECT_FALSE(unschedulable());
  EXPECT_TRUE(annotations().empty());
  EXPECT_TRUE(wanted(upgrade).empty());
}

TEST_F(Upgrading, AUsersCordonStays) {
  api.edit(node, {{"spec", {{"unschedulable", true}}}});
  const Result<void> done = apply(step());
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_TRUE(unschedulable());
  EXPECT_EQ(cordon_at_work, "");
  EXPECT_TRUE(wanted(step()).empty());
}

TEST_F(Upgrading, OneNodeAloneKeepsItsPods) {
  const Result<void> done = apply(step(false));
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_TRUE(closed_at_work);
  EXPECT_TRUE(pod_is_there());
  EXPECT_FALSE(unschedulable());
}

TEST_F(Upgrading, CutOffAfterTheHostItOnlyGivesTheNodeBack) {
  host.release = "v1.36.4";
  host.configured = false;
  report("v1.36.4", true);
  api.edit(node,
           {{"metadata", {{"annotations", {{cordon_annotation, "upgrade-7"}}}}}, {"spec", {{"unschedulable", true}}}});
  const Diff diff = wanted(step());
  ASSERT_EQ(diff.fields.size(), 1u);
  EXPECT_EQ(diff.fields[0].field, "node/cordon");
  const Result<void> done = apply(step());
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_EQ(host.log, std::vector<std::string>{"kubelet"});
  EXPECT_TRUE(pod_is_there()) << "it was drained once";
  EXPECT_FALSE(unschedulable());
}

TEST_F(Upgrading, ANodeThatDoesNotComeBackStaysCordoned) {
  reports = false;
  const Result<void> done = apply(step());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::timeout);
  EXPECT_EQ(done.error().found, "kubelet v1.35.8, Ready");
  EXPECT_TRUE(unschedulable());
  EXPECT_FALSE(wanted(step()).empty());
}

TEST_F(Upgrading, ABudgetThatRefusesStopsItBeforeTheHostIsTouched) {
  api.intercept = [](const HttpRequest& request) -> std::optional<Result<HttpResponse>> {
    if (request.url.find("/eviction") == std::string::npos) return std::nullopt;
    return HttpResponse{
        .status = 429,
        .body =
            R"({"kind":"Status","message":"Cannot evict pod as it would violate the pod's disruption budget.","code":429})"};
  };
  const Result<void> done = apply(step());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::timeout);
  EXPECT_TRUE(host.log.empty());
  EXPECT_TRUE(pod_is_there());
}

TEST_F(Upgrading, AMachineWithoutANodeIsNoneToUpgrade) {
  api.erase(node);
  EXPECT_EQ(step().observe(ports.reader, {}).error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace slipway
