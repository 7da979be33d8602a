#include "state/store.h"

#include <atomic>
#include <csignal>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"
#include "state/journal.h"

#include "fixtures.h"

namespace slipway {
namespace {

using testing::content_of;
using testing::step;
using testing::TemporaryFolder;
namespace fs = std::filesystem;

class Store : public ::testing::Test {
 protected:
  TemporaryFolder folder;
  StoreOptions options{.directory = folder.path + "/.slipway/demo",
                       .cluster = "demo",
                       .verb = "bootstrap",
                       .key_file = folder.path + "/keys/demo.key"};
  std::string at(const std::string& name) const { return options.directory + "/" + name; }

  Result<std::unique_ptr<StateStore>> open() const { return StateStore::open(options); }
  Result<std::unique_ptr<StateStore>> read_only() const {
    StoreOptions reading = options;
    reading.read_only = true;
    return StateStore::open(reading);
  }
  static unsigned mode_of(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 0777 : 0;
  }
  static void write(const std::string& path, const std::string& content) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
  }
  /// The files as a `kill -9` leaves them, with the store's lock freed: a copy of the folder.
  void keep_as_after_a_kill(std::unique_ptr<StateStore> store) {
    const std::string copy = folder.path + "/copy";
    fs::copy(options.directory, copy, fs::copy_options::recursive);
    store.reset();
    fs::remove_all(options.directory);
    fs::rename(copy, options.directory);
  }
};

TEST_F(Store, KeepsWhatWasRecordedUntilTheNextOpen) {
  std::string content;
  uint64_t serial = 0;
  {
    auto store = *open();
    ASSERT_TRUE(store->record_intent(step("machine/workers-1")).ok());
    ASSERT_TRUE(store->record_result(step("machine/workers-1", "i-1")).ok());
    ASSERT_TRUE(store->set_pool("workers", {"worker", 2, {"workers-1"}}).ok());
    ASSERT_TRUE(store->set_address("endpoint", "10.99.0.10").ok());
    ASSERT_TRUE(store->set_fact("initialised", true).ok());
    content = content_of(store->snapshot());
    serial = store->snapshot().serial;
    EXPECT_EQ(serial, 5u);
  }
  auto store = *open();
  EXPECT_EQ(content_of(store->snapshot()), content);
  EXPECT_EQ(store->snapshot().serial, serial);
  EXPECT_EQ(store->notice(), "");
}

TEST_F(Store, FilesAreForTheirOwnerAlone) {
  auto store = *open();
  ASSERT_TRUE(store->record_result(step("a", "x")).ok());
  ASSERT_TRUE(store->fold().ok());
  for (const char* name : {"STATE.json", "STATE.json.1", "STATE.journal", "STATE.journal.1", "STATE.lock"})
    EXPECT_EQ(mode_of(at(name)), 0600u) << name;
  EXPECT_EQ(mode_of(options.key_file), 0600u);
  EXPECT_EQ(mode_of(options.directory), 0700u);
}

TEST_F(Store, AfterAKillTheJournalIsReplayed) {
  auto store = *open();
  ASSERT_TRUE(store->record_result(step("a", "x")).ok());
  ASSERT_TRUE(store->fold().ok());
  ASSERT_TRUE(store->record_result(step("b", "y")).ok());
  const std::string content = content_of(store->snapshot());
  keep_as_after_a_kill(std::move(store));
  EXPECT_EQ(content_of((*read_only())->snapshot()), content);
  EXPECT_EQ(content_of((*open())->snapshot()), content);
}

TEST_F(Store, ATornLastRecordIsCutAndSaid) {
  auto store = *open();
  ASSERT_TRUE(store->record_result(step("a", "x")).ok());
  const std::string content = content_of(store->snapshot());
  keep_as_after_a_kill(std::move(store));
  std::ofstream(at("STATE.journal"), std::ios::app) << "0123abcd 99 2 1 {\"result\": {\"id\": \"half";
  {
    auto reader = *read_only();
    EXPECT_EQ(content_of(reader->snapshot()), content);
    EXPECT_NE(reader->notice().find("left out 39 bytes"), std::string::npos) << reader->notice();
  }
  {
    auto next = *open();
    EXPECT_EQ(content_of(next->snapshot()), content);
    EXPECT_NE(next->notice().find("cut 39 bytes of a torn last record"), std::string::npos) << next->notice();
    ASSERT_TRUE(next->record_result(step("b", "y")).ok());
  }
  EXPECT_TRUE((*open())->find(StepId("b")).has_value());
  EXPECT_EQ((*open())->notice(), "");
}

TEST_F(Store, RotInTheMiddleOfTheJournalIsNeverCutAway) {
  auto store = *open();
  for (const char* id : {"a", "b", "c"}) ASSERT_TRUE(store->record_result(step(id, "x")).ok());
  keep_as_after_a_kill(std::move(store));
  std::string journal = *read_file(at("STATE.journal"));
  journal[journal.find("\"id\": \"b\"") + 7] = 'X';
  write(at("STATE.journal"), journal);
  for (const auto& opened : {open(), read_only()}) {
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().kind, ErrorKind::corrupt);
    EXPECT_NE(opened.error().where.find("STATE.journal:byte "), std::string::npos);
    EXPECT_NE(opened.error().advice.find("state recover"), std::string::npos);
  }
  EXPECT_EQ(*read_file(at("STATE.journal")), journal) << "a refused state is left as it is";
}

