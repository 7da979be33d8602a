#include "providers/common/observed_cloud.h"

#include <array>
#include <atomic>
#include <gtest/gtest.h>
#include <latch>
#include <thread>

#include "tests/unit/providers/fake_cloud.h"

namespace slipway {
namespace {

using testing_support::FakeCloud;

CloudProgress quiet() {
  return [](std::string_view) {};
}

/// Counts lists, and can hold them back until a test lets them go.
class SlowLists final : public CloudReader {
 public:
  explicit SlowLists(FakeCloud& cloud) : cloud_(cloud) {}
  Result<std::vector<CloudObject>> list(std::string_view kind) override {
    ++calls;
    Result<std::vector<CloudObject>> seen = cloud_.list(kind);
    if (std::latch* gate = hold.exchange(nullptr)) {
      entered.count_down();
      gate->wait();
    }
    if (failing) return fail(ErrorKind::unavailable, "not now");
    return seen;
  }
  std::atomic<int> calls{0};
  std::atomic<bool> failing{false};
  std::atomic<std::latch*> hold{nullptr};
  std::latch entered{1};

 private:
  FakeCloud& cloud_;
};

class ObservedCloudTest : public ::testing::Test {
 protected:
  CloudRequest request(const std::string& name) const {
    return {.kind = "machine", .name = name, .mark = "lab/machine/" + name, .fields = {{"state", "running"}}};
  }
  CloudObject make(const std::string& name) {
    return observed.create(request(name), quiet(), Deadline::in(Seconds(1))).value();
  }

  FakeCloud cloud;
  SlowLists lists{cloud};
  ObservedCloud observed{lists, cloud};
};

TEST_F(ObservedCloudTest, ListIsAskedForOnceARun) {
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(observed.list("machine").ok());
  EXPECT_TRUE(observed.list("network").ok());
  EXPECT_EQ(lists.calls, 2);
}

TEST_F(ObservedCloudTest, WritesKeepTheKeptListTrueWithoutAnotherCall) {
  ASSERT_TRUE(observed.list("machine")->empty());
  const CloudObject first = make("w-1"), second = make("w-2");
  ASSERT_TRUE(observed.update(first, {{"state", "stopped"}}, quiet(), Deadline::in(Seconds(1))).ok());
  ASSERT_TRUE(observed.remove("machine", second.id, Deadline::in(Seconds(1))).ok());
  const std::vector<CloudObject> seen = observed.list("machine").value();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].fields["state"], "stopped");
  EXPECT_EQ(lists.calls, 1);
}

TEST_F(ObservedCloudTest, WriteWhoseAnswerWasLostDropsTheList) {
  ASSERT_TRUE(observed.list("machine")->empty());
  cloud.lose_next_answer = true;
  ASSERT_FALSE(observed.create(request("w-1"), quiet(), Deadline::in(Seconds(1))).ok());
  EXPECT_EQ(observed.list("machine")->size(), 1u);
}

TEST_F(ObservedCloudTest, FailureIsNotKept) {
  lists.failing = true;
  EXPECT_FALSE(observed.list("machine").ok());
  lists.failing = false;
  EXPECT_TRUE(observed.list("machine").ok());
}

TEST_F(ObservedCloudTest, FreshListSeesWhatOthersDidSince) {
  ASSERT_TRUE(observed.list("machine")->empty());
  cloud.put({.kind = "machine", .id = "foreign", .name = "w-9", .mark = "lab/machine/w-9", .fields = {}});
  EXPECT_TRUE(observed.list("machine")->empty());
  EXPECT_EQ(observed.fresh().list("machine")->size(), 1u);
  EXPECT_EQ(observed.list("machine")->size(), 1u);
}

TEST_F(ObservedCloudTest, FreshListNeverAnswersFromACallThatBeganBefore) {
  std::latch gate{1};
  lists.hold = &gate;
  std::jthread early([&] { EXPECT_TRUE(observed.fresh().list("machine")->empty()); });
  lists.entered.wait();
  // The call above has looked already; this machine is newer.
  cloud.put({.kind = "machine", .id = "late", .name = "w-1", .mark = "lab/machine/w-1", .fields = {}});
  std::vector<std::jthread> later;
  std::atomic<int> saw{0};
  for (int i = 0; i < 8; ++i)
    later.emplace_back([&] { saw += static_cast<int>(observed.fresh().list("machine")->size()); });
  gate.count_down();
  later.clear();
  EXPECT_EQ(saw, 8);
  EXPECT_LE(lists.calls, 9);
}

std::string ids(const Result<std::vector<CloudObject>>& objects) {
  std::string text;
  for (const CloudObject& object : objects.value()) text += object.id + " ";
  return text;
}

