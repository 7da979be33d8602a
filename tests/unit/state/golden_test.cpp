// Files that a Slipway of each format wrote, kept as they were: every later one reads them. A new format gets a new
// folder; the old ones are never written again. SLIPWAY_ACCEPT=1 writes those of the present format.

#include <cstdlib>
#include <gtest/gtest.h>

#include "base/file.h"
#include "state/export.h"

#include "fixtures.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryFolder;

const std::string golden = SLIPWAY_SOURCE "/tests/unit/state/golden";
const Secret passphrase("golden passphrase");

void write_present_format() {
  const std::string folder = golden + "/format-" + std::to_string(state_format);
  fs::remove_all(folder);
  fs::create_directories(folder);
  {
    const auto store =
        *StateStore::open({.directory = folder + "/state", .cluster = "demo", .key_file = folder + "/key"});
    ASSERT_TRUE(store->set_pool("workers", {.role = "worker", .next_ordinal = 3, .names = {"workers-2"}}).ok());
    ASSERT_TRUE(store->set_address("machine/workers-2", "10.99.0.12").ok());
    ASSERT_TRUE(store->set_secret("ca", Secret("a golden secret")).ok());
    ASSERT_TRUE(store->record_result(testing::step("machine/workers-2", "id-2")).ok());
    ASSERT_TRUE(store->fold().ok());
    ASSERT_TRUE(store->set_fact("later", {{"than", "the snapshot"}}).ok());
    StepRecord intent = testing::step("machine/workers-3");
    intent.mark = "demo/machine/workers-3";
    ASSERT_TRUE(store->record_intent(intent).ok());
    // As after a kill: the journal holds what the snapshot has not.
    fs::copy(folder + "/state", folder + "/killed", fs::copy_options::recursive);
  }
  fs::remove_all(folder + "/state");
  fs::rename(folder + "/killed", folder + "/state");
  fs::remove(folder + "/state/STATE.lock");
  const auto store = *StateStore::open(
      {.directory = folder + "/state", .cluster = "demo", .read_only = true, .key_file = folder + "/key"});
  const std::string file = *seal_export({.state = store->snapshot(),
                                         .key = *read_file(folder + "/key"),
                                         .spec_name = "demo.yaml",
                                         .spec = "name: demo\n",
                                         .files = {},
                                         .created = "2026-11-25T09:00:00Z"},
                                        passphrase, {1, 8192});
  ASSERT_TRUE(write_file_atomically(folder + "/demo.slipway-export", file, 0600).ok());
}

TEST(GoldenState, IsWrittenOnDemand) {
  const char* accept = std::getenv("SLIPWAY_ACCEPT");
  if (!accept || *accept != '1') GTEST_SKIP() << "SLIPWAY_ACCEPT=1 writes it";
  write_present_format();
}

void expect_golden_content(const StateStore& store) {
  const State state = store.snapshot();
  EXPECT_EQ(state.cluster, "demo");
  EXPECT_EQ(state.pools.at("workers").names, std::vector<std::string>{"workers-2"});
  EXPECT_EQ(state.pools.at("workers").next_ordinal, 3);
  EXPECT_EQ(state.addresses.at("machine/workers-2"), "10.99.0.12");
  EXPECT_EQ(text_at(state.facts.at("later"), "than"), "the snapshot");
  const StepRecord& machine = state.steps.at(StepId("machine/workers-2"));
  EXPECT_TRUE(machine.applied);
  EXPECT_EQ(text_at(machine.outputs, "id"), "id-2");
  EXPECT_EQ(machine.needs.size(), 2U);
  EXPECT_TRUE(state.steps.at(StepId("machine/workers-3")).intent_open);
  const Result<Secret> secret = store.secret("ca");
  ASSERT_TRUE(secret.ok()) << describe(secret.error());
  EXPECT_EQ(secret->reveal(), "a golden secret");
}

class EveryFormat : public ::testing::TestWithParam<int> {
 protected:
  std::string folder = golden + "/format-" + std::to_string(GetParam());
  TemporaryFolder work;
};

TEST_P(EveryFormat, IsReadAndTakenUp) {
  fs::copy(folder, work.path, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  const StoreOptions options{.directory = work.path + "/state", .cluster = "demo", .key_file = work.path + "/key"};
  StoreOptions reading = options;
  reading.read_only = true;
  Result<std::unique_ptr<StateStore>> store = StateStore::open(reading);
  ASSERT_TRUE(store.ok()) << describe(store.error());
  expect_golden_content(**store);
  // Once written by this Slipway, it says the same.
  for (int opening = 0; opening < 2; ++opening) {
    store = fail(ErrorKind::internal, "closed");
    store = StateStore::open(options);
    ASSERT_TRUE(store.ok()) << describe(store.error());
    expect_golden_content(**store);
    ASSERT_TRUE((*store)->set_fact("opened", opening).ok());
  }
}

TEST_P(EveryFormat, ItsExportIsImported) {
  const std::string path = folder + "/demo.slipway-export";
  const Result<ExportContent> content = open_export(*read_file(path), passphrase, path);
  ASSERT_TRUE(content.ok()) << describe(content.error());
  const std::string directory = work.path + "/imported", key_file = work.path + "/imported.key";
  ASSERT_EQ(*import_state(*content, {.directory = directory, .key_file = key_file}), Imported::state_and_key);
  expect_golden_content(**StateStore::open({.directory = directory, .cluster = "demo", .key_file = key_file}));
}

std::vector<int> formats() {
  std::vector<int> all(state_format);
  for (int i = 0; i < state_format; ++i) all[static_cast<size_t>(i)] = i + 1;
  return all;
}

INSTANTIATE_TEST_SUITE_P(Golden, EveryFormat, ::testing::ValuesIn(formats()),
                         [](const auto& info) { return "Format" + std::to_string(info.param); });

}  // namespace
}  // namespace slipway
