#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "state/passphrase.h"
#include "state/sealing.h"

#include "faulty_files.h"
#include "fixtures.h"

namespace slipway {
namespace {

using testing::TemporaryFolder;

class Rekey : public ::testing::Test {
 protected:
  std::unique_ptr<StateStore> open(AskPassphrase ask = {}) const {
    Result<std::unique_ptr<StateStore>> store = StateStore::open(
        {.directory = directory, .cluster = "demo", .key_file = key_file, .passphrase = std::move(ask)});
    EXPECT_TRUE(store.ok()) << (store ? "" : describe(store.error()));
    return store ? *std::move(store) : nullptr;
  }
  void SetUp() override {
    const auto store = open();
    for (int i = 0; i < 20; ++i)
      ASSERT_TRUE(store->set_secret("s" + std::to_string(i), Secret("value number " + std::to_string(i))).ok());
  }
  void expect_all(const StateStore& store) const {
    for (int i = 0; i < 20; ++i) {
      const Result<Secret> secret = store.secret("s" + std::to_string(i));
      ASSERT_TRUE(secret.ok()) << i << ": " << describe(secret.error());
      EXPECT_EQ(secret->reveal(), "value number " + std::to_string(i));
    }
  }

  TemporaryFolder folder;
  std::string directory = folder.path + "/state", key_file = folder.path + "/k.key";
};

AskPassphrase answering(const std::string& text) {
  return [text](const std::string&) -> Result<Secret> { return Secret(text); };
}

TEST_F(Rekey, EverySecretOpensAndTheOldKeyOpensNothingThatIsLeft) {
  const std::string old_key = *read_file(key_file);
  ASSERT_TRUE(open()->rekey({}).ok());
  EXPECT_NE(*read_file(key_file), old_key);
  expect_all(*open());
  const std::string old_file = folder.path + "/old.key";
  ASSERT_TRUE(write_file_atomically(old_file, old_key, 0600).ok());
  const auto files = real_files();
  const Result<Sealer> old = Sealer::open(*files, old_file);
  ASSERT_TRUE(old.ok());
  size_t looked = 0;
  for (const char* name : {"STATE.json", "STATE.json.1"}) {
    const Result<Snapshot> kept = read_snapshot(*read_file(directory + "/" + name), name);
    ASSERT_TRUE(kept.ok());
    for (const auto& [secret, sealed] : kept->state.sealed) {
      ++looked;
      EXPECT_FALSE(old->unseal(secret, sealed).ok()) << name << " " << secret;
    }
  }
  EXPECT_EQ(looked, 40U);
  for (const char* name : {"STATE.journal", "STATE.journal.1"})
    EXPECT_EQ(read_file(directory + "/" + name)->find("\"secret\""), std::string::npos) << name;
}

TEST_F(Rekey, WithAPassphraseTheKeyFileHoldsNoKey) {
  ASSERT_TRUE(open()->rekey(Secret("four words nobody guesses")).ok());
  const std::string text = *read_file(key_file);
  EXPECT_TRUE(key_is_protected(text));
  struct stat status {};
  ASSERT_EQ(::stat(key_file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  expect_all(*open(answering("four words nobody guesses")));

  const Result<Secret> wrong = open(answering("four words too many"))->secret("s1");
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().kind, ErrorKind::unauthorised);
  EXPECT_NE(wrong.error().summary.find("passphrase"), std::string::npos);
  EXPECT_EQ(open()->secret("s1").error().kind, ErrorKind::unauthorised) << "nobody to ask";

  ASSERT_TRUE(open(answering("four words nobody guesses"))->rekey({}).ok());
  EXPECT_FALSE(key_is_protected(*read_file(key_file)));
  expect_all(*open());
}

TEST_F(Rekey, KilledAtAnyMomentLosesNoSecretAndTheNextOneEnds) {
  for (int round = 0; round < 40; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      (void)open()->rekey({});
      ::_exit(0);
    }
    ::usleep(static_cast<useconds_t>(round * 700));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    expect_all(*open());
  }
  ASSERT_TRUE(open()->rekey({}).ok());
  const std::string text = *read_file(key_file);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << "one key is left";
  expect_all(*open());
}

TEST(RekeyPowerCut, AtEveryCallLosesNoSecret) {
  const StoreOptions options{.directory = "state", .cluster = "demo", .key_file = "keys/k.key"};
  const auto value = [](int i) { return "value number " + std::to_string(i); };
  const auto fill = [&](const std::shared_ptr<testing::FaultyFiles>& files) {
    Result<std::unique_ptr<StateStore>> store = StateStore::open(options, files);
    ASSERT_TRUE(store.ok());
    for (int i = 0; i < 3; ++i) ASSERT_TRUE((*store)->set_secret("s" + std::to_string(i), Secret(value(i))).ok());
  };
  const auto rekey = [&](const std::shared_ptr<testing::FaultyFiles>& files) {
    Result<std::unique_ptr<StateStore>> store = StateStore::open(options, files);
    return store && (*store)->rekey({}).ok();
  };
  auto counting = std::make_shared<testing::FaultyFiles>();
  fill(counting);
  counting->calls = 0;
  ASSERT_TRUE(rekey(counting));
  const size_t calls = counting->calls;
  ASSERT_GT(calls, 30U);
  for (size_t cut = 1; cut <= calls; ++cut)
    for (unsigned seed = 0; seed < 6; ++seed) {
      SCOPED_TRACE("cut at call " + std::to_string(cut) + ", seed " + std::to_string(seed));
      std::mt19937 random(seed * 7919 + static_cast<unsigned>(cut));
      auto files = std::make_shared<testing::FaultyFiles>();
      fill(files);
      files->calls = 0;
      files->power_cut_at = cut;
      (void)rekey(files);
      files->power_on(random);
      Result<std::unique_ptr<StateStore>> store = StateStore::open(options, files);
      ASSERT_TRUE(store.ok()) << describe(store.error());
      for (int i = 0; i < 3; ++i) {
        const Result<Secret> secret = (*store)->secret("s" + std::to_string(i));
        ASSERT_TRUE(secret.ok()) << describe(secret.error());
        ASSERT_EQ(secret->reveal(), value(i));
      }
    }
}

TEST_F(Rekey, ALostKeyIsSaidBeforeAnythingChanges) {
  std::filesystem::remove(key_file);
  const Result<void> done = open()->rekey({});
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().kind, ErrorKind::unauthorised);
  EXPECT_FALSE(std::filesystem::exists(key_file));
}

TEST_F(Rekey, ARemovedSecretIsGoneAfterAKill) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto store = open();
    ::_exit(store->remove_secret("s3").ok() && store->remove_secret("never-there").ok() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
  EXPECT_EQ(open()->secret("s3").error().kind, ErrorKind::not_found);
}

TEST(Passphrase, ShortOnesAreRefused) {
  EXPECT_EQ(check_passphrase(Secret("short")).error().kind, ErrorKind::bad_input);
  EXPECT_TRUE(check_passphrase(Secret("just long enough")).ok());
}

}  // namespace
}  // namespace slipway
