#include "report/plan_text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>

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

/// "memory_bytes 2147483648 -> 4294967296" as "memory 2.0 GiB -> 4.0 GiB", unless that hides the difference.
FieldChange readable(FieldChange change) {
  constexpr std::string_view unit = "_bytes";
  const auto amount = [](const Value& value) { return value.is_number_unsigned() || value.is_null(); };
  const auto words = [](const Value& value) {
    return value.is_null() ? value : Value(format_bytes(value.get<uint64_t>()));
  };
  if (!change.field.ends_with(unit) || !amount(change.old_value) || !amount(change.new_value)) return change;
  const Value from = words(change.old_value), to = words(change.new_value);
  if (from == to) return change;
  change.field.resize(change.field.size() - unit.size());
  change.old_value = from;
  change.new_value = to;
  return change;
}

std::string field_line(const FieldChange& exact, const Style& style) {
  const FieldChange change = readable(exact);
  std::string line = "      " + change.field;
  if (change.field == "*") return style.dim("      known after what it needs is there");
  if (change.sensitive) return line + style.dim("  changed (not shown)");
  const std::string to = change.unknown ? style.dim("known after apply") : shown(change.new_value);
  if (change.old_value.is_null()) return line + (change.unknown || !change.new_value.is_null() ? "  " + to : "");
  return line + "  " + shown(change.old_value) + style.dim(" -> ") + to;
}

constexpr double hours_of_a_month = 365.25 * 24 / 12;

/// Money: two digits behind the point, more where the first of them would be nothing.
std::string amount(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value < 0.1 ? "%.4f" : "%.2f", value);
  return text;
}