TEST_F(ObservedCloudTest, OneIsFoundAsItsListWouldShowIt) {
  for (const auto& [id, name, mark] : std::vector<std::array<std::string, 3>>{{"c", "w-1", "lab/machine/w-1"},
                                                                              {"a", "w-1", "lab/machine/w-1"},
                                                                              {"b", "w-2", ""},
                                                                              {"d", "w-1", ""},
                                                                              {"e", "w-3", "lab/machine/w-3"}})
    cloud.put({.kind = "machine", .id = id, .name = name, .mark = mark, .fields = {}});
  const std::vector<CloudKey> keys = {
      {.mark = "lab/machine/w-1", .name = "w-1"}, {.mark = "lab/machine/w-2", .name = "w-2"},           {.name = "w-1"},
      {.id = "e", .mark = "lab/machine/w-1"},     {.id = "nobody", .mark = "nobody", .name = "nobody"}, {}};
  const auto check = [&](const std::string& when) {
    for (const CloudKey& key : keys) {
      const std::string expected = ids(matching(observed.list("machine").value(), key));
      EXPECT_EQ(ids(observed.find("machine", key)), expected)
          << when << " " << key.id << " " << key.mark << " " << key.name;
      EXPECT_EQ(ids(find_objects(observed, "machine", key)), expected) << when;
    }
  };
  check("at first");
  EXPECT_NE(ids(observed.find("machine", keys[0])), "");
  EXPECT_EQ(ids(observed.find("machine", keys[1])), "b ");
  EXPECT_EQ(lists.calls, 1);
  const std::vector<CloudObject> three = observed.find("machine", keys[3]).value();
  for (const CloudObject& object : three)
    ASSERT_TRUE(observed.update(object, {{"state", "stopped"}}, quiet(), Deadline::in(Seconds(1))).ok());
  check("after updates");
  ASSERT_TRUE(observed.remove("machine", "a", Deadline::in(Seconds(1))).ok());
  ASSERT_TRUE(observed.remove("machine", "d", Deadline::in(Seconds(1))).ok());
  make("w-4");
  check("after removals");
  EXPECT_EQ(ids(observed.find("machine", keys[0])), "c ");
  EXPECT_EQ(lists.calls, 1);
}

TEST_F(ObservedCloudTest, FreshSearchSeesWhatOthersDidSince) {
  const CloudKey key{.mark = "lab/machine/w-9", .name = "w-9"};
  EXPECT_TRUE(observed.find("machine", key)->empty());
  cloud.put({.kind = "machine", .id = "foreign", .name = "w-9", .mark = "lab/machine/w-9", .fields = {}});
  EXPECT_TRUE(observed.find("machine", key)->empty());
  EXPECT_EQ(find_objects(observed.fresh(), "machine", key)->size(), 1u);
  EXPECT_EQ(observed.find("machine", key)->size(), 1u);
  lists.failing = true;
  EXPECT_FALSE(find_objects(observed.fresh(), "machine", key).ok());
}

TEST_F(ObservedCloudTest, LostCreateIsLookedForUntilListsCannotLagAnyMore) {
  /// A cloud whose lists do not show what was made less than 200 ms ago.
  struct Lagging final : CloudReader {
    explicit Lagging(FakeCloud& cloud) : cloud(cloud) {}
    Result<std::vector<CloudObject>> list(std::string_view kind) override {
      return std::chrono::steady_clock::now() < shows ? std::vector<CloudObject>{} : cloud.list(kind).value();
    }
    FakeCloud& cloud;
    Instant shows = std::chrono::steady_clock::now() + Milliseconds(200);
  } lagging(cloud);
  ObservedCloud patient(lagging, cloud, Milliseconds(400));
  cloud.lose_next_answer = true;
  ASSERT_FALSE(patient.create(request("w-1"), quiet(), Deadline::in(Seconds(5))).ok());
  ASSERT_TRUE(patient.fresh().list("machine")->empty());
  const Result<CloudObject> second = patient.create(request("w-1"), quiet(), Deadline::in(Seconds(5)));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().kind, ErrorKind::conflict);
  EXPECT_EQ(cloud.objects.size(), 1u) << "a second machine was made";
  EXPECT_EQ(patient.fresh().list("machine")->size(), 1u);
}

TEST_F(ObservedCloudTest, ListThatOverlappedAWriteIsNotKept) {
  std::latch gate{1};
  lists.hold = &gate;
  std::jthread early([&] { EXPECT_TRUE(observed.list("machine")->empty()); });
  lists.entered.wait();
  make("w-1");
  gate.count_down();
  early.join();
  EXPECT_EQ(observed.list("machine")->size(), 1u);
}

}  // namespace
}  // namespace slipway
