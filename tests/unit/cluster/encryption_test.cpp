#include "cluster/encryption.h"

#include <filesystem>
#include <gtest/gtest.h>

#include "base/ids.h"

namespace slipway {
namespace {

class EncryptionTest : public ::testing::Test {
 protected:
  void SetUp() override { store_ = open("state"); }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::unique_ptr<StateStore> open(const std::string& name) {
    Result<std::unique_ptr<StateStore>> store =
        StateStore::open({.directory = folder_ + "/" + name, .cluster = "lab", .key_file = folder_ + "/key-" + name});
    EXPECT_TRUE(store) << describe(store.error());
    return std::move(*store);
  }
  Encryption now() {
    Result<Encryption> found = load_or_make_encryption(*store_, true);
    EXPECT_TRUE(found) << describe(found.error());
    return *found;
  }
  /// The providers' keys in their order, as an API server reads them.
  static std::vector<std::string> order_in(const Encryption& encryption) {
    const std::string& text = encryption.configuration.reveal();
    const Value document = Value::parse(text.substr(text.find('\n')));
    std::vector<std::string> order;
    for (const Value& provider : document["resources"][0]["providers"])
      order.push_back(provider.contains("identity") ? "identity"
                                                    : provider["secretbox"]["keys"][0]["name"].get<std::string>());
    return order;
  }
  void live() { ASSERT_TRUE(store_->set_fact("initialised", {{"ca_hash", "sha256:1"}})); }
  void advance() { ASSERT_TRUE(advance_key_change(*store_)); }

