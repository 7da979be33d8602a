#include "cluster/release.h"

#include <filesystem>
#include <gtest/gtest.h>

#include "base/ids.h"

namespace slipway {
namespace {

struct Way {
  const char *from, *to;
  const char* problem;  ///< Empty: it may be gone.
};

class Ways : public ::testing::TestWithParam<Way> {};
TEST_P(Ways, AreRefusedByName) {
  const Result<void> way = check_way(GetParam().from, GetParam().to);
  EXPECT_EQ(way ? "" : way.error().summary, GetParam().problem);
  if (!way) {
    EXPECT_EQ(way.error().kind, ErrorKind::bad_input);
  }
}
INSTANTIATE_TEST_SUITE_P(All, Ways,
                         ::testing::Values(Way{"1.35.8", "1.35.9", ""}, Way{"1.35.8", "1.36.0", ""},
                                           Way{"1.35.8", "1.36.4", ""}, Way{"1.35.8", "1.35.8", ""},
                                           Way{"1.35.8", "1.37.0", "an upgrade goes one minor release at a time"},
                                           Way{"1.35.8", "2.36.0", "an upgrade goes one minor release at a time"},
                                           Way{"1.36.4", "1.35.8", "a cluster does not go back to an older release"},
                                           Way{"1.36.4", "1.36.3", "a cluster does not go back to an older release"},
                                           Way{"1.36.10", "1.36.9", "a cluster does not go back to an older release"},
                                           Way{"1.35.8", "1.36", "not a release of Kubernetes"},
                                           Way{"1.35.8", "1.36.x", "not a release of Kubernetes"},
                                           Way{"", "1.36.4", "the release that the cluster runs is not known"}));

std::string told(const std::string& version) { return Value({{"gitVersion", version}}).dump(); }

TEST(Joins, AKubeletIsNeverNewerThanItsApiServer) {
  EXPECT_TRUE(check_join("1.36.4", told("v1.36.4"), false));
  EXPECT_TRUE(check_join("1.35.8", told("v1.36.4"), false));
  EXPECT_TRUE(check_join("1.33.0", told("v1.36.4"), false));
  for (const char* newer : {"1.36.4", "1.35.9"}) {
    const Result<void> refused = check_join(newer, told("v1.35.8"), false);
    ASSERT_FALSE(refused) << newer;
    EXPECT_EQ(refused.error().kind, ErrorKind::bad_input);
    EXPECT_NE(refused.error().found.find("API server 1.35.8"), std::string::npos);
  }
  EXPECT_FALSE(check_join("1.32.9", told("v1.36.4"), false)) << "four minors older";
}

TEST(Joins, AControlPlaneIsOfTheClustersMinor) {
  EXPECT_TRUE(check_join("1.36.3", told("v1.36.4"), true));
  EXPECT_FALSE(check_join("1.35.8", told("v1.36.4"), true));
  EXPECT_FALSE(check_join("1.36.4", told("v1.35.8"), true));
}

TEST(Joins, AnAnswerWithoutAVersionIsNoVersion) {
  for (const char* body : {"", "{}", "no", "[]", R"({"gitVersion": "v1.36"})"})
    EXPECT_EQ(check_join("1.36.4", body, false).error().kind, ErrorKind::corrupt) << body;
}

TEST(Asked, AnotherReleaseNamesTheVerbOnlyWhereThatCanBringIt) {
  const ClusterRelease runs{.running = "1.35.8", .to = {}, .run = {}};
  EXPECT_TRUE(check_asked_release(runs, "1.35.8", "a.yaml"));
  EXPECT_TRUE(check_asked_release({}, "1.36.4", "a.yaml")) << "no cluster yet";
  const Result<void> next = check_asked_release(runs, "1.36.4", "a.yaml");
  ASSERT_FALSE(next);
  EXPECT_NE(next.error().advice.find("slipway upgrade a.yaml --to 1.36.4"), std::string::npos);
  const Result<void> far = check_asked_release(runs, "1.37.0", "a.yaml");
  ASSERT_FALSE(far);
  EXPECT_EQ(far.error().advice, "set kubernetes.version back to 1.35.8");
}

class ReleaseFact : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("slipway-release-" + random_hex(6));
    Result<std::unique_ptr<StateStore>> store =
        StateStore::open({.directory = folder_, .cluster = "lab", .key_file = folder_ + "/key"});
    ASSERT_TRUE(store) << describe(store.error());
    store_ = std::move(*store);
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  void applied(const std::string& step, Value outputs = Value::object()) {
    StepRecord record;
    record.id = StepId(step);
    record.applied = true;
    record.outputs = std::move(outputs);
    ASSERT_TRUE(store_->record_result(record));
  }

  std::string folder_;
  std::unique_ptr<StateStore> store_;
};

TEST_F(ReleaseFact, IsTheSpecsUntilTheClusterWasMadeAndItsOwnFromThenOn) {
  ASSERT_TRUE(settle_release(*store_, "1.36.4"));
  ASSERT_TRUE(settle_release(*store_, "1.35.8"));
  EXPECT_EQ(cluster_release(store_->snapshot()).running, "") << "there is no cluster";
  applied("kubernetes/init");
  EXPECT_EQ(cluster_release(store_->snapshot()).running, "1.35.8");
  ASSERT_TRUE(settle_release(*store_, "1.36.4"));
  EXPECT_EQ(cluster_release(store_->snapshot()).running, "1.35.8");
}

TEST_F(ReleaseFact, AFetchedKubeletDoesNotChangeIt) {
  ASSERT_TRUE(settle_release(*store_, "1.35.8"));
  applied("kubernetes/init");
  applied("artifact/binary/kubelet", {{"version", "1.36.4"}});
  EXPECT_EQ(cluster_release(store_->snapshot()).running, "1.35.8");
}

TEST_F(ReleaseFact, AnOlderStateTellsItByItsKubeletAndKeepsIt) {
  applied("kubernetes/join/c2");
  applied("artifact/binary/kubelet", {{"version", "1.35.8"}});
  EXPECT_EQ(cluster_release(store_->snapshot()).running, "1.35.8");
  ASSERT_TRUE(settle_release(*store_, "1.36.4"));
  applied("artifact/binary/kubelet", {{"version", "1.36.4"}});
  EXPECT_EQ(cluster_release(store_->snapshot()).running, "1.35.8");
}

TEST_F(ReleaseFact, AnUpgradeUnderWayHoldsOthersBack) {
  applied("kubernetes/init");
  ASSERT_TRUE(record_release(*store_, {.running = "1.35.8", .to = "1.36.4", .run = "upgrade-1"}));
  ASSERT_TRUE(settle_release(*store_, "1.36.4"));
  const ClusterRelease release = cluster_release(store_->snapshot());
  EXPECT_TRUE(release.upgrading());
  EXPECT_EQ(release.run, "upgrade-1");
  const Result<void> held = check_no_upgrade(release, "a.yaml");
  ASSERT_FALSE(held);
  EXPECT_NE(held.error().advice.find("slipway upgrade a.yaml --to 1.36.4"), std::string::npos);
  ASSERT_TRUE(record_release(*store_, {.running = "1.36.4", .to = {}, .run = {}}));
  EXPECT_TRUE(check_no_upgrade(cluster_release(store_->snapshot()), "a.yaml"));
}

}  // namespace
}  // namespace slipway
