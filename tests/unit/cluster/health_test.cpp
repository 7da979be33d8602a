#include "cluster/health.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

const WallTime noon = std::chrono::system_clock::from_time_t(1795608000);  // 2026-11-25T12:00:00Z

std::vector<std::string> summaries(const std::vector<Error>& problems) {
  std::vector<std::string> found;
  for (const Error& problem : problems) {
    EXPECT_FALSE(problem.advice.empty()) << problem.summary;
    found.push_back(problem.summary);
  }
  return found;
}

std::vector<std::string> of_hosts(const std::map<std::string, std::string>& text) {
  return summaries(host_problems({text, noon, noon + Seconds(1)}, "lab.yaml"));
}

using Summaries = std::vector<std::string>;

TEST(Health, AHealthyHostIsNoProblem) {
  EXPECT_EQ(of_hosts({{"w1",
                       "clock 1795608000.5\ndisk 84 /\ninodes 12 /\nuplink 1500\npods 1500 cni0\npods 1450 flannel.1\n"
                       "dns ok\netcd ok\n"}}),
            Summaries{});
}

TEST(Health, AClockIsWrongOnlyOutsideTheTimeTheQuestionTook) {
  EXPECT_EQ(of_hosts({{"w1", "clock 1795608002.9\n"}, {"w2", "clock 1795607998.1\n"}}), Summaries{});
  const std::vector<Error> problems = host_problems(
      {{{"w1", "clock 1795608061\n"}, {"w2", "clock 1795607940\n"}}, noon, noon + Seconds(1)}, "lab.yaml");
  ASSERT_EQ(summaries(problems), (Summaries{"the clock of w1 is wrong", "the clock of w2 is wrong"}));
  EXPECT_EQ(problems[0].found, "60 s before this machine's");
  EXPECT_EQ(problems[1].found, "60 s behind this machine's");
}

TEST(Health, AFillingDiskIsNamedWithItsPlace) {
  const std::vector<Error> problems =
      host_problems({{{"w1", "disk 91 /var/lib/containerd\n"}}, noon, noon}, "lab.yaml");
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].found, "/var/lib/containerd: 91 % of its space");
}

TEST(Health, PacketsMustFitTheNetworkAndTheMachinesEachOther) {
  EXPECT_EQ(of_hosts({{"w1", "uplink 1450\npods 1500 cni0\n"}}),
            Summaries{"pods on w1 send larger packets than its network carries"});
  EXPECT_EQ(of_hosts({{"w1", "uplink 1500\npods 1500 flannel.1\n"}}),
            Summaries{"pods on w1 send larger packets than its network carries"});
  EXPECT_EQ(of_hosts({{"w1", "uplink 1500\n"}, {"w2", "uplink 9000\n"}}),
            Summaries{"the machines' networks carry packets of different sizes"});
}

TEST(Health, SilentDnsAndIllEtcdAreNamed) {
  EXPECT_EQ(of_hosts({{"c1", "dns silent\netcd ill\n"}}),
            (Summaries{"cluster DNS does not answer c1", "etcd on c1 has no leader or is not healthy"}));
}

Value pod(const std::string& name, Value status, const std::string& made = "2026-11-25T11:00:00Z") {
  return {{"metadata", {{"name", name}, {"namespace", "apps"}, {"creationTimestamp", made}}},
          {"status", std::move(status)}};
}
Value waiting(const std::string& reason) {
  return {{"phase", "Running"},
          {"containerStatuses", Value::array({{{"name", "web"}, {"state", {{"waiting", {{"reason", reason}}}}}}})}};
}

TEST(Health, PodsThatWaitCrashOrEndTooLongAreStuck) {
  Value ending = pod("ending", {{"phase", "Running"}});
  ending["metadata"]["deletionTimestamp"] = "2026-11-25T11:49:00Z";
  Value leaving = ending;
  leaving["metadata"]["deletionTimestamp"] = "2026-11-25T11:59:00Z";
  const std::vector<Error> problems = pod_problems(
      {pod("well", {{"phase", "Running"}}), pod("pending", {{"phase", "Pending"}}),
       pod("fresh", {{"phase", "Pending"}}, "2026-11-25T11:58:00Z"), pod("crashing", waiting("CrashLoopBackOff")),
       pod("starting", waiting("ContainerCreating")), ending, leaving},
      noon, "lab.yaml");
  EXPECT_EQ(summaries(problems),
            (Summaries{"pod apps/pending is stuck", "pod apps/crashing is stuck", "pod apps/ending is stuck"}));
  EXPECT_EQ(problems[0].found, "pending for 60 min");
}

TEST(Health, OfManyStuckPodsTenAreShownAndTheOthersCounted) {
  const std::vector<Error> problems =
      pod_problems(std::vector<Value>(13, pod("web", waiting("ErrImagePull"))), noon, "lab.yaml");
  ASSERT_EQ(problems.size(), 11U);
  EXPECT_EQ(problems.back().found, "3 more");
}

Value lease(const std::string& name, const std::string& renewed) {
  return {{"metadata", {{"name", name}}}, {"spec", {{"renewTime", renewed}}}};
}

TEST(Health, ALeaseThatNobodyRenewsHasNoLeader) {
  EXPECT_EQ(summaries(leader_problems({lease("kube-scheduler", "2026-11-25T11:59:50.123456Z"),
                                       lease("kube-controller-manager", "2026-11-25T11:50:00.000000Z")},
                                      noon, "lab.yaml")),
            Summaries{"kube-controller-manager has no leader"});
  EXPECT_EQ(leader_problems({}, noon, "lab.yaml").size(), 2U);
}

TEST(Health, VersionsOutOfStepAreNamedWithWhoHasThem) {
  const auto node = [](const std::string& name, const std::string& version) {
    return Value{{"metadata", {{"name", name}}}, {"status", {{"nodeInfo", {{"kubeletVersion", version}}}}}};
  };
  const std::vector<Error> problems = version_problems(
      {node("w1", "v1.36.4"), node("w2", "v1.35.9"), node("w3", "v1.35.9")}, "v1.36.4", "1.36.4", "lab.yaml");
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].found, "v1.35.9 on w2, w3");
}

}  // namespace
}  // namespace slipway