TEST_F(Store, RecordsThatTheSnapshotHoldsAreNotAppliedTwice) {
  auto store = *open();
  ASSERT_TRUE(store->record_result(step("a", "x")).ok());
  const std::string old_journal = *read_file(at("STATE.journal"));
  ASSERT_TRUE(store->record_removed(StepId("a")).ok());
  const std::string whole_journal = *read_file(at("STATE.journal"));
  ASSERT_TRUE(store->fold().ok());
  const State before = store->snapshot();
  store.reset();
  // As after a crash between the snapshot's rename and the journal's.
  for (const std::string& journal : {whole_journal, old_journal}) {
    write(at("STATE.journal"), journal);
    auto reader = *read_only();
    EXPECT_EQ(reader->snapshot().serial, before.serial);
    EXPECT_TRUE(reader->snapshot().steps.empty());
  }
}

TEST_F(Store, AJournalOfAnotherLineageIsRefused) {
  (*open()).reset();
  const std::string bytes = journal_header({1, "demo", "another", 0});
  write(at("STATE.journal"), bytes);
  const auto opened = open();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().kind, ErrorKind::corrupt);
  EXPECT_NE(opened.error().found.find("lineage another"), std::string::npos);
  EXPECT_EQ(*read_file(at("STATE.journal")), bytes);
}

TEST_F(Store, AnotherClustersStateIsRefused) {
  (*open()).reset();
  options.cluster = "other";
  for (const auto& opened : {open(), read_only()}) {
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().kind, ErrorKind::bad_input);
    EXPECT_EQ(opened.error().found, "cluster 'demo'");
    EXPECT_EQ(opened.error().expected, "cluster 'other'");
  }
}

TEST_F(Store, OfANewerSlipwayIsRefusedUntouched) {
  (*open()).reset();
  std::string text = *read_file(at("STATE.json"));
  text.replace(text.find("\"format\": 1"), 11, "\"format\": 9");
  write(at("STATE.json"), text);
  const auto opened = open();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(*read_file(at("STATE.json")), text);
}

TEST_F(Store, ADamagedSnapshotIsMendedByItsPreviousOneWithoutLoss) {
  std::string content;
  {
    auto store = *open();
    ASSERT_TRUE(store->record_result(step("a", "x")).ok());
    ASSERT_TRUE(store->fold().ok());
    ASSERT_TRUE(store->record_result(step("b", "x")).ok());
    ASSERT_TRUE(store->fold().ok());
    ASSERT_TRUE(store->record_result(step("c", "x")).ok());
    content = content_of(store->snapshot());
    keep_as_after_a_kill(std::move(store));
  }
  std::string text = *read_file(at("STATE.json"));
  write(at("STATE.json"), text.substr(0, text.size() / 2));
  const auto refused = open();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::corrupt);
  EXPECT_NE(refused.error().where.find("STATE.json:byte "), std::string::npos);
  // The advice, followed. Twice: the kept pair must fit again after the first.
  for (int round = 0; round < 2; ++round) {
    fs::copy_file(at("STATE.json.1"), at("STATE.json"), fs::copy_options::overwrite_existing);
    EXPECT_EQ(content_of((*read_only())->snapshot()), content) << round;
    auto mended = open();
    ASSERT_TRUE(mended.ok()) << describe(mended.error());
    EXPECT_EQ(content_of((*mended)->snapshot()), content) << round;
  }
}

TEST_F(Store, ARemovedSnapshotIsStoodInForAndSaid) {
  std::string content;
  {
    auto store = *open();
    ASSERT_TRUE(store->record_result(step("a", "x")).ok());
    content = content_of(store->snapshot());
  }
  fs::remove(at("STATE.json"));
  auto store = *open();
  EXPECT_EQ(content_of(store->snapshot()), content);
  EXPECT_NE(store->notice().find("STATE.json was missing"), std::string::npos);
  EXPECT_TRUE(fs::exists(at("STATE.json")));
}

