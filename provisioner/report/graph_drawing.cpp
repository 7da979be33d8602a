#include "report/graph_drawing.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "base/text.h"
#include "report/markup.h"

namespace slipway {
namespace {

/// "workers-12" -> "workers-*"; other words stay.
std::string without_ordinal(const std::string& word) {
  const size_t dash = word.rfind('-');
  if (dash == std::string::npos || dash + 1 == word.size()) return word;
  const bool ordinal = std::all_of(word.begin() + static_cast<std::ptrdiff_t>(dash) + 1, word.end(),
                                   [](unsigned char c) { return std::isdigit(c) != 0; });
  return ordinal ? word.substr(0, dash + 1) + "*" : word;
}

std::string folded_name(const std::string& id) {
  std::vector<std::string> parts = split(id, '/');
  for (std::string& part : parts) part = without_ordinal(part);
  return join(parts, "/");
}

/// Edges that no other path implies. The pictures are small once folded, so that a search per edge is cheap.
std::vector<std::vector<size_t>> essential_edges(const std::vector<DrawnStep>& steps) {
  std::vector<std::vector<bool>> reaches(steps.size(), std::vector<bool>(steps.size(), false));
  std::vector<std::vector<size_t>> kept(steps.size());
  for (size_t i = 0; i < steps.size(); ++i) {
    for (const size_t need : steps[i].needs) {
      const bool implied = std::any_of(steps[i].needs.begin(), steps[i].needs.end(),
                                       [&](size_t other) { return other != need && reaches[other][need]; });
      if (!implied) kept[i].push_back(need);
    }
    for (const size_t need : steps[i].needs) {
      reaches[i][need] = true;
      for (size_t j = 0; j < need; ++j)
        if (reaches[need][j]) reaches[i][j] = true;
    }
  }
  return kept;
}

struct Place {
  size_t column = 0, row = 0;
};

/// Columns by depth; within a column near the middle of what is needed.
std::vector<Place> lay_out(const std::vector<std::vector<size_t>>& needs) {
  std::vector<Place> places(needs.size());
  std::map<size_t, std::vector<size_t>> columns;
  for (size_t i = 0; i < needs.size(); ++i) {
    for (const size_t need : needs[i]) places[i].column = std::max(places[i].column, places[need].column + 1);
    columns[places[i].column].push_back(i);
  }
  for (auto& [column, members] : columns) {
    std::map<size_t, double> middle;
    for (const size_t member : members) {
      double sum = 0;
      for (const size_t need : needs[member]) sum += static_cast<double>(places[need].row);
      middle[member] = needs[member].empty() ? 0 : sum / static_cast<double>(needs[member].size());
    }
    std::stable_sort(members.begin(), members.end(), [&](size_t a, size_t b) { return middle[a] < middle[b]; });
    for (size_t row = 0; row < members.size(); ++row) places[members[row]].row = row;
  }
  return places;
}

}  // namespace

std::vector<DrawnStep> drawn_steps(const Graph& graph) {
  std::vector<DrawnStep> steps;
  for (const Node& node : graph.nodes())
    steps.push_back({.id = node.info.id.text(),
                     .title = node.info.title.empty() ? node.info.id.text() : node.info.title,
                     .layer = std::string(name(node.info.layer)),
                     .needs = node.needs});
  return steps;
}

std::vector<DrawnStep> folded(const std::vector<DrawnStep>& steps) {
  std::vector<DrawnStep> out;
  std::vector<size_t> position(steps.size());
  std::map<std::string, size_t> known;
  std::vector<size_t> members;
  for (size_t i = 0; i < steps.size(); ++i) {
    const auto [place, fresh] = known.try_emplace(folded_name(steps[i].id), out.size());
    position[i] = place->second;
    if (fresh) {
      out.push_back(steps[i]);
      out.back().needs.clear();
      members.push_back(0);
    }
    DrawnStep& drawn = out[place->second];
    if (steps[i].state == "failed" || drawn.state.empty() || drawn.state == "unchanged") drawn.state = steps[i].state;
    ++members[place->second];
    for (const size_t need : steps[i].needs)
      // An edge between siblings, or back from a later sibling, would be a loop in the folded picture.
      if (position[need] < position[i] &&
          std::find(drawn.needs.begin(), drawn.needs.end(), position[need]) == drawn.needs.end())
        drawn.needs.push_back(position[need]);
  }
  for (const auto& [name, place] : known)
    if (members[place] > 1) out[place].id = out[place].title = name + " (" + std::to_string(members[place]) + ")";
  return out;
}

std::string to_dot(const std::vector<DrawnStep>& steps) {
  const auto quoted = [](const std::string& text) { return "\"" + replace_all(text, "\"", "'") + "\""; };
  std::string out = "digraph slipway {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n";
  for (const DrawnStep& step : steps) {
    out += "  " + quoted(step.id) + " [tooltip=" + quoted(step.title) + "];\n";
    for (const size_t need : step.needs) out += "  " + quoted(steps[need].id) + " -> " + quoted(step.id) + ";\n";
  }
  return out + "}\n";
}

std::string to_mermaid(const std::vector<DrawnStep>& steps) {
  std::string out = "flowchart LR\n";
  for (size_t i = 0; i < steps.size(); ++i)
    out += "  s" + std::to_string(i) + "[\"" + replace_all(steps[i].id, "\"", "'") + "\"]\n";
  for (size_t i = 0; i < steps.size(); ++i)
    for (const size_t need : steps[i].needs)
      out += "  s" + std::to_string(need) + " --> s" + std::to_string(i) + "\n";
  return out;
}

std::string to_svg(const std::vector<DrawnStep>& steps, bool standalone) {
  constexpr size_t column_width = 250, row_height = 34, box_width = 210, box_height = 24, margin = 12;
  const std::vector<std::vector<size_t>> needs = essential_edges(steps);
  const std::vector<Place> places = lay_out(needs);
  size_t width = 0, height = 0;
  const auto left = [&](size_t i) { return margin + places[i].column * column_width; };
  const auto top = [&](size_t i) { return margin + places[i].row * row_height; };
  for (size_t i = 0; i < steps.size(); ++i) {
    width = std::max(width, left(i) + box_width + margin);
    height = std::max(height, top(i) + box_height + margin);
  }
  const auto number = [](size_t value) { return std::to_string(value); };
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"graph\" viewBox=\"0 0 " + number(width) + " " +
                    number(height) + "\" width=\"" + number(width) + "\" height=\"" + number(height) + "\">\n";
  if (standalone) out += "<style>" + std::string(graph_style) + "</style>\n";
  for (size_t i = 0; i < steps.size(); ++i)
    for (const size_t need : needs[i]) {
      const size_t from_x = left(need) + box_width, from_y = top(need) + box_height / 2;
      const size_t to_x = left(i), to_y = top(i) + box_height / 2, bend = (to_x - from_x) / 2;
      out += "<path class=\"edge\" d=\"M" + number(from_x) + " " + number(from_y) + " C" + number(from_x + bend) + " " +
             number(from_y) + " " + number(to_x - bend) + " " + number(to_y) + " " + number(to_x) + " " + number(to_y) +
             "\"/>\n";
    }
  for (size_t i = 0; i < steps.size(); ++i) {
    std::string label = steps[i].id;
    constexpr size_t most = 32;
    if (label.size() > most) label = label.substr(0, most - 1) + "…";
    out += "<g class=\"node " + steps[i].layer + " " + steps[i].state + "\"><title>" + escape_markup(steps[i].title) +
           "</title><rect x=\"" + number(left(i)) + "\" y=\"" + number(top(i)) + "\" width=\"" + number(box_width) +
           "\" height=\"" + number(box_height) + "\" rx=\"4\"/><text x=\"" + number(left(i) + 8) + "\" y=\"" +
           number(top(i) + 16) + "\">" + escape_markup(label) + "</text></g>\n";
  }
  return out + "</svg>\n";
}

}  // namespace slipway
