#include "cluster/etcd_seats.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

using Seats = std::vector<EtcdSeat>;

// As etcdctl 3.6 prints them.
const char* const list =
    R"({"header":{"cluster_id":14841639068965178418,"member_id":10276657743932975437,"raft_term":2},"members":[)"
    R"({"ID":10276657743932975437,"name":"control-1","peerURLs":["https://10.0.0.1:2380"],"clientURLs":["https://10.0.0.1:2379"]},)"
    R"({"ID":17661133169230384391,"name":"control-2","peerURLs":["https://10.0.0.2:2380"],"clientURLs":["https://10.0.0.2:2379"]},)"
    R"({"ID":9372538179322589801,"name":"","peerURLs":["https://10.0.0.3:2380"]}]})";
const char* const health =
    R"([{"endpoint":"https://10.0.0.1:2379","health":true,"took":"9.1ms"},{"endpoint":"https://10.0.0.2:2379","health":false,"took":"5s","error":"context deadline exceeded"}])";

TEST(EtcdSeats, AreReadFromWhatEtcdctlPrints) {
  const Result<Seats> seats = parse_etcd_seats(std::string(list) + "\n" + health + "\n");
  ASSERT_TRUE(seats) << describe(seats.error());
  EXPECT_EQ(*seats, (Seats{{"control-1", true}, {"control-2", false}, {"", false}}));
}

TEST(EtcdSeats, OfUnknownHealthCountAsSilent) {
  const Result<Seats> seats = parse_etcd_seats(std::string(list) + "\n");
  ASSERT_TRUE(seats) << describe(seats.error());
  for (const EtcdSeat& seat : *seats) EXPECT_FALSE(seat.healthy);
}

TEST(EtcdSeats, NoListIsAnError) {
  for (const char* text : {"", "not JSON", "[]", "{}", R"({"members":7})"})
    EXPECT_FALSE(parse_etcd_seats(text).ok()) << text;
}

struct Case {
  const char* title;
  Seats seats;
  const char* leaving;
  bool spared;
};

class CanSpare : public ::testing::TestWithParam<Case> {};

TEST_P(CanSpare, AsTheQuorumSays) {
  const Result<void> spared = can_spare(GetParam().seats, GetParam().leaving);
  EXPECT_EQ(spared.ok(), GetParam().spared) << GetParam().title;
}

INSTANTIATE_TEST_SUITE_P(
    Quorum, CanSpare,
    ::testing::Values(
        Case{"one of three", {{"a", true}, {"b", true}, {"c", true}}, "a", true},
        Case{"the dead one of three", {{"a", true}, {"b", true}, {"c", false}}, "c", true},
        Case{"a second one of three", {{"a", true}, {"b", true}, {"c", false}}, "b", false},
        Case{"one of two", {{"a", true}, {"b", true}}, "a", true},
        Case{"the living one of two", {{"a", true}, {"b", false}}, "a", false},
        Case{"the last one", {{"a", true}}, "a", false},
        Case{"one of five, two dead", {{"a", true}, {"b", true}, {"c", true}, {"d", false}, {"e", false}}, "a", false},
        Case{"a dead one of five, two dead",
             {{"a", true}, {"b", true}, {"c", true}, {"d", false}, {"e", false}},
             "d",
             true},
        Case{"no member", {{"a", true}, {"b", false}}, "w", true}));

TEST(CanSpareSays, WhoIsSilentAndWhatToDo) {
  const Result<void> spared = can_spare({{"a", true}, {"b", true}, {"c", false}}, "b");
  ASSERT_FALSE(spared.ok());
  EXPECT_EQ(spared.error().kind, ErrorKind::bad_input);
  EXPECT_NE(spared.error().found.find("1 of the 2 members that stay answer; silent: c"), std::string::npos);
  EXPECT_NE(spared.error().advice.find("bring c back"), std::string::npos);
}

}  // namespace
}  // namespace slipway
