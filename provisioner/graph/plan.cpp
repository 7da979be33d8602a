#include "graph/plan.h"

#include <algorithm>
#include <set>

#include "base/text.h"

namespace slipway {

size_t Plan::count(Action action) const {
  return static_cast<size_t>(std::count_if(steps.begin(), steps.end(), [&](const PlannedStep& step) {
    return step.diff.action == action && !step.out_of_scope;
  }));
}

bool Plan::nothing_to_do() const {
  return count(Action::none) +
             static_cast<size_t>(std::count_if(steps.begin(), steps.end(),
                                               [](const PlannedStep& step) { return step.out_of_scope; })) ==
         steps.size();
}

size_t Plan::waiting_for_approval() const {
  return static_cast<size_t>(std::count_if(steps.begin(), steps.end(), [](const PlannedStep& step) {
    return step.needs_approval && step.diff.action != Action::none && !step.out_of_scope;
  }));
}

std::vector<MachineName> Plan::touches() const {
  std::set<MachineName> touched;
  for (const PlannedStep& step : steps)
    if (step.diff.action != Action::none && !step.out_of_scope && !step.machine.empty()) touched.insert(step.machine);
  return {touched.begin(), touched.end()};
}

std::vector<MachineName> Plan::leaves() const {
  const std::vector<MachineName> touched = touches();
  std::vector<MachineName> left;
  for (const MachineName& machine : machines)
    if (!std::binary_search(touched.begin(), touched.end(), machine)) left.push_back(machine);
  return left;
}

Result<void> check_room(const std::vector<Claim>& claims) {
  std::vector<std::string> short_of, wanted;
  for (const Claim& claim : claims) {
    if (!claim.left || claim.wanted <= *claim.left) continue;
    short_of.push_back(claim.what + ": " + std::to_string(std::max<int64_t>(*claim.left, 0)) + " left");
    wanted.push_back(claim.what + ": " + std::to_string(claim.wanted));
  }
  if (short_of.empty()) return {};
  return fail(ErrorKind::quota, "the provider's limits do not suffice; nothing was made",
              {.found = join(short_of, ", "),
               .expected = join(wanted, ", "),
               .advice = "ask the provider for a larger quota, or plan fewer or smaller machines"});
}

Value to_json(const Plan& plan, bool all) {
  Value steps = Value::array(), objects = Value::array();
  for (const PlannedStep& step : plan.steps) {
    const bool acts = step.diff.action != Action::none && !step.out_of_scope;
    if (!acts && !all && step.problem.empty()) continue;
    Value fields = Value::array();
    for (const FieldChange& change : step.diff.fields) {
      fields.push_back({{"field", change.field},
                        {"old", change.sensitive ? Value() : change.old_value},
                        {"new", change.sensitive || change.unknown ? Value() : change.new_value},
                        {"unknown", change.unknown},
                        {"sensitive", change.sensitive}});
      if (acts && step.layer == Layer::cluster && change.field.find(' ') != std::string::npos)
        objects.push_back(change.field.substr(0, change.field.find(' ')));
    }
    Value row = {{"id", step.id.text()},
                 {"machine", step.machine.text()},
                 {"layer", name(step.layer)},
                 {"action", name(step.out_of_scope ? Action::none : step.diff.action)},
                 {"reason", name(step.diff.reason)},
                 {"approval", step.needs_approval},
                 {"expected_ms", step.expected.count()},
                 {"diff", std::move(fields)}};
    if (!step.diff.note.empty()) row["note"] = step.diff.note;
    if (!step.problem.empty()) row["problem"] = step.problem;
    steps.push_back(std::move(row));
  }
  objects.erase(std::unique(objects.begin(), objects.end()), objects.end());
  const auto names = [](const std::vector<MachineName>& machines) {
    Value list = Value::array();
    for (const MachineName& machine : machines) list.push_back(machine.text());
    return list;
  };
  Value path = Value::array();
  for (const StepId& step : plan.critical_path) path.push_back(step.text());
  const size_t out_of_scope = static_cast<size_t>(
      std::count_if(plan.steps.begin(), plan.steps.end(), [](const PlannedStep& step) { return step.out_of_scope; }));
  Value document = {{"format", 1},
                    {"cluster", plan.cluster},
                    {"actions",
                     {{"create", plan.count(Action::create)},
                      {"update", plan.count(Action::update)},
                      {"replace", plan.count(Action::replace)},
                      {"delete", plan.count(Action::remove)},
                      {"none", plan.count(Action::none) + out_of_scope}}},
                    {"touches", names(plan.touches())},
                    {"leaves", names(plan.leaves())},
                    {"objects", std::move(objects)},
                    {"expected_ms", plan.critical_time.count()},
                    {"critical_path", std::move(path)},
                    {"steps", std::move(steps)}};
  if (!plan.claims.empty()) {
    Value claims = Value::array();
    for (const Claim& claim : plan.claims)
      claims.push_back(
          {{"what", claim.what}, {"wanted", claim.wanted}, {"left", claim.left ? Value(*claim.left) : Value()}});
    document["claims"] = std::move(claims);
  }
  if (plan.price_per_hour) document["price_per_hour"] = *plan.price_per_hour;
  return document;
}

}  // namespace slipway
