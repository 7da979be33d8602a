#include "cluster/recover_platform.h"

#include <filesystem>
#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/file.h"
#include "cluster/platform.h"
#include "cluster/volumes.h"
#include "providers/existing/existing_provider.h"

namespace slipway {
namespace {

TEST(ValueAtMark, IsReadOutOfASecretsData) {
  const Value wanted = {{"kind", "Secret"}, {"stringData", {{"password", "MARK"}, {"user", "postgres"}}}};
  const Value live = {{"kind", "Secret"},
                      {"data", {{"user", base64_encode("postgres")}, {"password", base64_encode("s3cret words")}}}};
  EXPECT_EQ(value_at_mark(wanted, live, "MARK"), "s3cret words");
}

TEST(ValueAtMark, IsReadOutOfALongerTextWhereItsSurroundingsFit) {
  const Value wanted = {{"url", "postgres://app:MARK@db/app"}};
  EXPECT_EQ(value_at_mark(wanted, {{"url", "postgres://app:pw1@db/app"}}, "MARK"), "pw1");
  EXPECT_EQ(value_at_mark(wanted, {{"url", "postgres://other:pw1@db/app"}}, "MARK"), std::nullopt);
  EXPECT_EQ(value_at_mark(wanted, {{"url", "@db/app"}}, "MARK"), std::nullopt);
  EXPECT_EQ(value_at_mark({{"twice", "MARK and MARK"}}, {{"twice", "a and a"}}, "MARK"), std::nullopt);
}

TEST(ValueAtMark, IsNothingWhereTheLiveObjectHasAnotherShape) {
  const Value wanted = {{"list", {{{"a", "MARK"}}}}};
  for (const Value& live : {Value(), Value::array(), Value{{"list", "text"}}, Value{{"list", Value::array()}},
                            Value{{"list", {{{"b", "x"}}}}}, Value{{"list", {{{"a", 5}}}}}})
    EXPECT_EQ(value_at_mark(wanted, live, "MARK"), std::nullopt) << live;
}

/// Objects that a cluster holds; nothing may be changed by whoever only reads.
class HeldObjects final : public ClusterReader {
 public:
  std::map<ObjectKey, Value> objects;
  bool down = false;
  Result<std::string> probe(const std::string&, Deadline) override { return std::string("ok"); }
  Result<Value> get(const ObjectKey& key, Deadline) override {
    if (down) return fail(ErrorKind::unavailable, "the API does not answer");
    const auto found = objects.find(key);
    if (found == objects.end()) return fail(ErrorKind::not_found, "no such object");
    return found->second;
  }
  Result<std::vector<Value>> list(const ObjectKey&, const std::string&, Deadline) override {
    return std::vector<Value>{};
  }
  Result<Value> preview(const Value& object, Deadline) override { return object; }
};

class PlatformInTheCluster : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder + "/keeper");
    ASSERT_TRUE(write_file_atomically(folder + "/keeper/addon.yaml",
                                      "name: keeper\n"
                                      "secrets: {password: {length: 20}}\n"
                                      "facts: {leader: {first: \"0\"}}\n"
                                      "volumes:\n"
                                      "- {name: data, size: 1Gi, claim: keeper/data, owner: \"0:0\", mode: \"0700\"}\n")
                    .ok());
    ASSERT_TRUE(
        write_file_atomically(folder + "/keeper/keeper.yaml",
                              "apiVersion: v1\nkind: Secret\nmetadata: {name: login, namespace: keeper}\n"
                              "stringData: {password: \"${secrets.password}\"}\n"
                              "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: role, namespace: keeper}\n"
                              "data: {leader: \"keeper-${facts.leader}\"}\n")
            .ok());
    const Result<Spec> parsed = parse_spec(folder + "/demo.yaml", R"(name: demo
provider: local
local: {subnet: 10.99.61.0/24}
network: {pods: 10.244.0.0/16, services: 10.96.0.0/16, endpoint: 10.99.61.10}
pools:
  control: {role: control-plane, count: 1, size: {cpus: 2, memory: 2GiB, disk: 20GiB}}
  workers: {role: worker, count: 2, size: {cpus: 1, memory: 1GiB, disk: 20GiB}}
addons:
  keeper: {enabled: true, path: keeper}
)");
    ASSERT_TRUE(parsed.ok()) << describe(parsed.error());
    spec = *parsed;
    store = *StateStore::open({.directory = folder + "/state", .cluster = "demo", .key_file = folder + "/key"});
    membership = *settle_members(spec, store->snapshot());
    identity = *load_or_make_identity(*store, spec, {}, true);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  Result<void> recover() {
    return recover_platform(*store, spec, membership, identity, **make_existing_provider(spec), cluster,
                            SLIPWAY_SOURCE);
  }

  std::string folder = (std::filesystem::temp_directory_path() / ("slipway-platform-" + random_hex(6))).string();
  Spec spec;
  std::unique_ptr<StateStore> store;
  Membership membership;
  Identity identity;
  HeldObjects cluster;
};

TEST_F(PlatformInTheCluster, GivesBackSecretsFactsAndTheMachinesOfVolumes) {
  cluster.objects[{"v1", "Secret", "keeper", "login"}] = {
      {"apiVersion", "v1"}, {"kind", "Secret"}, {"data", {{"password", base64_encode("the old password")}}}};
  cluster.objects[{"v1", "ConfigMap", "keeper", "role"}] = {
      {"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"data", {{"leader", "keeper-1"}}}};
  VolumeWish wish;
  wish.name = "data";
  AddOn add_on;
  add_on.name = "keeper";
  cluster.objects[{"v1", "PersistentVolume", "", "keeper-data"}] =
      volume_object(add_on, wish, MachineName("workers-2"));
  const Result<void> done = recover();
  ASSERT_TRUE(done.ok()) << describe(done.error());
  EXPECT_EQ(store->secret("addon/keeper/password")->reveal(), "the old password");
  EXPECT_EQ(store->snapshot().facts.at("volume/keeper/data"), "workers-2");
  EXPECT_EQ(store->snapshot().facts.at("addon/keeper/leader"), "1");
}

TEST_F(PlatformInTheCluster, WhatIsNotThereIsLeftToBeMadeAnew) {
  ASSERT_TRUE(recover().ok());
  EXPECT_EQ(store->secret("addon/keeper/password").error().kind, ErrorKind::not_found);
  EXPECT_FALSE(store->snapshot().facts.contains("volume/keeper/data"));
}

TEST_F(PlatformInTheCluster, AnApiThatDoesNotAnswerIsNoEmptyCluster) {
  cluster.down = true;
  EXPECT_EQ(recover().error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace slipway