  std::string folder_ = std::filesystem::temp_directory_path() / ("slipway-encryption-" + random_hex(6));
  std::unique_ptr<StateStore> store_;
};

using Names = std::vector<std::string>;

TEST_F(EncryptionTest, ANewClusterBeginsWithOneKeyAndNothingPlain) {
  const Encryption made = now();
  EXPECT_EQ(made.stage, EncryptionStage::settled);
  EXPECT_EQ(order_in(made), Names{made.key});
  EXPECT_EQ(now().configuration, made.configuration) << "kept, not made again";
}

TEST_F(EncryptionTest, APlanKeepsNothing) {
  ASSERT_TRUE(load_or_make_encryption(*store_, false));
  EXPECT_FALSE(store_->snapshot().facts.contains("encryption"));
  EXPECT_TRUE(store_->snapshot().sealed.empty());
}

TEST_F(EncryptionTest, AClusterThatLivesWithoutKeysReadsThePlainOnesUntilAllAreWritten) {
  live();
  const Encryption readable = now();
  EXPECT_EQ(order_in(readable), (Names{"identity", readable.key}));
  advance();
  EXPECT_EQ(order_in(now()), (Names{readable.key, "identity"}));
  EXPECT_TRUE(key_change_under_way(store_->snapshot()));
  advance();
  EXPECT_EQ(order_in(now()), Names{readable.key});
  EXPECT_FALSE(key_change_under_way(store_->snapshot()));
}

TEST_F(EncryptionTest, AChangeNeverWritesWhatAnApiServerOfTheStageBeforeCannotRead) {
  std::vector<Names> stages = {order_in(now())};
  ASSERT_TRUE(begin_key_change(*store_));
  stages.push_back(order_in(now()));
  advance();
  stages.push_back(order_in(now()));
  advance();
  stages.push_back(order_in(now()));
  ASSERT_EQ(stages.back().size(), 1U);
  for (size_t i = 1; i < stages.size(); ++i) {
    const std::string& written_before = stages[i - 1].front();
    const std::string& written_now = stages[i].front();
    EXPECT_NE(std::find(stages[i - 1].begin(), stages[i - 1].end(), written_now), stages[i - 1].end()) << i;
    EXPECT_NE(std::find(stages[i].begin(), stages[i].end(), written_before), stages[i].end()) << i;
  }
}

TEST_F(EncryptionTest, AFormerKeyStaysSealedForOldBackups) {
  const std::string former = now().key;
  ASSERT_TRUE(begin_key_change(*store_));
  advance();
  advance();
  const Encryption after = now();
  EXPECT_NE(after.key, former);
  EXPECT_EQ(after.known, (Names{former, after.key}));
  EXPECT_TRUE(store_->secret("encryption/" + former));
}

TEST_F(EncryptionTest, ABackupFromBeforeAChangeIsReadUnderItsKeyAndWrittenUnderThePresentOne) {
  const Encryption before = now();
  ASSERT_TRUE(begin_key_change(*store_));
  advance();
  advance();
  const Encryption after = now();
  for (int again = 0; again < 2; ++again) {
    const Result<bool> returned = begin_key_return(*store_, before.configuration);
    ASSERT_TRUE(returned) << describe(returned.error());
    EXPECT_TRUE(*returned);
    EXPECT_EQ(now().stage, EncryptionStage::readable);
    EXPECT_EQ(order_in(now()), (Names{before.key, after.key}));
  }
  advance();
  EXPECT_EQ(order_in(now()), (Names{after.key, before.key}));
  advance();
  EXPECT_EQ(now().configuration, after.configuration);
  EXPECT_EQ(now().known, (Names{before.key, after.key}));
}

TEST_F(EncryptionTest, ABackupUnderThePresentKeyChangesNothing) {
  const Encryption present = now();
  const Result<bool> returned = begin_key_return(*store_, present.configuration);
  ASSERT_TRUE(returned) << describe(returned.error());
  EXPECT_FALSE(*returned);
  EXPECT_EQ(now().configuration, present.configuration);
}

TEST_F(EncryptionTest, ABackupBringsAKeyThatTheStateNeverHad) {
  const std::unique_ptr<StateStore> other = open("other");
  const Result<Encryption> foreign = load_or_make_encryption(*other, true);
  ASSERT_TRUE(foreign);
  const std::string present = now().key;
  ASSERT_TRUE(begin_key_return(*store_, foreign->configuration));
  EXPECT_EQ(order_in(now()), (Names{foreign->key, present}));
}

TEST_F(EncryptionTest, ABackupFromBeforeThereWereKeysIsPlain) {
  const std::string present = now().key;
  ASSERT_TRUE(begin_key_return(*store_, Secret()));
  EXPECT_EQ(order_in(now()), (Names{"identity", present}));
  advance();
  advance();
  EXPECT_EQ(now().known, Names{present});
}

TEST_F(EncryptionTest, ABackupOutOfTheMiddleOfAFormerChangeNeedsTheKeyThatWroteIt) {
  const std::string first = now().key;
  ASSERT_TRUE(begin_key_change(*store_));
  const Encryption readable = now();
  advance();
  const Encryption written = now();
  advance();
  ASSERT_TRUE(begin_key_return(*store_, written.configuration));
  EXPECT_EQ(order_in(now()), (Names{first, written.key})) << "one of the two is the present one";
  advance();
  advance();
  ASSERT_TRUE(begin_key_change(*store_));
  advance();
  advance();
  const Result<bool> both_gone = begin_key_return(*store_, written.configuration);
  ASSERT_FALSE(both_gone);
  EXPECT_EQ(both_gone.error().kind, ErrorKind::world_changed);
  EXPECT_FALSE(key_change_under_way(store_->snapshot()));
  ASSERT_TRUE(begin_key_return(*store_, readable.configuration)) << "all of it is under the first";
  EXPECT_EQ(order_in(now()).front(), first);
}

TEST_F(EncryptionTest, ALostStateTakesTheKeysFromAControlPlaneAtEveryStage) {
  now();
  ASSERT_TRUE(begin_key_change(*store_));
  for (int stage = 0; stage < 3; ++stage) {
    const Encryption before = now();
    const std::unique_ptr<StateStore> fresh = open("fresh-" + std::to_string(stage));
    const Result<void> recovered = recover_encryption(*fresh, before.configuration.reveal());
    ASSERT_TRUE(recovered) << describe(recovered.error());
    const Result<Encryption> after = load_or_make_encryption(*fresh, true);
    ASSERT_TRUE(after) << describe(after.error());
    EXPECT_EQ(after->configuration, before.configuration);
    EXPECT_EQ(after->stage, before.stage);
    EXPECT_EQ(after->key, before.key);
    if (stage < 2) advance();
  }
}

TEST_F(EncryptionTest, SomebodyElsesConfigurationIsNotTakenOver) {
  for (const char* text : {"", "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n",
                           "# Slipway keeps this file. The change of its key is: settled\n{\"resources\": [{}]}\n"}) {
    const Result<void> recovered = recover_encryption(*store_, text);
    ASSERT_FALSE(recovered) << text;
    EXPECT_EQ(recovered.error().kind, ErrorKind::corrupt);
  }
  EXPECT_FALSE(store_->snapshot().facts.contains("encryption"));
}

TEST_F(EncryptionTest, NoLineOfTheFileIsAnOrdinaryOne) {
  now();
  // What a plan or a log says must not be struck out for looking like a part of the secret.
  for (const char* text : {"kind: EncryptionConfiguration", "resources:", "identity: {}", "settled"})
    EXPECT_EQ(redact(text), text);
}

}  // namespace
}  // namespace slipway
