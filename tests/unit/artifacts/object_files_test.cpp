#include "artifacts/object_files.h"

#include <filesystem>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/ids.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;

class ObjectFilesOfAModule : public ::testing::Test {
 protected:
  ObjectFilesOfAModule() : folder(fs::temp_directory_path() / ("slipway-module-" + random_hex(6))) {
    fs::create_directories(folder / "crd");
    write("crd/b.yaml",
          "kind: CustomResourceDefinition\nmetadata: {name: b}\nspec: {conversion: {caBundle: x, name: y}}\n");
    write("crd/a.yaml",
          "kind: CustomResourceDefinition\nmetadata: {name: a}\n---\n---\nkind: Deployment\nmetadata: {name: d}\n");
  }
  ~ObjectFilesOfAModule() override { fs::remove_all(folder); }
  void write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(write_file_atomically((folder / name).string(), text).ok());
  }
  const fs::path folder;
};

ObjectFiles of(std::vector<std::string> files, std::vector<std::string> kinds = {},
               std::vector<std::string> without = {}) {
  return {.name = "lab",
          .module = "lab",
          .of = "example.org/lab",
          .files = std::move(files),
          .kinds = std::move(kinds),
          .without = std::move(without)};
}

TEST_F(ObjectFilesOfAModule, AreOneListByFileName) {
  const Result<Value> list = objects_of_module(of({"crd/*.yaml"}), folder.string());
  ASSERT_TRUE(list.ok()) << describe(list.error());
  ASSERT_EQ((*list)["items"].size(), 3u);
  EXPECT_EQ((*list)["items"][0]["metadata"]["name"], "a");
  EXPECT_EQ((*list)["items"][1]["kind"], "Deployment");
}

TEST_F(ObjectFilesOfAModule, CanBeChosenByKindAndLackFields) {
  const Result<Value> list = objects_of_module(
      of({"crd/*.yaml"}, {"CustomResourceDefinition"}, {"/spec/conversion/caBundle"}), folder.string());
  ASSERT_TRUE(list.ok());
  ASSERT_EQ((*list)["items"].size(), 2u);
  EXPECT_EQ((*list)["items"][1]["spec"]["conversion"], (Value{{"name", "y"}}));
}

TEST_F(ObjectFilesOfAModule, ThatAreNotThereAreAnError) {
  EXPECT_EQ(objects_of_module(of({"crd/*.json"}), folder.string()).error().kind, ErrorKind::not_found);
  EXPECT_EQ(objects_of_module(of({"none/*"}), folder.string()).error().kind, ErrorKind::not_found);
  EXPECT_EQ(objects_of_module(of({"crd/*.yaml"}, {"Job"}), folder.string()).error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace slipway
