#include "kube/gates.h"

#include <gtest/gtest.h>

#include "kube/gates_step.h"

#include "kube_ports.h"

namespace slipway::testing {
namespace {

Gate gate(const std::string& text) {
  Result<Gate> parsed = gate_from(yaml(text));
  EXPECT_TRUE(parsed.ok()) << describe(parsed.error());
  return parsed ? *parsed : Gate();
}

TEST(GateText, IsReadInEachForm) {
  EXPECT_EQ(gate("crd: pools.metallb.io").object.name, "pools.metallb.io");
  EXPECT_EQ(gate("ready: Deployment lab/web").object, (ObjectKey{"apps/v1", "Deployment", "lab", "web"}));
  EXPECT_EQ(gate("ready: Node w-1").object, (ObjectKey{"v1", "Node", "", "w-1"}));
  EXPECT_EQ(gate("ready: {apiVersion: a.example/v1, kind: Lab, namespace: x, name: y}").object,
            (ObjectKey{"a.example/v1", "Lab", "x", "y"}));
  EXPECT_EQ(gate("endpoints: Service lab/web").kind, Gate::Kind::endpoints);
  EXPECT_EQ(gate("probe: {url: 'https://lab.example/', address: 10.0.0.200}").address, "10.0.0.200");
}

struct BadGate {
  std::string name, text, part;
};
class RefusedGate : public ::testing::TestWithParam<BadGate> {};
TEST_P(RefusedGate, SaysWhatIsExpected) {
  const Result<Gate> parsed = gate_from(yaml(GetParam().text));
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().kind, ErrorKind::bad_input);
  EXPECT_NE(describe(parsed.error()).find(GetParam().part), std::string::npos) << describe(parsed.error());
}
INSTANTIATE_TEST_SUITE_P(
    , RefusedGate,
    ::testing::Values(BadGate{"MistypedKind", "raedy: Deployment a/b", "did you mean 'ready'?"},
                      BadGate{"MistypedObject", "ready: Deploymnet a/b", "did you mean 'Deployment'?"},
                      BadGate{"NoName", "ready: Deployment", "KIND NAMESPACE/NAME"},
                      BadGate{"NoGroup", "crd: pools", "PLURAL.GROUP"},
                      BadGate{"EndpointsOfADeployment", "endpoints: Deployment a/b", "Service NAMESPACE/NAME"},
                      BadGate{"NoUrl", "probe: lab.example", "http or https URL"},
                      BadGate{"NameAsAddress", "probe: {url: 'http://a/', address: b}", "IPv4"},
                      BadGate{"Text", "just text", "one of crd"}),
    [](const auto& info) { return info.param.name; });

class Waiting : public ::testing::Test {
 protected:
  Waiting() : client(api.client()) {
    api.put(yaml("{apiVersion: v1, kind: Namespace, metadata: {name: lab}}"));
    api.put(yaml(
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: lab}, spec: {replicas: 1, selector: "
        "{matchLabels: {app: web}}, template: {spec: {containers: [{name: web}]}}}}"));
  }
  void roll_out() {
    api.set_status(web, {{"observedGeneration", 1}, {"replicas", 1}, {"updatedReplicas", 1}, {"availableReplicas", 1}});
  }
  Result<void> wait(const std::vector<Gate>& gates, Seconds span = Seconds(30)) {
    return wait_ready(*client, clock, gates, {.until = clock.now() + span, .on_progress = [&](std::string_view text) {
                                                told.emplace_back(text);
                                              }});
  }

