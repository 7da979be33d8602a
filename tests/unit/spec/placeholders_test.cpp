#include "spec/placeholders.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

Value variables() {
  return Value::parse(R"({"cluster":"demo","network":{"pods":"10.244.0.0/16","port":6443},"on":true,"nothing":null,
    "nodes":[{"name":"a","address":"10.0.0.1"},{"name":"b","address":"10.0.0.2"}],"labels":{"tier":"app","zone":"x"},
    "sneaky":"${cluster}"})");
}

Value expanded(const std::string& yaml) {
  const Result<Value> tree = parse_yaml("f", yaml);
  if (!tree) return "unreadable: " + describe(tree.error());
  const Result<Value> value = expand(*tree, variables());
  if (!value) return "error: " + describe(value.error());
  return *value;
}

TEST(Placeholders, AreTypedWhenAlone) {
  EXPECT_EQ(
      expanded("a: ${network.port}\nb: ${on}\nc: ${labels}\nd: \"${nodes}\"\ne: ${nothing}\n"),
      (Value{{"a", 6443}, {"b", true}, {"c", variables()["labels"]}, {"d", variables()["nodes"]}, {"e", nullptr}}));
}

TEST(Placeholders, JoinTextAround) {
  EXPECT_EQ(expanded("- https://${cluster}:${network.port}/${on}\n- \" ${cluster}\"\n- ${nodes.1.name}\n"),
            (Value{"https://demo:6443/true", " demo", "b"}));
}

TEST(Placeholders, LeaveOtherValuesAlone) {
  EXPECT_EQ(expanded("- 5\n- true\n- null\n- plain\n- []\n- {}\n"),
            (Value{5, true, nullptr, "plain", Value::array(), Value::object()}));
}

TEST(Placeholders, DollarSignsEscape) {
  EXPECT_EQ(expanded("- $${cluster}\n- $$\n- $5 and $HOME\n- $\n- $(NAME)\n- $$$${on}\n- $$${on}\n"),
            (Value{"${cluster}", "$", "$5 and $HOME", "$", "$(NAME)", "$${on}", "$true"}));
}

TEST(Placeholders, WorkInKeys) {
  EXPECT_EQ(expanded("\"${cluster}/role\": 1\n"), (Value{{"demo/role", 1}}));
  EXPECT_NE(expanded("\"${on}\": 1\n").dump().find("a key must be text"), std::string::npos);
  EXPECT_NE(expanded("\"${cluster}\": 1\ndemo: 2\n").dump().find("duplicate key after placeholders"),
            std::string::npos);
}

TEST(Placeholders, AreNotExpandedAgain) { EXPECT_EQ(expanded("a: ${sneaky}\n"), (Value{{"a", "${cluster}"}})); }

TEST(Each, StandsForOneElementPerItem) {
  EXPECT_EQ(expanded("- first\n- $each: {in: \"${nodes}\", as: node, do: {host: \"${node.name}\", at: "
                     "\"${node.address}:${network.port}\"}}\n- last\n"),
            Value::parse(R"(["first",{"host":"a","at":"10.0.0.1:6443"},{"host":"b","at":"10.0.0.2:6443"},"last"])"));
}

TEST(Each, TakesLiteralListsAndMaps) {
  EXPECT_EQ(expanded("- $each: {in: [1, \"${cluster}\"], as: x, do: \"${x}\"}\n"), (Value::array({1, "demo"})));
  EXPECT_EQ(expanded("- $each: {in: \"${labels}\", as: l, do: \"${l.key}=${l.value}\"}\n"),
            (Value{"tier=app", "zone=x"}));
  EXPECT_EQ(expanded("- $each: {in: [{n: 1, a: 0}, {n: 2, a: ~}, {n: 3}, 4], as: x, having: a, do: \"${x.n}\"}\n"),
            Value::array({1}));
  EXPECT_EQ(expanded("- $each: {in: [], as: x, do: \"${x}\"}\n"), Value::array());
}