TEST_F(Store, AJournalWithoutAnySnapshotIsNoNewState) {
  (*open()).reset();
  fs::remove(at("STATE.json"));
  fs::remove(at("STATE.json.1"));
  const auto opened = open();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().kind, ErrorKind::corrupt);
}

TEST_F(Store, ASnapshotOlderThanItsJournalIsRefused) {
  auto store = *open();
  const std::string first = *read_file(at("STATE.json"));
  for (const char* id : {"a", "b", "c"}) {
    ASSERT_TRUE(store->record_result(step(id, "x")).ok());
    ASSERT_TRUE(store->fold().ok());
  }
  store.reset();
  write(at("STATE.json"), first);
  const auto opened = open();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().kind, ErrorKind::corrupt);
  EXPECT_EQ(opened.error().summary, "changes are missing between the snapshot and the journal");
}

TEST_F(Store, ReadOnlyMakesNothingAndTakesNoLock) {
  {
    auto store = read_only();
    ASSERT_TRUE(store.ok());
    EXPECT_EQ((*store)->snapshot().cluster, "demo");
    EXPECT_EQ((*store)->snapshot().serial, 0u);
    EXPECT_TRUE((*store)->snapshot().steps.empty());
    EXPECT_EQ((*store)->record_result(step("a")).error().kind, ErrorKind::internal);
  }
  EXPECT_FALSE(fs::exists(folder.path + "/.slipway"));
  auto writer = *open();
  ASSERT_TRUE(writer->record_result(step("a", "x")).ok());
  auto reader = read_only();
  ASSERT_TRUE(reader.ok()) << "a writer at work does not keep readers out";
  EXPECT_TRUE((*reader)->find(StepId("a")).has_value()) << "what is in the journal counts";
}

TEST_F(Store, AReaderBesideAWriterThatFoldsAlwaysFindsAWholeState) {
  auto writer = *open();
  ASSERT_TRUE(writer->record_result(step("a", "0")).ok());
  std::atomic<bool> reading = true;
  std::thread at_work([&] {
    for (int i = 1; reading; ++i) {
      EXPECT_TRUE(writer->record_result(step("a", std::to_string(i))).ok());
      EXPECT_TRUE(writer->fold().ok());
    }
  });
  uint64_t last = 0;
  for (int look = 0; look < 300; ++look) {
    auto reader = read_only();
    if (!reader.ok()) {
      ADD_FAILURE() << describe(reader.error());
      break;
    }
    const State state = (*reader)->snapshot();
    EXPECT_GE(state.serial, last);
    EXPECT_EQ(state.steps.size(), 1u);
    last = state.serial;
  }
  reading = false;
  at_work.join();
}

TEST_F(Store, ResultsThatNobodyWaitsForAreRecordedBesideThoseThatAreWaitedForAndFolds) {
  constexpr int threads = 8, each = 150;
  std::atomic<int> told = 0;
  {
    auto store = *open();
    std::vector<std::thread> at_work;
    for (int thread = 0; thread < threads; ++thread)
      at_work.emplace_back([&, thread] {
        for (int i = 0; i < each; ++i) {
          const std::string id = std::to_string(thread) + "/" + std::to_string(i);
          store->begin_result(step("left/" + id, id), [&, id](Result<void> outcome) {
            EXPECT_TRUE(outcome.ok());
            EXPECT_TRUE(store->find(StepId("left/" + id)).has_value()) << "it is told once it counts";
            ++told;
          });
          if (i % 10 == 0) {
            EXPECT_TRUE(store->record_result(step("waited/" + id, id)).ok());
          }
          if (i % 50 == 0) {
            EXPECT_TRUE(store->fold().ok());
          }
        }
      });
    for (std::thread& thread : at_work) thread.join();
    EXPECT_EQ(told, threads * each) << "all are told before the last call that writes returns";
  }
  auto again = *open();
  EXPECT_EQ(again->snapshot().steps.size(), size_t{threads * (each + each / 10)});
}

TEST_F(Store, AResultThatCannotBeRecordedIsToldSo) {
  auto store = *open();
  ASSERT_TRUE(store->erase().ok());
  std::optional<Result<void>> outcome;
  store->begin_result(step("a", "x"), [&](Result<void> told) { outcome = std::move(told); });
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->error().kind, ErrorKind::internal);
}

