#include "report/plan_text.h"

#include <algorithm>

#include "base/secret.h"
#include "base/text.h"

namespace slipway {
namespace {

std::string symbol(Action action, const Style& style) {
  switch (action) {
    case Action::none:
      return " ";
    case Action::create:
      return style.green("+");
    case Action::update:
      return style.yellow("~");
    case Action::replace:
      return style.red("±");
    case Action::remove:
      return style.red("-");
  }
  return " ";
}

std::string shown(const Value& value) {
  if (value.is_null()) return "(absent)";
  std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  text = redact(replace_all(text, "\n", "⏎"));
  if (text.size() > 80) text = text.substr(0, 77) + "…";
  return text;
}

std::string field_line(const FieldChange& change, const Style& style) {
  std::string line = "      " + change.field;
  if (change.field == "*") return style.dim("      known after what it needs is there");
  if (change.sensitive) return line + style.dim("  changed (not shown)");
  const std::string to = change.unknown ? style.dim("known after apply") : shown(change.new_value);
  if (change.old_value.is_null()) return line + (change.unknown || !change.new_value.is_null() ? "  " + to : "");
  return line + "  " + shown(change.old_value) + style.dim(" -> ") + to;
}

std::string padded(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

}  // namespace

std::string list_names(const std::vector<MachineName>& names, size_t at_most) {
  std::string out;
  const size_t shown_count = names.size() <= at_most + 1 ? names.size() : at_most;
  for (size_t i = 0; i < shown_count; ++i) out += (i > 0 ? ", " : "") + names[i].text();
  if (shown_count < names.size()) out += " and " + std::to_string(names.size() - shown_count) + " more";
  return out;
}

Milliseconds expected_time(const Plan& plan) {
  // Per machine the steps follow each other; machines work side by side, the cluster's own steps after the slowest.
  std::map<MachineName, Milliseconds> chains;
  for (const PlannedStep& step : plan.steps)
    if (step.diff.action != Action::none && !step.out_of_scope) chains[step.machine] += step.expected;
  Milliseconds longest{0}, shared{0};
  for (const auto& [machine, chain] : chains)
    (machine.empty() ? shared : longest) = machine.empty() ? chain : std::max(longest, chain);
  return longest + shared;
}

std::string plan_text(const Plan& plan, const Style& style, const PlanTextOptions& options) {
  std::string out;
  size_t widest = 20;
  for (const PlannedStep& step : plan.steps) widest = std::max(widest, std::min<size_t>(step.id.text().size(), 48));
  size_t problems = 0;
  for (const PlannedStep& step : plan.steps) {
    const bool acts = step.diff.action != Action::none;
    if (!step.problem.empty()) ++problems;
    if (!acts && !options.all && step.problem.empty()) continue;
    if (step.out_of_scope && !options.all) continue;
    out += "  " + symbol(step.diff.action, style) + " " + padded(step.id.text(), widest) + "  " +
           padded(std::string(name(step.diff.action)), 8) + style.dim(std::string(name(step.diff.reason)));
    if (step.out_of_scope) out += style.dim("  not in this run's scope");
    if (step.needs_approval) out += style.red("  needs --approve");
    out += "\n";
    if (!step.diff.note.empty()) out += style.dim("      " + step.diff.note) + "\n";
    if (!step.problem.empty())
      out += style.red("      could not be looked at: ") + replace_all(step.problem, "\n", "\n      ") + "\n";
    if (step.diff.action == Action::create) continue;  // A new thing's fields are in the spec.
    if (!step.diff.fields.empty() && step.diff.fields.front().field == "*") continue;  // The note says it.
    constexpr size_t most_fields = 20;
    for (size_t i = 0; i < step.diff.fields.size() && i < most_fields; ++i)
      out += field_line(step.diff.fields[i], style) + "\n";
    if (step.diff.fields.size() > most_fields)
      out += style.dim("      and " + std::to_string(step.diff.fields.size() - most_fields) +
                       " more fields (--output json shows all)") +
             "\n";
  }
  if (plan.nothing_to_do() && problems == 0)
    return out + "Nothing to do: all " + std::to_string(plan.steps.size()) + " steps are as the spec says.\n";
  const std::vector<MachineName> touches = plan.touches(), leaves = plan.leaves();
  out += "\n" + style.bold("Touches") + " " + (touches.empty() ? "no machine" : list_names(touches));
  if (!leaves.empty()) out += "; " + style.bold("leaves") + " " + list_names(leaves) + " untouched";
  out += ".\n" + style.bold("Plan") + ": " + std::to_string(plan.count(Action::create)) + " to create, " +
         std::to_string(plan.count(Action::update)) + " to update, " + std::to_string(plan.count(Action::replace)) +
         " to replace, " + std::to_string(plan.count(Action::remove)) + " to delete; about " +
         format_seconds(static_cast<double>(expected_time(plan).count()) / 1000) + ".\n";
  if (problems > 0)
    out +=
        std::to_string(problems) + " steps could not be looked at; they are looked at again when their turn comes.\n";
  return out;
}

}  // namespace slipway
