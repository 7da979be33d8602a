#include "kube/observed.h"

#include <gtest/gtest.h>
#include <thread>

#include "fake_api.h"

namespace slipway::testing {
namespace {

Deadline soon() { return Deadline::in(Seconds(5)); }
const ObjectKey all_configmaps{"v1", "ConfigMap", "", ""};

Value configmap(const std::string& name, const std::string& name_space = "default") {
  return {{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", name}, {"namespace", name_space}}}};
}

class Observed : public ::testing::Test {
 protected:
  Observed() : client(api.client()), observed(*client, *client) {
    api.put(configmap("a"));
    api.put(configmap("b", "kube-system"));
  }
  size_t lists() const { return api.count("GET /api/v1/configmaps"); }

  FakeApi api;
  std::unique_ptr<KubeClient> client;
  ObservedCluster observed;
};

TEST_F(Observed, ManyLooksCostOneList) {
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(observed.list(all_configmaps, "", soon())->size(), 2u);
    EXPECT_TRUE(observed.listed({"v1", "ConfigMap", "kube-system", "b"}, soon())->has_value());
    EXPECT_FALSE(observed.listed({"v1", "ConfigMap", "default", "b"}, soon())->has_value());
  }
  EXPECT_EQ(lists(), 1u);
}

TEST_F(Observed, AListOfOneNamespaceIsAnsweredFromTheWholeOne) {
  EXPECT_TRUE(observed.list(all_configmaps, "", soon()).ok());
  const auto items = observed.list({"v1", "ConfigMap", "kube-system", ""}, "", soon());
  ASSERT_EQ(items->size(), 1u);
  EXPECT_EQ(key_of(items->front()).name, "b");
  EXPECT_EQ(api.count("GET /api/v1/namespaces/kube-system/configmaps"), 0u);
}

TEST_F(Observed, AWriteToTheKindDropsItsListAndNoOther) {
  EXPECT_TRUE(observed.list(all_configmaps, "", soon()).ok());
  EXPECT_TRUE(observed.list({"v1", "Secret", "", ""}, "", soon()).ok());
  EXPECT_TRUE(observed.apply(configmap("c"), soon()).ok());
  EXPECT_EQ(observed.list(all_configmaps, "", soon())->size(), 3u);
  EXPECT_TRUE(observed.list({"v1", "Secret", "", ""}, "", soon()).ok());
  EXPECT_EQ(lists(), 2u);
  EXPECT_EQ(api.count("GET /api/v1/secrets"), 1u);
  EXPECT_TRUE(observed.remove({"v1", "ConfigMap", "default", "c"}, soon()).ok());
  EXPECT_EQ(observed.list(all_configmaps, "", soon())->size(), 2u);
}

// A node step for each of many nodes looks at its own and labels it: whole lists would cost the square of their number.
TEST_F(Observed, LooksAndWritesInTurnAskForSingleObjects) {
  for (int i = 0; i < 100; ++i) api.put(configmap("n" + std::to_string(i)));
  EXPECT_EQ(observed.list(all_configmaps, "", soon())->size(), 102u);
  for (int i = 0; i < 100; ++i) {
    const ObjectKey key{"v1", "ConfigMap", "default", "n" + std::to_string(i)};
    const auto before = observed.listed(key, soon());
    ASSERT_TRUE(before.ok() && before->has_value());
    ASSERT_TRUE(observed.patch(key, {{"data", {{"seen", "yes"}}}}, soon()).ok());
    EXPECT_EQ((**observed.listed(key, soon()))["data"]["seen"], "yes") << "what was written is seen";
  }
  EXPECT_FALSE(observed.listed({"v1", "ConfigMap", "default", "away"}, soon())->has_value());
  EXPECT_EQ(lists(), 1u);
}

TEST_F(Observed, ManyLooksAfterAWriteCostOneListMore) {
  for (int i = 0; i < 100; ++i) api.put(configmap("n" + std::to_string(i)));
  EXPECT_TRUE(observed.list(all_configmaps, "", soon()).ok());
  EXPECT_TRUE(observed.apply(configmap("c"), soon()).ok());
  EXPECT_TRUE(observed.list({"v1", "ConfigMap", "kube-system", ""}, "", soon()).ok()) << "costs no whole list";
  EXPECT_EQ(lists(), 1u);
  for (int i = 0; i < 100; ++i)
    EXPECT_TRUE(observed.listed({"v1", "ConfigMap", "default", "n" + std::to_string(i)}, soon())->has_value());
  EXPECT_EQ(lists(), 2u);
  EXPECT_LE(api.count("GET /api/v1/namespaces/default/configmaps/"), 7u);
}

TEST_F(Observed, SelectorsAndSingleObjectsAreAskedAfresh) {
  EXPECT_TRUE(observed.list(all_configmaps, "", soon()).ok());
  EXPECT_TRUE(observed.list(all_configmaps, "x=y", soon()).ok());
  EXPECT_TRUE(observed.list(all_configmaps, "x=y", soon()).ok());
  EXPECT_EQ(lists(), 3u);
  EXPECT_TRUE(observed.get({"v1", "ConfigMap", "default", "a"}, soon()).ok());
  EXPECT_TRUE(observed.get({"v1", "ConfigMap", "default", "a"}, soon()).ok());
  EXPECT_EQ(api.count("GET /api/v1/namespaces/default/configmaps/a"), 2u);
}

TEST_F(Observed, AFailureIsNotKept) {
  bool away = true;
  api.intercept = [&](const HttpRequest&) -> std::optional<Result<HttpResponse>> {
    if (!away) return std::nullopt;
    return Result<HttpResponse>(fail(ErrorKind::unavailable, "connection refused"));
  };
  EXPECT_FALSE(observed.list(all_configmaps, "", soon()).ok());
  away = false;
  EXPECT_TRUE(observed.list(all_configmaps, "", soon()).ok());
}

TEST_F(Observed, AKindThatIsNotServedHasNoObjectsUntilItIsDefined) {
  const ObjectKey lab{"lab.example/v1", "Lab", "default", "a"};
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(observed.listed(lab, soon())->has_value());
  EXPECT_EQ(api.count("GET /apis"), 1u) << "the answer 'no such kind' is kept";
  EXPECT_TRUE(observed
                  .apply(yaml(R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: labs.lab.example}
spec: {group: lab.example, scope: Namespaced, names: {plural: labs, kind: Lab}, versions: [{name: v1, served: true}]}
)"),
                         soon())
                  .ok());
  std::this_thread::sleep_for(Milliseconds(310));
  EXPECT_TRUE(observed
                  .apply({{"apiVersion", "lab.example/v1"},
                          {"kind", "Lab"},
                          {"metadata", {{"name", "a"}, {"namespace", "default"}}}},
                         soon())
                  .ok());
  EXPECT_TRUE(observed.listed(lab, soon())->has_value());
}

TEST_F(Observed, ThreadsThatWantTheSameListShareOneCall) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] { EXPECT_EQ(observed.list(all_configmaps, "", soon())->size(), 2u); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(lists(), 1u);
}

}  // namespace
}  // namespace slipway::testing
