// What a person is told who typed a verb or an option that there is not.

#include "cli/usage.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

const CommandHelp& program() {
  static const OptionHelp help{.names = {"-h", "--help"}, .value = "", .about = "", .choices = {}};
  static const CommandHelp tree = [] {
    const OptionHelp target{.names = {"--target"}, .value = "GLOB", .about = "", .choices = {}};
    const OptionHelp form{.names = {"--output"}, .value = "FORM", .about = "", .choices = {"text", "json"}};
    const OptionHelp talk{.names = {"-v", "--verbose"}, .value = "", .about = "", .choices = {}};
    const OptionHelp spec{.names = {"spec"}, .value = "SPEC", .about = "", .choices = {}, .positional = true};
    CommandHelp plan{.name = "plan", .about = "", .options = {help, target, form, talk, spec}, .runs = true};
    CommandHelp add{.name = "add", .about = "", .options = {help, spec}, .runs = true};
    CommandHelp remove{.name = "remove", .about = "", .options = {help, spec}, .runs = true};
    CommandHelp node{.name = "node", .about = "", .options = {help}, .commands = {add, remove}};
    return CommandHelp{.name = "slipway", .about = "", .options = {help}, .commands = {plan, node}};
  }();
  return tree;
}

Error told(const std::vector<std::string>& words) { return usage_error(program(), words, "the parser's words"); }

struct Slip {
  const char* name;
  std::vector<std::string> words;
  std::string found, advice;
};

class Usage : public testing::TestWithParam<Slip> {};

TEST_P(Usage, NamesTheSlip) {
  const Error error = told(GetParam().words);
  EXPECT_EQ(error.kind, ErrorKind::bad_input);
  EXPECT_EQ(error.found, GetParam().found);
  EXPECT_EQ(error.advice, GetParam().advice);
}

INSTANTIATE_TEST_SUITE_P(
    All, Usage,
    testing::Values(
        Slip{"Verb", {"plna", "shop.yaml"}, "slipway plna", "did you mean 'slipway plan'?"},
        Slip{"VerbLikeNone", {"frobnicate"}, "slipway frobnicate", "slipway --help lists the verbs"},
        Slip{"InnerVerb", {"node", "ad", "shop.yaml"}, "slipway node ad", "did you mean 'slipway node add'?"},
        Slip{"NoInnerVerb", {"node"}, "slipway node", "slipway node --help"},
        Slip{"Option", {"plan", "shop.yaml", "--taget", "x"}, "--taget", "did you mean '--target'?"},
        Slip{"OptionWithValue", {"plan", "--outptu=json"}, "--outptu", "did you mean '--output'?"},
        Slip{"OptionLikeNone", {"plan", "--zzz"}, "--zzz", "slipway plan --help lists them"},
        Slip{"OptionBeforeTheVerb",
             {"--output", "json", "plan"},
             "--output",
             "options come after the verb: slipway VERB --help lists them"},
        Slip{"ValueThatLooksLikeAVerb",
             {"plan", "--target", "--x", "--verbos"},
             "--verbos",
             "did you mean '--verbose'?"},
        Slip{"ShortOptionsTwice", {"plan", "-vv", "--output", "yaml"}, "the parser's words", "slipway plan --help"},
        Slip{"WhateverElse", {"node", "add"}, "the parser's words", "slipway node add --help"},
        Slip{"WordsAfterTwoDashes", {"plan", "--", "--nothing"}, "the parser's words", "slipway plan --help"}),
    [](const testing::TestParamInfo<Slip>& slip) { return slip.param.name; });

TEST(Usage, AnInnerVerbThatThereIsNotIsToldWithThoseThatThereAre) {
  EXPECT_EQ(told({"node", "grow"}).expected, "slipway node add|remove");
}

}  // namespace
}  // namespace slipway
