#include "artifacts/bundle.h"

#include <gtest/gtest.h>

#include "tests/unit/artifacts/site.h"

namespace slipway {
namespace {

using namespace slipway::testing;  // NOLINT: the fixtures.

/// Two programs and an image, all built here; nothing of it comes from a network.
void write_data(const Site& site, const std::string& text = "a") {
  site.write("builds/a.c", c_program(text));
  site.write("versions.yaml",
             "binaries:\n  a: {version: \"1\", c: {source: builds/a.c}}\n"
             "hosts: {all: {a: /usr/bin/a}}\n"
             "images:\n  a: {reference: \"r.example/a:1\", binaries: {/a: a}, roles: [worker]}\n");
}

/// The same pins at a site that can make nothing by itself.
void write_data_of_bare_site(const Site& from, const Site& site) {
  std::filesystem::copy(from.path("data"), site.path("data"),
                        std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
}

class BundleForms : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    write_data(connected);
    store = connected.open();
    bundle = connected.path(GetParam());
    const Result<void> made = store->create_bundle(bundle, {}, quietly, soon());
    ASSERT_TRUE(made.ok()) << describe(made.error());
    write_data_of_bare_site(connected, bare);
  }
  Site connected, bare;
  std::unique_ptr<ArtifactStore> store;
  std::string bundle;
};

TEST_P(BundleForms, FillTheCacheOfAnotherSite) {
  const auto other = bare.open();
  const Result<std::vector<std::string>> names = other->use_bundle(bundle, quietly);
  ASSERT_TRUE(names.ok()) << describe(names.error());
  EXPECT_EQ(*names, (std::vector<std::string>{"binary/a", "images/worker"}));
  for (const std::string& name : *names) {
    ASSERT_TRUE(other->find(name)) << name;
    EXPECT_EQ(other->find(name)->sha256, store->find(name)->sha256);
  }
}

TEST_P(BundleForms, DamageIsFoundAndNothingTakenIn) {
  std::string place = bundle;
  if (std::filesystem::is_directory(bundle)) place += "/blobs/sha256/" + store->find("binary/a")->sha256;
  std::string content = *read_file(place);
  content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 1);
  std::ofstream(place, std::ios::binary) << content;
  const auto other = bare.open();
  const Result<std::vector<std::string>> names = other->use_bundle(bundle, quietly);
  ASSERT_FALSE(names.ok());
  EXPECT_EQ(names.error().kind, ErrorKind::verification) << describe(names.error());
}
INSTANTIATE_TEST_SUITE_P(Forms, BundleForms, ::testing::Values("site.bundle", "site.tar"), [](const auto& row) {
  return std::string(row.param).ends_with(".tar") ? std::string("Tar") : std::string("Folder");
});

TEST(Bundle, SameContentGivesTheSameFile) {
  Site site;
  write_data(site);
  const auto store = site.open();
  ASSERT_TRUE(store->create_bundle(site.path("one.tar"), {}, quietly, soon()).ok());
  ASSERT_TRUE(store->create_bundle(site.path("two.tar"), {}, quietly, soon()).ok());
  EXPECT_EQ(*sha256_file(site.path("one.tar")), *sha256_file(site.path("two.tar")));
}

TEST(Bundle, FolderIsASourceBeforeAllOthers) {
  Site connected, bare;
  write_data(connected);
  ASSERT_TRUE(connected.open()->create_bundle(connected.path("b"), {}, quietly, soon()).ok());
  write_data_of_bare_site(connected, bare);
  ArtifactOptions options = bare.options();
  options.bundles = {connected.path("b")};
  const auto store = bare.open(options);
  const Result<ArtifactFile> images = store->acquire("images/worker", quietly, soon());
  ASSERT_TRUE(images.ok()) << describe(images.error());
  EXPECT_EQ(images->source, "bundle");
  EXPECT_FALSE(store->find("binary/a")) << "only what was asked for is taken";
}

TEST(Bundle, OfOtherPinsIsPassedOver) {
  Site connected, other;
  write_data(connected);
  ASSERT_TRUE(connected.open()->create_bundle(connected.path("b"), {}, quietly, soon()).ok());
  write_data(other, "changed");
  ArtifactOptions options = other.options();
  options.bundles = {connected.path("b")};
  const auto store = other.open(options);
  const Result<ArtifactFile> file = store->acquire("binary/a", quietly, soon());
  ASSERT_TRUE(file.ok()) << describe(file.error());
  EXPECT_EQ(file->source, "built here");
  EXPECT_NE(store->list().at(0).record->passed_over.at(0).find("bundle holds it by other pins"), std::string::npos);
}

TEST(Bundle, DamagedFolderIsPassedOverAndSaid) {
  Site connected;
  write_data(connected);
  const auto store = connected.open();
  ASSERT_TRUE(store->create_bundle(connected.path("b"), {}, quietly, soon()).ok());
  std::ofstream(connected.path("b") + "/blobs/sha256/" + store->find("binary/a")->sha256) << "damaged";
  Site other;
  write_data_of_bare_site(connected, other);
  ArtifactOptions options = other.options();
  options.bundles = {connected.path("b")};
  const auto second = other.open(options);
  const Result<ArtifactFile> file = second->acquire("binary/a", quietly, soon());
  ASSERT_TRUE(file.ok()) << describe(file.error());
  EXPECT_NE(second->list().at(0).record->passed_over.at(0).find("not what its index says"), std::string::npos);
}

TEST(Bundle, HoldsOnlyWhatWasNamed) {
  Site site;
  write_data(site);
  ASSERT_TRUE(site.open()->create_bundle(site.path("b"), {"binary/a"}, quietly, soon()).ok());
  const Value index = Value::parse(*read_file(site.path("b/slipway-bundle.json")));
  EXPECT_EQ(index.at("artifacts").size(), 1u);
  EXPECT_EQ(index.at("architecture"), machine_architecture());
}

TEST(Bundle, WhatIsNoneIsRefused) {
  Site site;
  write_data(site);
  const auto store = site.open();
  std::filesystem::create_directories(site.path("empty"));
  site.write("x.tar", "not a tar");
  EXPECT_EQ(store->use_bundle(site.path("empty"), quietly).error().kind, ErrorKind::not_found);
  EXPECT_EQ(store->use_bundle(site.path("nothing"), quietly).error().kind, ErrorKind::not_found);
  EXPECT_EQ(store->use_bundle(site.path("data/x.tar"), quietly).error().kind, ErrorKind::corrupt);
  site.write("slipway-bundle.json", R"({"format": 2, "artifacts": []})");
  EXPECT_EQ(store->use_bundle(site.path("data"), quietly).error().summary, "bundle of a newer Slipway");
}

TEST(Bundle, IndexThatPointsElsewhereIsRefused) {
  Site site;
  write_data(site);
  const auto store = site.open();
  ASSERT_TRUE(store->create_bundle(site.path("b"), {"binary/a"}, quietly, soon()).ok());
  Value index = Value::parse(*read_file(site.path("b/slipway-bundle.json")));
  index["artifacts"][0]["name"] = "../../escape";
  std::ofstream(site.path("b/slipway-bundle.json")) << index.dump();
  EXPECT_EQ(store->use_bundle(site.path("b"), quietly).error().kind, ErrorKind::corrupt);
}

}  // namespace
}  // namespace slipway
