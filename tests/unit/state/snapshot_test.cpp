#include "state/snapshot.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "state/change.h"
#include "state/journal.h"

#include "fixtures.h"

namespace slipway {
namespace {

using testing::step;

State full_state() {
  State state;
  state.cluster = "demo";
  state.lineage = "9c1e";
  state.serial = 42;
  state.pools["workers"] = {"worker", 3, {"workers-1", "workers-2"}};
  state.addresses["endpoint"] = "10.99.0.10";
  state.facts = {{"ca_hash", "sha256:ab"}, {"runs", {1, 2.5, nullptr, true}}};
  state.sealed["ca"] = "c2VhbGVk";
  StepRecord record = step("machine/workers-1", "i-1");
  record.mark = "demo/workers-1";
  record.applied = record.carries_data = record.protect = true;
  state.steps[record.id] = record;
  record.id = StepId("machine/workers-2 \"quoted\"\né");
  record.applied = false;
  record.intent_open = true;
  record.outputs = nullptr;
  state.steps[record.id] = record;
  return state;
}

TEST(Snapshot, HoldsEveryFieldAndIsReadBackTheSame) {
  const std::string text = snapshot_text(full_state());
  const Result<Snapshot> back = read_snapshot(text, "S");
  ASSERT_TRUE(back.ok()) << describe(back.error());
  EXPECT_EQ(snapshot_text(back->state), text);
  EXPECT_FALSE(back->migrated);
  const State state = full_state();
  EXPECT_EQ(back->state.serial, 42u);
  EXPECT_EQ(back->state.pools, state.pools);
  EXPECT_EQ(back->state.facts, state.facts);
  for (const auto& [id, record] : state.steps) EXPECT_EQ(to_value(back->state.steps.at(id)), to_value(record));
}

TEST(Snapshot, IsPlainJsonThatOthersRead) {
  const Value document = Value::parse(snapshot_text(full_state()));
  EXPECT_EQ(document["format"], state_format);
  EXPECT_EQ(document["steps"]["machine/workers-1"]["outputs"]["id"], "i-1");
  EXPECT_EQ(document["pools"]["workers"]["next_ordinal"], 3);
}

TEST(Snapshot, TruncatedAnywhereIsCorruptWithTheByteAndWhatToDo) {
  const std::string text = snapshot_text(full_state());
  for (size_t size = 0; size + 2 < text.size(); ++size) {
    const Result<Snapshot> back = read_snapshot(text.substr(0, size), "state/STATE.json");
    ASSERT_FALSE(back.ok()) << size;
    EXPECT_EQ(back.error().kind, ErrorKind::corrupt) << size;
    EXPECT_TRUE(back.error().where.starts_with("state/STATE.json:byte ")) << back.error().where;
    EXPECT_NE(back.error().advice.find("cp state/STATE.json.1 state/STATE.json"), std::string::npos);
    EXPECT_NE(back.error().advice.find("slipway state recover"), std::string::npos);
  }
}

TEST(Snapshot, HandEditsThatMakeNoSenseAreNamedAtTheirByte) {
  struct Row {
    std::string from, to, found, expected;
  };
  const std::vector<Row> rows = {
      {"\"applied\": true", "\"aplied\": true", "the key 'aplied'", "a field of a step (docs/state-format.md)"},
      {"\"applied\": true", "\"applied\": 1", "", "true or false"},
      {"\"serial\": 42", "\"serial\": -1", "", "a whole number, 0 or more"},
      {"\"serial\": 42", "\"serial\": 4.5", "the number 4.5", "a whole number, 0 or more"},
      {"\"lineage\": \"9c1e\"", "\"lineage\": \"\"", "no cluster or no lineage", "both"},
      {"\"endpoint\": \"10.99.0.10\"", "\"endpoint\": 10", "", "a string"},
      {"\"next_ordinal\": 3", "\"next_ordinal\": 99999999999", "the number 99999999999", "a number of ordinary size"},
      {"\"pools\"", "\"polls\"", "the key 'polls'",
       "format, cluster, lineage, serial, pools, addresses, facts, sealed or steps"},
  };
  for (const Row& row : rows) {
    std::string text = snapshot_text(full_state());
    const size_t at = text.find(row.from);
    ASSERT_NE(at, std::string::npos) << row.from;
    text.replace(at, row.from.size(), row.to);
    const Result<Snapshot> back = read_snapshot(text, "S");
    ASSERT_FALSE(back.ok()) << row.to;
    EXPECT_EQ(back.error().kind, ErrorKind::corrupt);
    EXPECT_EQ(back.error().expected, row.expected);
    if (!row.found.empty()) {
      EXPECT_EQ(back.error().found, row.found);
    }
    const size_t named = std::stoul(back.error().where.substr(7));
    if (row.expected != "both") {
      EXPECT_TRUE(named >= at && named <= at + row.to.size()) << back.error().where;
    }
  }
}

TEST(Snapshot, OfANewerSlipwayIsRefusedWhateverElseItHolds) {
  const Result<Snapshot> back = read_snapshot(R"({"format": 2, "shape": ["of", "tomorrow"]})", "S");
  ASSERT_FALSE(back.ok());
  EXPECT_EQ(back.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(back.error().found, "format 2");
  EXPECT_EQ(back.error().expected, "format 1 or older");
  EXPECT_NE(back.error().advice.find("newer Slipway"), std::string::npos);
}

TEST(Migration, OldSnapshotsAndRecordsPassThroughTheChain) {
  // A format that might have been: the cluster was called "name", and a step's machine "host".
  const Migrations chain = {{0,
                             [](Value& snapshot) -> Result<void> {
                               if (!snapshot.contains("name")) return fail(ErrorKind::corrupt, "no name");
                               snapshot["cluster"] = snapshot["name"];
                               snapshot.erase("name");
                               return {};
                             },
                             [](Value& change) -> Result<void> {
                               if (change.contains("result")) {
                                 change["result"]["machine"] = change["result"]["host"];
                                 change["result"].erase("host");
                               }
                               return {};
                             }}};
  const Result<Snapshot> back =
      read_snapshot(R"({"format": 0, "name": "demo", "lineage": "9c1e", "serial": 7})", "S", chain);
  ASSERT_TRUE(back.ok()) << describe(back.error());
  EXPECT_TRUE(back->migrated);
  EXPECT_EQ(back->state.cluster, "demo");
  EXPECT_EQ(back->state.serial, 7u);

  const Result<std::string> record =
      migrate(R"({"result": {"id": "a", "host": "w1"}})", 0, 1, MigratedPart::change, chain, "J");
  ASSERT_TRUE(record.ok());
  std::optional<JsonReader::Fault> fault;
  const Change change = read_change(*record, fault);
  EXPECT_FALSE(fault);
  EXPECT_EQ(std::get<ResultRecorded>(change).step.machine, "w1");

  EXPECT_EQ(read_snapshot(R"({"format": 0, "lineage": "9c1e"})", "S", chain).error().kind, ErrorKind::corrupt);
  EXPECT_EQ(read_snapshot(R"({"format": 0, "name": "demo"})", "S", {}).error().kind, ErrorKind::bad_input);
}

TEST(Change, OfEveryKindIsReadBackTheSame) {
  const std::vector<Change> changes = {IntentRecorded{step("a")},
                                       ResultRecorded{step("b", "x")},
                                       StepRemoved{StepId("c")},
                                       PoolSet{"workers", {"worker", 2, {"workers-1"}}},
                                       PoolRemoved{"old"},
                                       AddressSet{"endpoint", "10.0.0.1"},
                                       FactSet{"hash", {{"deep", {1, 2}}}},
                                       SecretSet{"ca", "c2VhbGVk"}};
  for (const Change& change : changes) {
    const std::string text = change_text(change);
    EXPECT_TRUE(Value::accept(text)) << text;
    std::optional<JsonReader::Fault> fault;
    const Change back = read_change(text, fault);
    ASSERT_FALSE(fault) << text;
    EXPECT_EQ(back.index(), change.index());
    EXPECT_EQ(change_text(back), text);
  }
}

TEST(Change, ThatSaysNothingOrTwoThingsIsRefused) {
  for (const char* text : {"{}", R"({"removed": "a", "pool_removed": "b"})", R"({"sung": "a"})", R"({"result": {}})",
                           "[]", R"({"address": {"address": "10.0.0.1"}})", R"({"removed": "a"} x)"}) {
    std::optional<JsonReader::Fault> fault;
    read_change(text, fault);
    EXPECT_TRUE(fault.has_value()) << text;
  }
}

/// The fenced block of that language in docs/state-format.md.
std::string documented(const std::string& language) {
  const Result<std::string> page = read_file(SLIPWAY_SOURCE "/docs/state-format.md");
  if (!page) return describe(page.error());
  const std::string fence = "```" + language + "\n";
  const size_t begin = page->find(fence) + fence.size();
  return page->substr(begin, page->find("```", begin) - begin);
}

TEST(FormatPage, ItsExamplesAreRealAndSayTheSame) {
  const std::string text = documented("json");
  const Result<Snapshot> snapshot = read_snapshot(text, "state-format.md");
  ASSERT_TRUE(snapshot.ok()) << describe(snapshot.error());
  EXPECT_EQ(snapshot_text(snapshot->state), text);

  const std::string journal = documented("journal");
  const Result<JournalScan> scan = scan_journal(journal, "state-format.md");
  ASSERT_TRUE(scan.ok()) << describe(scan.error());
  EXPECT_EQ(scan->torn, 0u);
  State state;
  state.cluster = scan->header.cluster;
  state.lineage = scan->header.lineage;
  for (const JournalRecord& record : scan->records) {
    std::optional<JsonReader::Fault> fault;
    apply(read_change(record.json, fault), state);
    EXPECT_FALSE(fault) << record.json;
    state.serial = record.serial;
  }
  EXPECT_EQ(snapshot_text(state), text);
}

}  // namespace
}  // namespace slipway