TEST_F(Store, KilledAtAnyMomentLosesNothingAcknowledged) {
  std::mt19937 random(3);
  int done = 0;
  for (int round = 0; round < 25; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      auto store = open();
      for (int i = done; store.ok(); ++i) {
        if (!(*store)->record_result(step("step/" + std::to_string(i), "x")).ok()) break;
        if (i % 5 == 4 && !(*store)->fold().ok()) break;
        (void)!::write(ends[1], &i, sizeof i);
      }
      ::_exit(1);
    }
    ::close(ends[1]);
    int acknowledged = -1;
    // Some records, then a moment of the random kind.
    for (unsigned i = 0; i <= random() % 8; ++i) ASSERT_EQ(::read(ends[0], &acknowledged, sizeof acknowledged), 4);
    ::usleep(random() % 3000);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    for (int more = 0; ::read(ends[0], &more, sizeof more) == 4;) acknowledged = more;
    ::close(ends[0]);
    auto store = read_only();
    ASSERT_TRUE(store.ok()) << describe(store.error());
    const State state = (*store)->snapshot();
    for (int i = 0; i <= acknowledged; ++i)
      ASSERT_TRUE(state.steps.contains(StepId("step/" + std::to_string(i)))) << i << " of " << acknowledged;
    ASSERT_LE(state.steps.size(), static_cast<size_t>(acknowledged) + 2);
    done = static_cast<int>(state.steps.size());
  }
}

TEST_F(Store, ASecondWriterIsToldWhoIsAtWork) {
  auto first = *open();
  const auto second = open();
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().kind, ErrorKind::locked);
  EXPECT_EQ(lock_holder(options.directory)->verb, "bootstrap");
  first.reset();
  EXPECT_FALSE(lock_holder(options.directory).has_value());
  EXPECT_TRUE(open().ok());
}

TEST_F(Store, AnIntentOverAnAppliedStepForgetsNothing) {
  auto store = *open();
  ASSERT_TRUE(store->record_result(step("machine/w", "i-1")).ok());
  StepRecord intent;
  intent.id = StepId("machine/w");
  intent.mark = "demo/w/2";
  ASSERT_TRUE(store->record_intent(intent).ok());
  StepRecord found = *store->find(intent.id);
  EXPECT_TRUE(found.intent_open);
  EXPECT_TRUE(found.applied);
  EXPECT_EQ(found.outputs, Value({{"id", "i-1"}}));
  EXPECT_EQ(found.removal_kind, "simulated/machine");
  EXPECT_EQ(found.milliseconds, 1200);
  ASSERT_TRUE(store->record_result(step("machine/w", "i-2")).ok());
  found = *store->find(intent.id);
  EXPECT_FALSE(found.intent_open);
  EXPECT_EQ(found.mark, "demo/w/2");
  EXPECT_EQ(found.outputs, Value({{"id", "i-2"}}));
}

TEST_F(Store, TextThatIsNoUtf8DoesNotKeepARecordFromBeingWritten) {
  auto store = *open();
  ASSERT_TRUE(store->record_result(step("a", "caf\xe9")).ok());
  const Value outputs = store->find(StepId("a"))->outputs;
  EXPECT_EQ(outputs, Value({{"id", "caf\xef\xbf\xbd"}}));
  store.reset();
  EXPECT_EQ((*open())->find(StepId("a"))->outputs, outputs);
}

TEST_F(Store, AnAddressOrFactSetToNothingIsGone) {
  auto store = *open();
  ASSERT_TRUE(store->set_address("endpoint", "10.0.0.1").ok());
  ASSERT_TRUE(store->set_fact("hash", "x").ok());
  ASSERT_TRUE(store->set_address("endpoint", "").ok());
  ASSERT_TRUE(store->set_fact("hash", nullptr).ok());
  ASSERT_TRUE(store->set_pool("old", {}).ok());
  ASSERT_TRUE(store->remove_pool("old").ok());
  const State state = store->snapshot();
  EXPECT_TRUE(state.addresses.empty());
  EXPECT_TRUE(state.facts.empty());
  EXPECT_TRUE(state.pools.empty());
}

TEST_F(Store, FoldingWithNothingNewLeavesThePreviousSnapshot) {
  auto store = *open();
  ASSERT_TRUE(store->record_result(step("a", "x")).ok());
  ASSERT_TRUE(store->fold().ok());
  const std::string previous = *read_file(at("STATE.json.1"));
  ASSERT_TRUE(store->fold().ok());
  store.reset();
  (*open()).reset();
  EXPECT_EQ(*read_file(at("STATE.json.1")), previous);
}

