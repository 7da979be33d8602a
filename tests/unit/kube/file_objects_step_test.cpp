#include "kube/file_objects_step.h"

#include <filesystem>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/ids.h"

#include "kube_ports.h"

namespace slipway::testing {
namespace {

class FileObjects : public ::testing::Test {
 protected:
  FileObjects() : client(api.client()) {
    EXPECT_TRUE(write_file_atomically(path, R"({"apiVersion": "v1", "kind": "List", "items": [
      {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "lab"}},
      {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "lab"}, "data": {"a": "1"}}]})")
                    .ok());
    inputs.set("path", path);
  }
  ~FileObjects() override { std::filesystem::remove(path); }

  FileObjectsStep step(std::vector<ObjectKey> recorded = {}) {
    return FileObjectsStep(
        {.owner = {"demo", StepId("addon/lab/crds")}, .objects = {}, .recorded = std::move(recorded)});
  }
  Diff plan(const FileObjectsStep& step) {
    KubePorts ports(*client);
    Result<Observation> seen = step.observe(ports.reader, inputs);
    EXPECT_TRUE(seen.ok()) << describe(seen.error());
    return seen ? step.diff(*seen, inputs) : Diff{};
  }
  std::vector<ObjectKey> settle(const FileObjectsStep& step, const Diff& diff) {
    KubePorts ports(*client);
    Result<Outputs> outputs = step.apply(ports.writer, diff, inputs, recorder);
    EXPECT_TRUE(outputs.ok()) << describe(outputs.error());
    return outputs ? recorded_inventory(Value(*outputs)) : std::vector<ObjectKey>();
  }

  const std::string path = (std::filesystem::temp_directory_path() / ("slipway-objects-" + random_hex(6))).string();
  FakeApi api;
  std::unique_ptr<KubeClient> client;
  RecordingRecorder recorder;
  Inputs inputs;
};

TEST_F(FileObjects, AreKeptAsThoseOfAManifest) {
  const FileObjectsStep first = step();
  const Diff diff = plan(first);
  EXPECT_EQ(diff.action, Action::create);
  EXPECT_EQ(diff.fields.size(), 2u);
  const std::vector<ObjectKey> inventory = settle(first, diff);
  EXPECT_EQ(inventory.size(), 2u);
  EXPECT_EQ(plan(step(inventory)).action, Action::none);
}

TEST_F(FileObjects, APlanMadeBeforeTheFileWasThereApprovesWhatItHolds) {
  const FileObjectsStep first = step();
  EXPECT_EQ(settle(first, first.forecast(inputs)).size(), 2u);
}

TEST_F(FileObjects, WithoutTheFileWhatIsMissingIsFoundByTheInventory) {
  const FileObjectsStep first = step();
  const std::vector<ObjectKey> inventory = settle(first, plan(first));
  std::filesystem::remove(path);
  EXPECT_EQ(plan(step(inventory)).action, Action::none);
  ASSERT_TRUE(client->remove({"v1", "ConfigMap", "lab", "settings"}, Deadline::in(Seconds(5))).ok());
  const FileObjectsStep again = step(inventory);
  const Diff diff = plan(again);
  EXPECT_EQ(diff.action, Action::update);
  ASSERT_EQ(diff.fields.size(), 1u);
  EXPECT_EQ(diff.fields[0].field, "ConfigMap/lab/settings");
  EXPECT_TRUE(again.needs_input("path", diff));
  EXPECT_FALSE(again.needs_input("path", Diff{}));
}

}  // namespace
}  // namespace slipway::testing
