// The first spec that `slipway init` writes.

#include "spec/starter.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "spec/spec.h"

namespace slipway {
namespace {

using Answers = std::map<std::string, std::string>;

/// What a person would answer where there is no default.
Answers needed_answers(const std::string& provider) {
  if (provider == "existing")
    return {{"control_hosts", "c1=192.168.50.11"},
            {"worker_hosts", "w1=192.168.50.21, w2=192.168.50.22"},
            {"endpoint", "192.168.50.10"},
            {"load_balancers", "192.168.50.200-192.168.50.219"}};
  if (provider == "opennebula")
    return {{"template", "debian-12"},
            {"network", "private"},
            {"subnet", "172.20.0.0/24"},
            {"endpoint", "172.20.0.10"},
            {"load_balancers", "172.20.0.200-172.20.0.219"}};
  return {};
}

class Starter : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Providers, Starter, ::testing::ValuesIn(starter_providers()),
                         [](const auto& info) { return info.param; });

TEST_P(Starter, WritesAValidSpecOfItsProvider) {
  const Result<std::string> text = starter_spec(GetParam(), needed_answers(GetParam()));
  ASSERT_TRUE(text) << describe(text.error());
  const Result<Spec> spec = parse_spec("slipway.yaml", *text);
  ASSERT_TRUE(spec) << describe(spec.error());
  EXPECT_EQ(spec->provider, GetParam());
  EXPECT_EQ(spec->name, "demo");
  EXPECT_EQ(text->find('%'), std::string::npos) << *text;
}

TEST_P(Starter, EachAddOnThatItOffersIsOneToTake) {
  const Result<std::string> text = starter_spec(GetParam(), needed_answers(GetParam()));
  ASSERT_TRUE(text);
  const size_t addons = text->find("addons:\n");
  ASSERT_NE(addons, std::string::npos);
  const std::string taken = text->substr(0, addons) + replace_all(text->substr(addons), "\n  # ", "\n  ");
  const Result<Spec> spec = parse_spec("slipway.yaml", taken);
  ASSERT_TRUE(spec) << describe(spec.error()) << taken;
  EXPECT_GE(spec->addons.size(), 7u);
}

TEST_P(Starter, TakesEveryAnswerUp) {
  Answers answers = needed_answers(GetParam());
  answers["name"] = "shop";
  const Result<std::string> text = starter_spec(GetParam(), answers);
  ASSERT_TRUE(text) << describe(text.error());
  for (const auto& [question, answer] : answers)
    if (!question.ends_with("_hosts")) {
      EXPECT_NE(text->find(answer), std::string::npos) << question;
    }
}

TEST(StarterAnswers, HostsBecomeRows) {
  const Result<std::string> text = starter_spec("existing", needed_answers("existing"));
  ASSERT_TRUE(text) << describe(text.error());
  const Result<Spec> spec = parse_spec("slipway.yaml", *text);
  ASSERT_TRUE(spec);
  ASSERT_EQ(spec->pools.size(), 2u);
  EXPECT_EQ(spec->pools[1].hosts.size(), 2u);
  EXPECT_EQ(spec->pools[1].hosts[1].name, "w2");
}

TEST(StarterAnswers, TheNetworkIsLaidOutFromTheSubnet) {
  const Result<std::string> text = starter_spec("local", {{"subnet", "10.50.3.0/24"}});
  ASSERT_TRUE(text) << describe(text.error());
  EXPECT_NE(text->find("endpoint: 10.50.3.10"), std::string::npos) << *text;
  EXPECT_NE(text->find("load_balancers: 10.50.3.200-10.50.3.219"), std::string::npos) << *text;
}

TEST(StarterAnswers, ASlipOfTheHandIsNamed) {
  const Result<std::string> provider = starter_spec("opennebulla", {});
  ASSERT_FALSE(provider);
  EXPECT_EQ(provider.error().advice, "did you mean 'opennebula'?");
  const Result<std::string> question = starter_spec("local", {{"worker", "3"}});
  ASSERT_FALSE(question);
  EXPECT_EQ(question.error().advice, "did you mean 'workers'?");
}

TEST(StarterAnswers, WhatHasNoDefaultMustBeGiven) {
  const Result<std::string> text = starter_spec("existing", {});
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(text.error().advice, "--answer control_hosts=…");
}

TEST(StarterAnswers, AnswersThatMakeNoValidSpecAreRefused) {
  const Result<std::string> even = starter_spec("local", {{"control_planes", "2"}});
  ASSERT_FALSE(even);
  EXPECT_NE(describe(even.error()).find("even number of control planes"), std::string::npos);
  const Result<std::string> network = starter_spec("local", {{"subnet", "10.50.3.7/24"}});
  ASSERT_FALSE(network);
}

}  // namespace
}  // namespace slipway