TEST_F(Store, SecretsComeBackAndNoFileHoldsThem) {
  const std::string value = "a very secret word\nand its second line";
  {
    auto store = *open();
    ASSERT_TRUE(store->set_secret("ca", Secret(value)).ok());
    ASSERT_TRUE(store->set_secret("other", Secret("unrelated-secret")).ok());
    EXPECT_EQ(store->secret("ca")->reveal(), value);
    EXPECT_EQ(store->secret("absent").error().kind, ErrorKind::not_found);
    for (const auto& entry : fs::directory_iterator(options.directory)) {
      const std::string content = *read_file(entry.path());
      EXPECT_EQ(content.find("secret word"), std::string::npos) << entry.path();
      EXPECT_EQ(content.find(base64_encode(value)), std::string::npos) << entry.path();
    }
  }
  EXPECT_EQ(read_file(at("STATE.json"))->find("secret word"), std::string::npos);
  EXPECT_EQ((*open())->secret("ca")->reveal(), value);
}

TEST_F(Store, SecretsAreReadWithoutTheLock) {
  { ASSERT_TRUE((*open())->set_secret("ca", Secret("the-ca-secret")).ok()); }
  EXPECT_EQ((*read_only())->secret("ca")->reveal(), "the-ca-secret");
}

TEST_F(Store, ALostOrWrongKeyIsSaidAndNeverReplaced) {
  { ASSERT_TRUE((*open())->set_secret("ca", Secret("the-ca-secret")).ok()); }
  const std::string key = *read_file(options.key_file);
  const auto expect_refused = [&](const std::string& found) {
    auto store = *open();
    for (const Error& error : {store->secret("ca").error(), store->set_secret("new", Secret("new-secret")).error()}) {
      EXPECT_EQ(error.kind, ErrorKind::unauthorised);
      EXPECT_EQ(error.found, found);
      EXPECT_EQ(error.where, options.key_file);
      EXPECT_NE(error.advice.find("key file"), std::string::npos);
    }
  };
  fs::remove(options.key_file);
  expect_refused("no such file");
  EXPECT_FALSE(fs::exists(options.key_file));
  write(options.key_file, base64_encode(std::string(32, 'k')));
  expect_refused("a key that does not open the secret 'ca'");
  write(options.key_file, "nonsense");
  expect_refused("a file that holds no key of 32 bytes in base64");
  write(options.key_file, key);
  EXPECT_EQ((*open())->secret("ca")->reveal(), "the-ca-secret");
}

TEST_F(Store, ASealedTextUnderAnotherNameDoesNotOpen) {
  {
    auto store = *open();
    ASSERT_TRUE(store->set_secret("aa", Secret("first-secret")).ok());
    ASSERT_TRUE(store->set_secret("bb", Secret("second-secret")).ok());
  }
  std::string text = *read_file(at("STATE.json"));
  text.replace(text.find("\"aa\""), 4, "\"cc\"");
  write(at("STATE.json"), text);
  EXPECT_EQ((*read_only())->secret("cc").error().kind, ErrorKind::corrupt);
}

TEST_F(Store, TheKeyStandsInTheConfigurationFolderUnderTheLineage) {
  const std::string config = folder.path + "/config";
  ::setenv("SLIPWAY_CONFIG", config.c_str(), 1);
  options.key_file.clear();
  auto store = *open();
  EXPECT_EQ(mode_of(config + "/keys/" + store->snapshot().lineage + ".key"), 0600u);
  ::unsetenv("SLIPWAY_CONFIG");
}

TEST_F(Store, ErasedLeavesNothingOfItsOwnAndAllOfOthers) {
  {
    auto store = *open();
    ASSERT_TRUE(store->set_secret("ca", Secret("the-ca-secret")).ok());
    ASSERT_TRUE(store->fold().ok());
    ASSERT_TRUE(store->record_result(step("a", "x")).ok());
    ASSERT_TRUE(store->erase().ok());
    EXPECT_FALSE(store->record_result(step("b")).ok());
  }
  EXPECT_FALSE(fs::exists(options.directory));
  EXPECT_FALSE(fs::exists(options.key_file));
  {
    auto store = *open();
    EXPECT_TRUE(store->snapshot().steps.empty());
    write(at("kubeconfig"), "the user's");
    ASSERT_TRUE(store->erase().ok());
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(options.directory), {}), 1);
}

TEST_F(Store, WithoutAClusterNameOnlyAnExistingStateOpens) {
  options.cluster.clear();
  EXPECT_EQ(open().error().kind, ErrorKind::bad_input);
  options.cluster = "demo";
  (*open()).reset();
  options.cluster.clear();
  EXPECT_EQ((*open())->snapshot().cluster, "demo");
}

}  // namespace
}  // namespace slipway
