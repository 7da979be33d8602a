#include "playbook/render.h"

#include <gtest/gtest.h>

namespace slipway::playbook {
namespace {

std::string rendered(const std::string& text, const Value& variables) {
  const Result<std::string> out = render("sample", text, variables);
  return out ? *out : describe(out.error());
}

TEST(Render, PutsTextAndNumbersUnescaped) {
  EXPECT_EQ(rendered("{{{a}}}|{{a}}|{{n}}\n", {{"a", "<'&\">"}, {"n", 7}}), "<'&\">|<'&\">|7\n");
}

TEST(Render, RepeatsASectionForAListAndLeavesNoEmptyLines) {
  EXPECT_EQ(
      rendered("head\n{{#has_peers}}\npeers {\n{{#peers}}\n  {{{address}}}\n{{/peers}}\n}\n{{/has_peers}}\ntail\n",
               {{"peers", {{{"address", "10.0.0.1"}}, {{"address", "10.0.0.2"}}}}}),
      "head\npeers {\n  10.0.0.1\n  10.0.0.2\n}\ntail\n");
}

TEST(Render, AnEmptyListSetsItsFlagToFalse) {
  EXPECT_EQ(rendered("{{#has_peers}}some{{/has_peers}}{{^has_peers}}none{{/has_peers}}", {{"peers", Value::array()}}),
            "none");
}

TEST(Render, ASectionMayNameWhatIsNotThere) {
  EXPECT_EQ(rendered("a{{#proxy}} via {{{proxy}}}{{/proxy}}", Value::object()), "a");
  EXPECT_EQ(rendered("a{{#proxy}} via {{{proxy}}}{{/proxy}}", {{"proxy", "p"}}), "a via p");
}

TEST(Render, AMissingVariableIsAnErrorThatNamesTheNearest) {
  const Result<std::string> out = render("k.conf", "{{{node_adress}}}", {{"node_address", "x"}, {"port", 1}});
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(out.error().where, "files/k.conf");
  EXPECT_EQ(out.error().found, "node_adress");
  EXPECT_EQ(out.error().advice, "did you mean 'node_address'?");
}

TEST(Render, AListWhereTextGoesIsAnError) {
  const Result<std::string> out = render("k.conf", "{{{peers}}}", {{"peers", {1, 2}}});
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().found, "peers");
}

TEST(Render, AnUnclosedSectionIsAnError) {
  const Result<std::string> out = render("k.conf", "{{#a}}x", {{"a", true}});
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().kind, ErrorKind::bad_input);
}

TEST(Render, DottedNamesReachIntoMaps) { EXPECT_EQ(rendered("{{{a.b}}}", {{"a", {{"b", "deep"}}}}), "deep"); }

}  // namespace
}  // namespace slipway::playbook
