#include "state/export.h"

#include <fstream>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/text.h"

#include "fixtures.h"

namespace slipway {
namespace {

using testing::content_of;
using testing::TemporaryFolder;

// The smallest cost that libsodium takes: these tests are about the format.
const PassphraseCost cheap{1, 8192};
const Secret passphrase("four words nobody guesses");

struct Machine {
  TemporaryFolder folder;
  std::string directory = folder.path + "/state", key_file = folder.path + "/config/keys/k.key";

  std::unique_ptr<StateStore> open(bool read_only = false) const {
    Result<std::unique_ptr<StateStore>> store =
        StateStore::open({.directory = directory, .cluster = "demo", .read_only = read_only, .key_file = key_file});
    EXPECT_TRUE(store.ok()) << (store ? "" : describe(store.error()));
    return store ? *std::move(store) : nullptr;
  }
  ExportContent content() const {
    return {.state = open(true)->snapshot(),
            .key = *read_file(key_file),
            .spec_name = "demo.yaml",
            .spec = std::string("name: demo\n\xff\0", 13),
            .files = {{"/home/u/.ssh/id", "PEM"}},
            .created = "2026-11-21T09:30:00Z"};
  }
  Result<Imported> import(const ExportContent& content) const {
    return import_state(content, {.directory = directory, .key_file = key_file});
  }
};

void fill(StateStore& store) {
  ASSERT_TRUE(store.set_secret("ca", Secret("the authority's key")).ok());
  ASSERT_TRUE(store.record_result(testing::step("machine/workers-1", "id-1")).ok());
}

TEST(Export, ComesBackWholeOnASecondMachine) {
  const Machine first, second;
  fill(*first.open());
  const ExportContent content = first.content();
  const Result<std::string> file = seal_export(content, passphrase, cheap);
  ASSERT_TRUE(file.ok());
  const Result<ExportContent> opened = open_export(*file, passphrase, "demo.export");
  ASSERT_TRUE(opened.ok()) << describe(opened.error());
  EXPECT_EQ(opened->spec, content.spec);
  EXPECT_EQ(opened->files, content.files);
  EXPECT_EQ(opened->created, content.created);
  ASSERT_EQ(*second.import(*opened), Imported::state_and_key);
  const auto store = second.open();
  EXPECT_EQ(content_of(store->snapshot()), content_of(content.state));
  EXPECT_EQ(store->secret("ca")->reveal(), "the authority's key");
}

TEST(Export, ShowsNoSecretAndItsLabelWithoutThePassphrase) {
  const Machine machine;
  fill(*machine.open());
  const ExportContent content = machine.content();
  const std::string file = *seal_export(content, passphrase, cheap);
  for (const std::string& hidden : {std::string("authority"), std::string(trim(content.key)), std::string("PEM"),
                                    std::string("machine/workers-1"), passphrase.reveal()})
    EXPECT_EQ(file.find(hidden), std::string::npos) << hidden;
  const Result<ExportLabel> label = read_export_label(file, "x");
  ASSERT_TRUE(label.ok());
  EXPECT_EQ(label->cluster, "demo");
  EXPECT_EQ(label->serial, content.state.serial);
}

TEST(Export, SpansManyChunks) {
  const Machine machine;
  fill(*machine.open());
  for (const size_t size : {0UL, 48000UL, 49152UL, 300000UL}) {
    ExportContent content = machine.content();
    content.spec = std::string(size, 'x');
    const Result<ExportContent> opened = open_export(*seal_export(content, passphrase, cheap), passphrase, "x");
    ASSERT_TRUE(opened.ok()) << size << ": " << describe(opened.error());
    EXPECT_EQ(opened->spec, content.spec);
  }
}

TEST(Export, AnyChangedCutOrAddedByteIsRefused) {
  const Machine machine;
  fill(*machine.open());
  ExportContent content = machine.content();
  content.spec = std::string(100000, 'x');
  const std::string file = *seal_export(content, passphrase, cheap);
  // Each try costs a key derivation; a stride that is no power of two meets every part of the file.
  for (size_t at = 0; at < file.size(); at += at < 400 ? 7 : 4999) {
    std::string changed = file;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(open_export(changed, passphrase, "x").ok()) << "byte " << at;
    EXPECT_FALSE(open_export(std::string_view(file).substr(0, at), passphrase, "x").ok()) << "cut at " << at;
  }
  EXPECT_FALSE(open_export(file + "x", passphrase, "x").ok());
}

TEST(Export, AWrongPassphraseIsSaid) {
  const Machine machine;
  fill(*machine.open());
  const Result<ExportContent> opened =
      open_export(*seal_export(machine.content(), passphrase, cheap), Secret("another passphrase"), "demo.export");
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().kind, ErrorKind::unauthorised);
  EXPECT_EQ(opened.error().where, "demo.export");
}

TEST(Export, ACostFromSomebodyElseDoesNotTakeAllMemory) {
  const Machine machine;
  fill(*machine.open());
  std::string file = *seal_export(machine.content(), passphrase, cheap);
  const size_t at = file.find("\"memory\":8192");
  file.replace(at, 13, "\"memory\":99999999999");
  const Result<ExportContent> opened = open_export(file, passphrase, "x");
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().kind, ErrorKind::corrupt);
}

TEST(Export, OfANewerSlipwayIsRefused) {
  const Result<ExportLabel> label = read_export_label("slipway-export 2\n{}\n", "x");
  ASSERT_FALSE(label.ok());
  EXPECT_EQ(label.error().kind, ErrorKind::bad_input);
}

TEST(Import, OverANewerStatePutsOnlyTheLostKeyBack) {
  const Machine machine;
  fill(*machine.open());
  const ExportContent content = machine.content();
  ASSERT_TRUE(machine.open()->set_fact("later", true).ok());
  std::filesystem::remove(machine.key_file);
  ASSERT_EQ(machine.open()->secret("ca").error().kind, ErrorKind::unauthorised);
  ASSERT_EQ(*machine.import(content), Imported::key_only);
  EXPECT_TRUE(machine.open()->snapshot().facts.contains("later"));
  EXPECT_EQ(machine.open()->secret("ca")->reveal(), "the authority's key");
}

TEST(Import, NeverReplacesTheKeyOfANewerState) {
  const Machine machine;
  fill(*machine.open());
  const ExportContent content = machine.content();
  ASSERT_TRUE(machine.open()->rekey({}).ok());
  const Result<Imported> done = machine.import(content);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(machine.open()->secret("ca")->reveal(), "the authority's key");
}

TEST(Import, OverAnOlderStateOfTheSameLineageTakesItsPlace) {
  const Machine machine, second;
  fill(*machine.open());
  ASSERT_TRUE(second.import(machine.content()).ok());
  ASSERT_TRUE(machine.open()->set_fact("later", true).ok());
  ASSERT_EQ(*second.import(machine.content()), Imported::state_and_key);
  EXPECT_TRUE(second.open()->snapshot().facts.contains("later"));
}

TEST(Import, OverAnotherStateIsRefusedAndChangesNothing) {
  const Machine machine, other;
  fill(*machine.open());
  fill(*other.open());
  const std::string before = content_of(other.open()->snapshot()), key = *read_file(other.key_file);
  const Result<Imported> done = other.import(machine.content());
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(content_of(other.open()->snapshot()), before);
  EXPECT_EQ(*read_file(other.key_file), key);
}

}  // namespace
}  // namespace slipway
