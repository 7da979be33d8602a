// Pictures of the graph.

#include "report/graph_drawing.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

/// network -> machines -> base of each -> init.
std::vector<DrawnStep> cluster_of(size_t workers) {
  std::vector<DrawnStep> steps = {{.id = "cloud/network", .title = "network", .layer = "cloud", .needs = {}}};
  for (size_t i = 1; i <= workers; ++i)
    steps.push_back({.id = "machine/workers-" + std::to_string(i), .title = "m", .layer = "cloud", .needs = {0}});
  for (size_t i = 1; i <= workers; ++i)
    steps.push_back({.id = "host/workers-" + std::to_string(i) + "/base", .title = "b", .layer = "host", .needs = {i, 0}});
  return steps;
}

TEST(Folding, AThousandMachinesLookLikeThree) {
  const std::vector<DrawnStep> few = folded(cluster_of(3)), many = folded(cluster_of(1000));
  ASSERT_EQ(few.size(), 3u);
  ASSERT_EQ(many.size(), 3u);
  EXPECT_EQ(many[1].id, "machine/workers-* (1000)");
  EXPECT_EQ(many[2].needs, (std::vector<size_t>{1, 0}));
}

TEST(Folding, AFailureIsNotHiddenBySiblings) {
  std::vector<DrawnStep> steps = cluster_of(3);
  for (DrawnStep& step : steps) step.state = "done";
  steps[5].state = "failed";
  EXPECT_EQ(folded(steps)[2].state, "failed");
}

TEST(Folding, AnOnlyMachineKeepsItsName) { EXPECT_EQ(folded(cluster_of(1))[1].id, "machine/workers-1"); }

TEST(Drawing, DotNamesEachStepAndEdge) {
  const std::string dot = to_dot(cluster_of(2));
  EXPECT_NE(dot.find("\"machine/workers-1\" -> \"host/workers-1/base\";"), std::string::npos) << dot;
  EXPECT_EQ(count_of(dot, " -> "), 6u);
}

TEST(Drawing, MermaidNamesEachStepAndEdge) {
  const std::string mermaid = to_mermaid(cluster_of(1));
  EXPECT_EQ(mermaid,
            "flowchart LR\n  s0[\"cloud/network\"]\n  s1[\"machine/workers-1\"]\n  s2[\"host/workers-1/base\"]\n"
            "  s0 --> s1\n  s1 --> s2\n  s0 --> s2\n");
}

TEST(Drawing, SvgLeavesOutEdgesThatOthersImply) {
  const std::string svg = to_svg(cluster_of(1), true);
  EXPECT_EQ(count_of(svg, "class=\"edge\""), 2u) << svg;
  EXPECT_EQ(count_of(svg, "<rect "), 3u);
  EXPECT_NE(svg.find("<style>"), std::string::npos);
}

TEST(Drawing, WhatStandsInATitleCannotEndTheMarkup) {
  std::vector<DrawnStep> steps = cluster_of(1);
  steps[0].title = "</title><script>alert('x')</script>";
  EXPECT_EQ(to_svg(steps, false).find("<script>"), std::string::npos);
}

}  // namespace
}  // namespace slipway
