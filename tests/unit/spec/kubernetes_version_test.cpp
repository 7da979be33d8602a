#include <gtest/gtest.h>

#include "spec/spec.h"

namespace slipway {
namespace {

struct Edit {
  const char* name;
  std::string before, after;
};

class WithKubernetesVersion : public testing::TestWithParam<Edit> {};

TEST_P(WithKubernetesVersion, ChangesThatAlone) {
  const Result<std::string> changed = with_kubernetes_version(GetParam().before, "1.36.4");
  ASSERT_TRUE(changed) << describe(changed.error());
  EXPECT_EQ(*changed, GetParam().after);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, WithKubernetesVersion,
    testing::Values(
        Edit{"FlowStyle", "name: a\nkubernetes: {version: 1.35.8}\n", "name: a\nkubernetes: {version: 1.36.4}\n"},
        Edit{"BlockStyleWithComments", "kubernetes:   # ours\n  # now\n  version:  1.35.8   # old\n  extra_args: {}\n",
             "kubernetes:   # ours\n  # now\n  version:  1.36.4   # old\n  extra_args: {}\n"},
        Edit{"InQuotes", "kubernetes: {version: \"1.35.8\"}\n", "kubernetes: {version: \"1.36.4\"}\n"},
        Edit{"SameTextElsewhere", "note: 1.35.8\nkubernetes: {version: 1.35.8}\n",
             "note: 1.35.8\nkubernetes: {version: 1.36.4}\n"},
        Edit{"Nowhere", "name: a\n", "name: a\nkubernetes: {version: 1.36.4}\n"},
        Edit{"NowhereWithoutLineEnd", "name: a", "name: a\nkubernetes: {version: 1.36.4}\n"},
        Edit{"NowhereWithCarriageReturns", "name: a\r\n", "name: a\r\nkubernetes: {version: 1.36.4}\r\n"},
        Edit{"InAFlowOfOthers", "kubernetes: {extra_args: {}}\n", "kubernetes: {version: 1.36.4, extra_args: {}}\n"},
        Edit{"InABlockOfOthers", "kubernetes:\n  extra_args: {}\nname: a\n",
             "kubernetes:\n  version: 1.36.4\n  extra_args: {}\nname: a\n"},
        Edit{"BesideABase", "extends: base.yaml\n", "extends: base.yaml\nkubernetes: {version: 1.36.4}\n"}),
    [](const auto& row) { return row.param.name; });

TEST(WithKubernetesVersionErrors, WhatCannotBeEditedIsLeftAlone) {
  for (const char* text : {"kubernetes: []\n", "kubernetes: {}\n", "a: &v 1.35.8\nkubernetes: {version: *v}\n", "- a\n",
                           "{name: a}\n", "x: &k {version: 1.35.8}\nkubernetes: *k\n", "a: [\n"}) {
    const Result<std::string> changed = with_kubernetes_version(text, "1.36.4");
    ASSERT_FALSE(changed) << text << *changed;
    EXPECT_EQ(changed.error().kind, ErrorKind::bad_input) << text;
  }
}

}  // namespace
}  // namespace slipway
