#include "graph/plan_document.h"

namespace slipway {
namespace {

constexpr int document_format = 1;

Action action_from(const std::string& text) {
  for (const Action action : {Action::create, Action::update, Action::replace, Action::remove})
    if (name(action) == text) return action;
  return Action::none;
}

Reason reason_from(const std::string& text) {
  for (const Reason reason :
       {Reason::missing, Reason::drift, Reason::spec_changed, Reason::not_in_spec, Reason::version})
    if (name(reason) == text) return reason;
  return Reason::none;
}

Layer layer_from(const std::string& text) {
  for (const Layer layer : {Layer::cloud, Layer::host})
    if (name(layer) == text) return layer;
  return Layer::cluster;
}

}  // namespace

Value to_document(const Plan& plan) {
  Value steps = Value::array();
  for (const PlannedStep& step : plan.steps) {
    Value fields = Value::array();
    for (const FieldChange& change : step.diff.fields)
      fields.push_back({{"field", change.field},
                        {"old", change.sensitive ? Value() : change.old_value},
                        {"new", change.sensitive ? Value() : change.new_value},
                        {"unknown", change.unknown},
                        {"sensitive", change.sensitive}});
    steps.push_back({{"id", step.id.text()},
                     {"machine", step.machine.text()},
                     {"layer", name(step.layer)},
                     {"title", step.title},
                     {"action", name(step.diff.action)},
                     {"reason", name(step.diff.reason)},
                     {"note", step.diff.note},
                     {"fields", std::move(fields)},
                     {"approval", step.needs_approval},
                     {"out_of_scope", step.out_of_scope},
                     {"problem", step.problem},
                     {"expected_ms", step.expected.count()}});
  }
  Value machines = Value::array();
  for (const MachineName& machine : plan.machines) machines.push_back(machine.text());
  return {{"slipway_plan", document_format},
          {"cluster", plan.cluster},
          {"binding",
           {{"spec_digest", plan.binding.spec_digest},
            {"lineage", plan.binding.lineage},
            {"serial", plan.binding.serial},
            {"version", plan.binding.version}}},
          {"machines", std::move(machines)},
          {"steps", std::move(steps)}};
}

Result<Plan> plan_from_document(const Value& document) {
  try {
    if (!document.is_object() || !document.contains("slipway_plan"))
      return fail(ErrorKind::corrupt, "not a saved plan", {.advice = "make one with: slipway plan SPEC --out FILE"});
    if (document.at("slipway_plan").get<int>() > document_format)
      return fail(ErrorKind::bad_input, "the plan was saved by a newer Slipway",
                  {.found = "format " + document.at("slipway_plan").dump(),
                   .expected = "format " + std::to_string(document_format) + " or older"});
    Plan plan;
    plan.cluster = document.at("cluster");
    const Value& binding = document.at("binding");
    plan.binding = {binding.at("spec_digest"), binding.at("lineage"), binding.at("serial"), binding.at("version")};
    for (const Value& machine : document.at("machines")) plan.machines.emplace_back(machine.get<std::string>());
    for (const Value& row : document.at("steps")) {
      PlannedStep step;
      step.id = StepId(row.at("id").get<std::string>());
      step.machine = MachineName(row.at("machine").get<std::string>());
      step.layer = layer_from(row.at("layer"));
      step.title = row.at("title");
      step.diff.action = action_from(row.at("action"));
      step.diff.reason = reason_from(row.at("reason"));
      step.diff.note = row.at("note");
      for (const Value& field : row.at("fields"))
        step.diff.fields.push_back({.field = field.at("field"),
                                    .old_value = field.at("old"),
                                    .new_value = field.at("new"),
                                    .unknown = field.at("unknown"),
                                    .sensitive = field.at("sensitive")});
      step.needs_approval = row.at("approval");
      step.out_of_scope = row.at("out_of_scope");
      step.problem = row.at("problem");
      step.expected = Milliseconds(row.at("expected_ms").get<int64_t>());
      plan.steps.push_back(std::move(step));
    }
    return plan;
  } catch (const Value::exception& problem) {
    return fail(ErrorKind::corrupt, "unreadable plan file",
                {.found = problem.what(), .advice = "make a new one with: slipway plan SPEC --out FILE"});
  }
}

Result<void> check_binding(const PlanBinding& saved, const PlanBinding& now) {
  const auto refuse = [](std::string what, std::string found, std::string expected) {
    return fail(ErrorKind::world_changed, "the plan is out of date: " + what,
                {.found = std::move(found),
                 .expected = std::move(expected),
                 .advice = "plan again, look at it, and apply that"});
  };
  if (saved.spec_digest != now.spec_digest)
    return refuse("the spec was changed since", now.spec_digest.substr(0, 12), saved.spec_digest.substr(0, 12));
  if (saved.lineage != now.lineage) return refuse("it was made from another state", now.lineage, saved.lineage);
  if (saved.serial != now.serial)
    return refuse("the state was changed since", "serial " + std::to_string(now.serial),
                  "serial " + std::to_string(saved.serial));
  if (saved.version != now.version)
    return refuse("it was made by another version of Slipway", now.version, saved.version);
  return {};
}

}  // namespace slipway