TEST(Each, AListToDoGivesItsElements) {
  EXPECT_EQ(expanded("- $each: {in: [a, b], as: x, do: [\"1${x}\", \"2${x}\"]}\n"), (Value{"1a", "2a", "1b", "2b"}));
}

TEST(Each, NestsAndShadows) {
  EXPECT_EQ(expanded("- $each: {in: [a, b], as: x, do: {l: [{$each: {in: [1, 2], as: cluster, do: "
                     "\"${x}${cluster}\"}}]}}\n- ${cluster}\n"),
            Value::parse(R"([{"l":["a1","a2"]},{"l":["b1","b2"]},"demo"])"));
}

struct Wrong {
  const char* yaml;
  const char* where;
  const char* summary;
  const char* advice;
};

TEST(Placeholders, ErrorsNamePathPlaceAndNearest) {
  const Wrong rows[] = {
      {"a: {b: \"${netwrok.pods}\"}\n", "f:1:8", "unknown placeholder ${netwrok.pods}",
       "did you mean ${network.pods}?"},
      {"a:\n  - x\n  - ${network.pod}\n", "f:3:5", "unknown placeholder ${network.pod}",
       "did you mean ${network.pods}?"},
      {"a: ${cluster.x}\n", "f:1:4", "unknown placeholder ${cluster.x}", ""},
      {"a: ${nodes.2}\n", "f:1:4", "unknown placeholder ${nodes.2}", ""},
      {"a: x${nodes}\n", "f:1:4", "a value that cannot stand inside text", ""},
      {"a: x${nothing}\n", "f:1:4", "a value that cannot stand inside text", ""},
      {"a: x${on\n", "f:1:4", "a malformed placeholder", "write $${ for a literal ${"},
      {"a: ${}\n", "f:1:4", "a malformed placeholder", "write $${ for a literal ${"},
      {"a: ${a..b}\n", "f:1:4", "a malformed placeholder", "write $${ for a literal ${"},
      {"a: ${a + b}\n", "f:1:4", "a malformed placeholder", "write $${ for a literal ${"},
      {"a: {$each: {in: [], as: x, do: 1}}\n", "f:1:4", "$each outside a list", ""},
      {"- $each: {in: [], do: 1}\n", "f:1:3", "a malformed $each", ""},
      {"- $each: {in: [], as: x, do: 1, if: 2}\n", "f:1:3", "a malformed $each", ""},
      {"- $each: {in: [], as: x, do: 1, having: 2}\n", "f:1:3", "a malformed $each", ""},
      {"- {$each: {in: [], as: x, do: 1}, y: 2}\n", "f:1:3", "a malformed $each", ""},
      {"- $each: {in: \"${cluster}\", as: x, do: 1}\n", "f:1:3", "$each over something that is no list", ""},
      {"- $each: {in: [1], as: item, do: {a: \"${itme}\"}}\n", "f:1:38", "unknown placeholder ${itme}",
       "did you mean ${item}?"},
  };
  for (const Wrong& row : rows) {
    const Result<YamlDocument> document = read_yaml("f", row.yaml);
    ASSERT_TRUE(document) << row.yaml << describe(document.error());
    const Result<Value> value = expand(*document, variables());
    ASSERT_FALSE(value) << row.yaml;
    EXPECT_EQ(value.error().kind, ErrorKind::bad_input);
    EXPECT_EQ(value.error().where, row.where) << row.yaml;
    EXPECT_EQ(value.error().summary, row.summary) << row.yaml;
    EXPECT_EQ(value.error().advice, row.advice) << row.yaml;
  }
}

TEST(Placeholders, WithoutADocumentErrorsNameThePointer) {
  const Result<Value> value = expand(Value{{"a/b", {{"c", {"x", "${none}"}}}}}, variables());
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().where, "/a~1b/c/1");
  EXPECT_EQ(value.error().expected, "one of cluster, labels, network, nodes, nothing, on, sneaky");
}

}  // namespace
}  // namespace slipway
