// Two environments from one spec.

#include <filesystem>
#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/ids.h"
#include "spec/spec.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;

class Overlay : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("slipway-overlay-" + random_hex(4));
    fs::create_directory(folder_);
    write("base.yaml", base_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    const std::string path = (folder_ / name).string();
    EXPECT_TRUE(write_file_atomically(path, text));
    return path;
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  /// What is said of an overlay with this text.
  std::string refusal(const std::string& text) {
    const Result<Spec> spec = load_spec(write("prod.yaml", text));
    return spec ? "none" : describe(spec.error());
  }

  const std::string base_ = R"(name: shop-dev
provider: local
network: {endpoint: 10.99.0.10, load_balancers: 10.99.0.200-10.99.0.219}
pools:
  control: {role: control-plane, count: 1}
  workers: {role: worker, count: 1, labels: {tier: app}, taints: [{key: a, value: b, effect: NoSchedule}]}
  extra: {role: worker, count: 1}
addons:
  metallb: {enabled: true}
)";
  fs::path folder_;
};

TEST_F(Overlay, MapsAreMergedKeyByKeyAndTheRestReplaced) {
  const Result<Spec> spec = load_spec(write("prod.yaml", R"(extends: base.yaml
name: shop
pools:
  control: {count: 3}
  workers: {count: 4, labels: {zone: north}, taints: []}
  extra:
  spare: {role: worker, count: 2}
)"));
  ASSERT_TRUE(spec) << describe(spec.error());
  EXPECT_EQ(spec->name, "shop");
  EXPECT_EQ(spec->path, path("prod.yaml"));
  ASSERT_EQ(spec->pools.size(), 3u);
  EXPECT_EQ(spec->pools[0].count, 3);
  EXPECT_EQ(spec->pools[0].role, Role::control_plane);
  EXPECT_EQ(spec->pools[1].labels, (std::map<std::string, std::string>{{"tier", "app"}, {"zone", "north"}}));
  EXPECT_TRUE(spec->pools[1].taints.empty());
  EXPECT_EQ(spec->pools[2].name, "spare");
  EXPECT_TRUE(spec->addons.contains("metallb"));
}

TEST_F(Overlay, AChangeOfEitherFileIsAChangeOfTheSpec) {
  const std::string prod = write("prod.yaml", "extends: base.yaml\nname: shop\n");
  const std::string before = load_spec(prod)->digest;
  EXPECT_EQ(load_spec(path("base.yaml"))->digest, sha256(base_));
  write("base.yaml", base_ + "# a remark\n");
  EXPECT_NE(load_spec(prod)->digest, before);
}

TEST_F(Overlay, AFaultNamesTheFileInWhichItStands) {
  const std::string mine = refusal("extends: base.yaml\nname: shop\npools:\n  workers: {count: many}\n");
  EXPECT_NE(mine.find(path("prod.yaml") + ":4:20"), std::string::npos) << mine;
  write("base.yaml", base_ + "network_polices: true\n");
  const std::string bases = refusal("extends: base.yaml\nname: shop\n");
  EXPECT_NE(bases.find(path("base.yaml") + ":10:1"), std::string::npos) << bases;
  // Both files' faults in one answer, and what they have together is told where it was written last.
  const std::string both = refusal("extends: base.yaml\nname: shop\npools:\n  control: {count: 2}\n");
  EXPECT_NE(both.find(path("base.yaml") + ":10:1: unknown key"), std::string::npos) << both;
  EXPECT_NE(both.find(path("prod.yaml") + ":4:"), std::string::npos) << both;
}

TEST_F(Overlay, ABaseThatCannotBeReadIsAFaultOfTheKey) {
  const std::string absent = refusal("name: shop\nextends: bass.yaml\n");
  EXPECT_NE(absent.find("no such base"), std::string::npos) << absent;
  EXPECT_NE(absent.find(path("prod.yaml") + ":2:10"), std::string::npos) << absent;
  write("base.yaml", "name: [\n");
  const std::string broken = refusal("extends: base.yaml\n");
  EXPECT_NE(broken.find(path("base.yaml") + ":"), std::string::npos) << broken;
  write("base.yaml", "extends: other.yaml\n");
  const std::string twice = refusal("extends: base.yaml\n");
  EXPECT_NE(twice.find("a base that extends another file"), std::string::npos) << twice;
  EXPECT_NE(refusal("extends: /dev/zero\n").find("no such base"), std::string::npos);
  EXPECT_NE(refusal("extends: [base.yaml]\n").find("bad value for extends"), std::string::npos);
}

TEST_F(Overlay, GrowingAPoolNeverChangesTheSharedBase) {
  const Result<std::string> own = with_pool_count("extends: base.yaml\npools: {workers: {count: 4}}\n", "workers", 5);
  ASSERT_TRUE(own);
  EXPECT_EQ(*own, "extends: base.yaml\npools: {workers: {count: 5}}\n");
  const Result<std::string> shared = with_pool_count("extends: base.yaml\n", "workers", 5);
  ASSERT_FALSE(shared);
  EXPECT_EQ(shared.error().kind, ErrorKind::bad_input);
  EXPECT_NE(describe(shared.error()).find("pools: {workers: {count: N}}"), std::string::npos);
}

}  // namespace
}  // namespace slipway
