#pragma once
// The steps and their edges as pictures: DOT for Graphviz, Mermaid for Markdown, SVG for everybody.

#include <string>
#include <vector>

#include "graph/graph.h"

namespace slipway {

struct DrawnStep {
  std::string id, title;
  std::string layer;               ///< "cloud", "host", "cluster": its colour.
  std::string state{};             ///< A class of the SVG node: "done", "failed", …; may be empty.
  std::vector<size_t> needs;       ///< Positions in the list; each before the step itself.
};

/// Machines of one pool that have the same steps and edges are one: "host/workers-1/base" and "host/workers-2/base" become
/// "host/workers-*/base (2)". So that a picture of a thousand machines is as large as one of three.
std::vector<DrawnStep> folded(const std::vector<DrawnStep>& steps);

std::vector<DrawnStep> drawn_steps(const Graph& graph);

std::string to_dot(const std::vector<DrawnStep>& steps);
std::string to_mermaid(const std::vector<DrawnStep>& steps);
/// Left to right by depth; edges that others imply are left out. `standalone`: with its own style, as a file.
std::string to_svg(const std::vector<DrawnStep>& steps, bool standalone);

}  // namespace slipway