  const ObjectKey web{"apps/v1", "Deployment", "lab", "web"};
  FakeApi api;
  std::unique_ptr<KubeClient> client;
  TickingClock clock;
  std::vector<std::string> told;
};

TEST_F(Waiting, EachGateIsPassedInItsOrder) {
  const std::vector<Gate> gates = {gate("ready: Deployment lab/web"), gate("endpoints: Service lab/web"),
                                   gate("probe: http://web.lab.svc:8080/healthz")};
  int step = 0;
  clock.on_sleep = [&] {
    ++step;
    if (step == 2) roll_out();
    if (step == 4)
      api.put(
          yaml("{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: web-x, namespace: lab, labels: "
               "{kubernetes.io/service-name: web}}, endpoints: [{addresses: [10.244.0.5], conditions: {ready: false}}, "
               "{addresses: [10.244.0.6], conditions: {ready: true}}]}"));
    if (step == 6) api.proxied["/api/v1/namespaces/lab/services/http:web:8080/proxy/healthz"] = 200;
  };
  const Result<void> waited = wait(gates);
  ASSERT_TRUE(waited.ok()) << describe(waited.error());
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ(told[0], "ready: Deployment lab/web: its controller has not seen the new version yet");
  EXPECT_EQ(told[1], "endpoints: Service lab/web: no endpoints");
  EXPECT_TRUE(told[2].starts_with("probe: http://web.lab.svc:8080/healthz: HTTP 503")) << told[2];
}

TEST_F(Waiting, WhenTheTimeIsUpTheErrorSaysWhatIsNotReadyAndWhy) {
  api.set_status(web, {{"observedGeneration", 1}, {"replicas", 1}, {"updatedReplicas", 1}});
  api.put(
      yaml("{apiVersion: v1, kind: Pod, metadata: {name: web-1, namespace: lab, uid: pod-1, labels: {app: web}}, spec: "
           "{}}"));
  api.set_status({"v1", "Pod", "lab", "web-1"},
                 yaml("{phase: Pending, containerStatuses: [{name: web, state: {waiting: {reason: ErrImagePull}}}]}"));
  api.put(yaml(
      "{apiVersion: v1, kind: Event, metadata: {name: e1, namespace: lab}, type: Warning, reason: Failed, message: "
      "'Failed to pull image x: not found', lastTimestamp: '2026-01-01T00:00:02Z', involvedObject: {uid: pod-1}}"));
  api.put(yaml(
      "{apiVersion: v1, kind: Event, metadata: {name: e2, namespace: lab}, type: Warning, reason: Old, message: old, "
      "lastTimestamp: '2026-01-01T00:00:01Z', involvedObject: {uid: pod-1}}"));
  const Result<void> waited = wait({gate("ready: Deployment lab/web")}, Seconds(5));
  ASSERT_FALSE(waited.ok());
  EXPECT_EQ(waited.error().kind, ErrorKind::timeout);
  EXPECT_EQ(waited.error().found,
            "ready: Deployment lab/web: 0 of 1 pods available\n"
            "pod web-1: container web ErrImagePull\n"
            "last warning: Failed: Failed to pull image x: not found");
  EXPECT_EQ(waited.error().advice, "kubectl describe Deployment web -n lab");
  EXPECT_LE(clock.sleeps, 12) << "pauses grow to a second";
}

TEST_F(Waiting, AFailedJobIsNotWaitedFor) {
  api.put(yaml("{apiVersion: batch/v1, kind: Job, metadata: {name: init, namespace: lab}, spec: {}}"));
  api.set_status({"batch/v1", "Job", "lab", "init"},
                 yaml("{conditions: [{type: Failed, status: 'True', reason: BackoffLimitExceeded}]}"));
  const Result<void> waited = wait({gate("ready: Job lab/init")});
  ASSERT_FALSE(waited.ok());
  EXPECT_EQ(waited.error().kind, ErrorKind::internal);
  EXPECT_EQ(clock.sleeps, 0);
}

TEST_F(Waiting, AnApiThatIsAwayIsWaitedForAndOneThatRefusesUsIsNot) {
  roll_out();
  bool away = true;
  ErrorKind kind = ErrorKind::unavailable;
  api.intercept = [&](const HttpRequest&) -> std::optional<Result<HttpResponse>> {
    if (!away) return std::nullopt;
    return Result<HttpResponse>(fail(kind, "no"));
  };
  clock.on_sleep = [&] { away = clock.sleeps < 3; };
  EXPECT_TRUE(wait({gate("ready: Deployment lab/web")}).ok());
  away = true;
  kind = ErrorKind::verification;
  clock.on_sleep = {};
  EXPECT_EQ(wait({gate("ready: Deployment lab/web")}).error().kind, ErrorKind::verification);
}

TEST_F(Waiting, AWebhookAnswersAlsoByRefusing) {
  const Gate answers = gate("answers: https://hook.lab.svc:443/validate");
  const std::string path = "/api/v1/namespaces/lab/services/https:hook:443/proxy/validate";
  for (const auto& [status, ready] :
       std::map<int, bool>{{200, true}, {400, true}, {404, true}, {415, true}, {503, false}}) {
    api.proxied[path] = status;
    EXPECT_EQ(check_gate(*client, answers, {}, Freshness::now, Deadline::in(Seconds(5)))->ready, ready) << status;
  }
  api.proxied[path] = 404;
  Gate probe = answers;
  probe.kind = Gate::Kind::probe;
  EXPECT_FALSE(check_gate(*client, probe, {}, Freshness::now, Deadline::in(Seconds(5)))->ready);
}

TEST_F(Waiting, AnAddressOutsideIsAskedFromHere) {
  std::string asked;
  const UrlProbe from_here = [&](const Gate& gate, Deadline) -> Result<int> {
    asked = gate.url + " at " + gate.address;
    return 302;
  };
  const Gate probe = gate("probe: {url: 'https://lab.example/', address: 10.0.0.200}");
  EXPECT_TRUE(check_gate(*client, probe, from_here, Freshness::now, Deadline::in(Seconds(5)))->ready);
  EXPECT_EQ(asked, "https://lab.example/ at 10.0.0.200");
}

TEST_F(Waiting, ACancelledRunStopsWaiting) {
  const Result<void> waited =
      wait_ready(*client, clock, {gate("ready: Deployment lab/web")},
                 {.until = clock.now() + Seconds(30), .cancelled = [&] { return clock.sleeps >= 2; }});
  ASSERT_FALSE(waited.ok());
  EXPECT_EQ(waited.error().kind, ErrorKind::cancelled);
}

TEST_F(Waiting, AGatesStepShowsWhatIsNotReadyAndWaitsForIt) {
  const GatesStep step({.gates = {gate("ready: Deployment lab/web")}});
  KubePorts ports(*client);
  RecordingRecorder recorder;
  Observation seen = *step.observe(ports.reader, Inputs());
  Diff diff = step.diff(seen, Inputs());
  ASSERT_EQ(diff.fields.size(), 1u);
  EXPECT_EQ(diff.fields[0].field, "ready: Deployment lab/web");
  EXPECT_FALSE(seen.outputs.contains("ready"));
  ports.clock.on_sleep = [&] { roll_out(); };
  const Result<Outputs> outputs = step.apply(ports.writer, diff, Inputs(), recorder);
  ASSERT_TRUE(outputs.ok()) << describe(outputs.error());
  EXPECT_EQ(outputs->at("ready"), true);
  KubePorts later(*client);
  seen = *step.observe(later.reader, Inputs());
  EXPECT_TRUE(step.diff(seen, Inputs()).empty());
  EXPECT_EQ(seen.outputs.at("ready"), true);
}

}  // namespace
}  // namespace slipway::testing
