#include <gtest/gtest.h>

#include "spec/spec.h"

namespace slipway {
namespace {

struct Edit {
  const char* name;
  std::string before;
  int count;
  std::string after;
};

class WithPoolCount : public testing::TestWithParam<Edit> {};

TEST_P(WithPoolCount, ChangesThatScalarAlone) {
  const Result<std::string> changed = with_pool_count(GetParam().before, "workers", GetParam().count);
  ASSERT_TRUE(changed) << describe(changed.error());
  EXPECT_EQ(*changed, GetParam().after);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, WithPoolCount,
    testing::Values(
        Edit{"FlowStyle", "pools:\n  workers: {role: worker, count: 2, size: {cpus: 2}}\n", 3,
             "pools:\n  workers: {role: worker, count: 3, size: {cpus: 2}}\n"},
        Edit{"BlockStyleWithComments",
             "# top\npools:\n  # ours\n  workers:   # many\n    count:   2   # two\n    role: worker\n", 10,
             "# top\npools:\n  # ours\n  workers:   # many\n    count:   10   # two\n    role: worker\n"},
        Edit{"SameNumberElsewhere",
             "pools: {control: {count: 2}, workers: {size: {cpus: 2}, count: 2, x: 2}, more: {count: 2}}\n", 4,
             "pools: {control: {count: 2}, workers: {size: {cpus: 2}, count: 4, x: 2}, more: {count: 2}}\n"},
        Edit{"CarriageReturns", "a: \"\xC3\xA4\"\r\npools:\r\n  workers: {count: 9}\r\n", 10,
             "a: \"\xC3\xA4\"\r\npools:\r\n  workers: {count: 10}\r\n"},
        Edit{"ByteOrderMark", "\xEF\xBB\xBFpools: {workers: {count: 9}}", 10,
             "\xEF\xBB\xBFpools: {workers: {count: 10}}"},
        Edit{"ManyByteCharactersBefore", "pools: {workers: {note: \"\xE2\x82\xAC\xE2\x82\xAC\", count: 1}}\n", 2,
             "pools: {workers: {note: \"\xE2\x82\xAC\xE2\x82\xAC\", count: 2}}\n"},
        Edit{"DownToZero", "pools: {workers: {count: 12}} # c\n", 0, "pools: {workers: {count: 0}} # c\n"},
        Edit{"QuotedKeys", "pools: {'workers': {\"count\": 1}}\n", 2, "pools: {'workers': {\"count\": 2}}\n"},
        Edit{"ValueOnTheNextLine", "pools:\n  workers:\n    count:\n      5\n    role: worker\n", 6,
             "pools:\n  workers:\n    count:\n      6\n    role: worker\n"},
        Edit{"AnchorsElsewhere", "x: &s {cpus: 1}\npools: {workers: {size: *s, count: 1}}\n", 2,
             "x: &s {cpus: 1}\npools: {workers: {size: *s, count: 2}}\n"},
        Edit{"OtherFaultsAreNotItsBusiness", "pools: {workers: {count: 1, colour: red}}\n", 2,
             "pools: {workers: {count: 2, colour: red}}\n"}),
    [](const auto& row) { return row.param.name; });

TEST(WithPoolCountErrors, UnknownPoolIsNotFound) {
  const Result<std::string> changed = with_pool_count("pools: {workers: {count: 1}}\n", "worker", 2);
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().kind, ErrorKind::not_found);
  EXPECT_EQ(changed.error().advice, "did you mean 'workers'?");
  EXPECT_EQ(with_pool_count("name: a\n", "workers", 2).error().kind, ErrorKind::not_found);
}

TEST(WithPoolCountErrors, WhatCannotBeEditedIsBadInput) {
  for (const char* text : {
           "pools: {workers: {hosts: []}}\n",
           "pools: {workers: {role: worker}}\n",
           "pools: {workers: {count: \"2\"}}\n",
           "pools: {workers: {count: !!int 2}}\n",
           "pools: {workers: {count: &n 2}}\n",
           "x: &n 2\npools: {workers: {count: *n}}\n",
           "pools: {workers: {count: }}\n",
           "pools: {workers: {count: two}}\n",
           "pools: {workers: {count: [2]}}\n",
           "pools: {workers: &w {count: 2}, more: *w}\n",
           "pools: {more: &w {count: 2}, workers: *w}\n",
           "pools: {workers: {count: 2, count: 3}}\n",
           "pools: {workers: {count: 2\n",
       }) {
    const Result<std::string> changed = with_pool_count(text, "workers", 3);
    ASSERT_FALSE(changed) << text << *changed;
    EXPECT_EQ(changed.error().kind, ErrorKind::bad_input) << text;
  }
  EXPECT_EQ(with_pool_count("pools: {workers: {count: 1}}\n", "workers", -1).error().kind, ErrorKind::bad_input);
}

}  // namespace
}  // namespace slipway