std::string padded(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

/// What is left of an id under the heading of its machine: "host/workers-1/base" -> "base".
std::string short_name(const PlannedStep& step) {
  std::string out;
  for (const std::string& part : split(step.id.text(), '/'))
    if (part != step.machine.text() && part != "host" && !(part == "kubernetes" && out.empty()))
      out += (out.empty() ? "" : "/") + part;
  // "host/NAME/kubernetes" is a part's own name, not a prefix.
  return out.empty() ? "kubernetes" : out;
}

/// Breaks a list into lines that fit, each but the first behind `indent` blanks.
std::string wrapped(const std::vector<std::string>& words, size_t indent, size_t width) {
  std::string out;
  size_t column = indent;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string word = words[i] + (i + 1 < words.size() ? "," : "");
    if (i > 0 && column + 1 + word.size() > width) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (i > 0) {
      out += " ";
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out;
}

/// Things that are made and need no more words than their names.
struct Group {
  std::vector<MachineName> machines;  ///< Empty: not on machines.
  std::vector<std::string> parts;
};

class PlanText {
 public:
  PlanText(const Plan& plan, const Style& style, const PlanTextOptions& options)
      : plan_(plan), style_(style), options_(options) {}

  std::string text() {
    if (!options_.all) add_groups();
    for (const PlannedStep& step : plan_.steps)
      if (options_.all || (worth_a_line(step) && !grouped(step))) add_step(step);
    const size_t problems = static_cast<size_t>(std::count_if(
        plan_.steps.begin(), plan_.steps.end(), [](const PlannedStep& step) { return !step.problem.empty(); }));
    if (plan_.nothing_to_do() && problems == 0)
      return out_ + "Nothing to do: all " + std::to_string(plan_.steps.size()) + " steps are as the spec says.\n";
    add_closing(problems);
    return std::move(out_);
  }

 private:
  static bool acts(const PlannedStep& step) { return step.diff.action != Action::none && !step.out_of_scope; }
  static bool worth_a_line(const PlannedStep& step) { return acts(step) || !step.problem.empty(); }

  /// A creation that needs no explanation: everything about it stands in the spec.
  static bool plain(const PlannedStep& step) {
    return acts(step) && step.diff.action == Action::create && step.diff.note.empty() && step.problem.empty() &&
           !step.needs_approval;
  }
  static bool artifact(const PlannedStep& step) { return step.id.text().starts_with("artifact/"); }

  /// Whether the step is told by a group: artifacts, and machines that are made as a whole.
  bool grouped(const PlannedStep& step) const {
    return plain(step) && (artifact(step) || fresh_.contains(step.machine));
  }

  void add_groups() {
    std::map<MachineName, std::vector<std::string>> parts;
    std::vector<MachineName> in_order;
    std::vector<std::string> artifacts;
    std::set<MachineName> not_plain;
    for (const PlannedStep& step : plan_.steps) {
      if (!worth_a_line(step)) continue;
      if (artifact(step) && plain(step)) artifacts.push_back(step.id.text().substr(std::string("artifact/").size()));
      if (step.machine.empty()) continue;
      if (!plain(step)) not_plain.insert(step.machine);
      std::vector<std::string>& known = parts[step.machine];
      if (known.empty()) in_order.push_back(step.machine);
      known.push_back(short_name(step));
    }
    std::vector<Group> groups;
    std::map<std::vector<std::string>, size_t> group_of;
    for (const MachineName& machine : in_order) {
      if (not_plain.contains(machine)) continue;
      fresh_.insert(machine);
      const std::vector<std::string>& names = parts.at(machine);
      const auto [place, fresh] = group_of.try_emplace(names, groups.size());
      if (fresh) groups.push_back({{}, names});
      groups[place->second].machines.push_back(machine);
    }
    if (!artifacts.empty()) add_group("artifacts", artifacts, artifacts.size());
    for (const Group& group : groups)
      add_group(list_names(group.machines), group.parts, group.parts.size() * group.machines.size());
  }

  void add_group(const std::string& heading, const std::vector<std::string>& parts, size_t steps) {
    out_ += "  " + symbol(Action::create, style_) + " " + padded(heading, 32) + "  create  " +
            style_.dim(std::to_string(steps) + (steps == 1 ? " step" : " steps")) + "\n        " +
            style_.dim(wrapped(parts, 8, static_cast<size_t>(std::max(40, style_.width - 1)))) + "\n";
  }

  void add_step(const PlannedStep& step) {
    out_ += "  " + symbol(step.out_of_scope ? Action::none : step.diff.action, style_) + " " +
            padded(step.id.text(), 32) + "  ";
    if (acts(step)) out_ += name(step.diff.action);
    if (const std::string reason = acts(step) ? reason_of(step) : ""; !reason.empty())
      out_ += "  " + style_.dim(reason);
    if (step.diff.action != Action::none && step.out_of_scope) out_ += style_.dim("not in this run's scope");
    if (acts(step) && step.needs_approval) out_ += style_.red("  needs --approve");
    out_ += "\n";
    if (!step.diff.note.empty()) out_ += style_.dim("      " + step.diff.note) + "\n";
    if (!step.problem.empty())
      out_ += style_.red("      could not be looked at: ") + replace_all(step.problem, "\n", "\n      ") + "\n";
    if (!acts(step) || step.diff.action == Action::create) return;  // A new thing's fields are in the spec.
    if (!step.diff.fields.empty() && step.diff.fields.front().field == "*") return;  // The note says it.
    constexpr size_t most_fields = 20;
    for (size_t i = 0; i < step.diff.fields.size() && i < most_fields; ++i)
      out_ += field_line(step.diff.fields[i], style_) + "\n";
    if (step.diff.fields.size() > most_fields)
      out_ += style_.dim("      and " + std::to_string(step.diff.fields.size() - most_fields) +
                         " more fields (--output json shows all)") +
              "\n";
  }

  /// A thing that is missing needs no reason beside "create".
  static std::string reason_of(const PlannedStep& step) {
    return step.diff.action == Action::create && step.diff.reason == Reason::missing
               ? ""
               : std::string(name(step.diff.reason));
  }

  void add_closing(size_t problems) {
    const std::vector<MachineName> touches = plan_.touches(), leaves = plan_.leaves();
    out_ += "\n" + style_.bold("Touches") + " " + (touches.empty() ? "no machine" : list_names(touches));
    if (!leaves.empty()) out_ += "; " + style_.bold("leaves") + " " + list_names(leaves) + " untouched";
    out_ += ".\n";
    add_claims();
    if (plan_.critical_path.size() > 1) {
      std::vector<std::string> path;
      for (const StepId& step : plan_.critical_path) path.push_back(step.text());
      constexpr size_t most = 5;
      if (path.size() > most) path = {path[0], path[1], "…", path[path.size() - 2], path.back()};
      out_ += style_.dim("Longest chain: " + join(path, " > ")) + "\n";
    }
    if (problems > 0)
      out_ += std::to_string(problems) +
              (problems == 1 ? " step could not be looked at; it is looked at again when its turn comes.\n"
                             : " steps could not be looked at; they are looked at again when their turn comes.\n");
    out_ += style_.bold("Plan") + ": " + counts();
    if (const size_t waiting = plan_.waiting_for_approval(); waiting > 0)
      out_ += " (" + std::to_string(waiting) + (waiting == 1 ? " needs" : " need") + " --approve)";
    if (plan_.critical_time > Milliseconds(0))
      out_ += ", at least " + format_seconds(static_cast<double>(plan_.critical_time.count()) / 1000);
    out_ += ".";
    if (!options_.next.empty() && !plan_.nothing_to_do()) out_ += " Nothing was changed; to do it: " + next_command();
    out_ += "\n";
  }

  /// What it takes of limits, and what it costs, where that is known.
  void add_claims() {
    std::vector<std::string> words;
    for (const Claim& claim : plan_.claims)
      if (claim.left)
        words.push_back(std::to_string(claim.wanted) + " of " + std::to_string(*claim.left) + " " + claim.what);
    if (!words.empty())
      out_ += style_.bold("Takes") + " " + wrapped(words, 6, static_cast<size_t>(std::max(40, style_.width - 8))) +
              " that are left.\n";
    if (!plan_.price_per_hour) return;
    const double price = *plan_.price_per_hour;
    out_ += style_.bold("Costs") + " ";
    if (price == 0)
      out_ += "as much as now.\n";
    else
      out_ += amount(std::abs(price)) + " an hour " + (price > 0 ? "more" : "less") + ", " +
              amount(std::abs(price) * hours_of_a_month) + " a month.\n";
  }

  /// Where all of it waits for approval, the command that does something; where a part does, both.
  std::string next_command() const {
    const size_t waiting = plan_.waiting_for_approval();
    const bool all = waiting == static_cast<size_t>(std::count_if(plan_.steps.begin(), plan_.steps.end(), acts));
    // What is made again, empty, needs more than --approve: its own line says what.
    const bool empty = std::any_of(plan_.steps.begin(), plan_.steps.end(), [](const PlannedStep& step) {
      return acts(step) && step.needs_approval && step.diff.action == Action::create;
    });
    if (waiting == 0 || empty) return options_.next;
    return all ? options_.next + " --approve" : options_.next + ", with --approve for all of it";
  }

  std::string counts() const {
    std::vector<std::string> parts;
    for (const auto& [action, verb] : {std::pair{Action::create, "create"},
                                       {Action::update, "update"},
                                       {Action::replace, "replace"},
                                       {Action::remove, "delete"}})
      if (const size_t count = plan_.count(action); count > 0) parts.push_back(std::to_string(count) + " to " + verb);
    return parts.empty() ? "nothing to do" : join(parts, ", ");
  }

  const Plan& plan_;
  const Style& style_;
  const PlanTextOptions& options_;
  std::string out_;
  std::set<MachineName> fresh_;  ///< Machines whose every acting step is a plain creation.
};

}  // namespace

std::string list_names(const std::vector<MachineName>& names, size_t at_most) {
  std::string out;
  const size_t shown_count = names.size() <= at_most + 1 ? names.size() : at_most;
  for (size_t i = 0; i < shown_count; ++i) out += (i > 0 ? ", " : "") + names[i].text();
  if (shown_count < names.size()) out += " and " + std::to_string(names.size() - shown_count) + " more";
  return out;
}

std::string plan_text(const Plan& plan, const Style& style, const PlanTextOptions& options) {
  return PlanText(plan, style, options).text();
}

}  // namespace slipway
