#include "playbook/playbook_step.h"

#include <algorithm>

#include "base/text.h"
#include "playbook/apply_run.h"
#include "playbook/check_report.h"

namespace slipway::playbook {
namespace {

Outputs outputs_of(const Value& facts, bool tells_facts) {
  Outputs outputs = {{"done", true}};
  if (!tells_facts) return outputs;
  for (const auto& [name, value] : facts.items())
    if (name.find('/') == std::string::npos) outputs[name] = value;
  return outputs;
}

Value to_value(const std::vector<FieldChange>& drift) {
  Value list = Value::array();
  for (const FieldChange& change : drift)
    list.push_back({{"field", change.field},
                    {"old", change.old_value},
                    {"new", change.new_value},
                    {"sensitive", change.sensitive}});
  return list;
}

/// Whether the text has a placeholder or a template's tag of that variable, or of a part of it.
bool names_variable(const std::string& text, const std::string& variable) {
  const auto part_of_name = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-'; };
  for (size_t at = text.find(variable); at != std::string::npos; at = text.find(variable, at + 1)) {
    size_t before = at;
    while (before > 0 && std::string_view(" #^&").find(text[before - 1]) != std::string_view::npos) --before;
    const bool opened = before >= 2 && text[before - 1] == '{' && (text[before - 2] == '{' || text[before - 2] == '$');
    const size_t after = at + variable.size();
    if (opened && (after == text.size() || !part_of_name(text[after]))) return true;
  }
  return false;
}

bool mentions(const Playbook& book, const Task& task, const std::string& variable) {
  if (names_variable(task.arguments.dump(), variable)) return true;
  if (!task.arguments.is_object()) return false;
  const std::string from = text_at(task.arguments, "from");
  if (from == variable || from.starts_with(variable + ".")) return true;
  const auto file = book.files.find(text_at(task.arguments, "source"));
  return task.module == "template" && file != book.files.end() && names_variable(file->second, variable);
}

}  // namespace

struct PlaybookStep::Prepared {
  HostAccess host;
  Program program;
};

Target PlaybookStep::target_without_values() const {
  Target target{.cluster = wish_.cluster, .role = wish_.role, .removal = wish_.removal};
  if (wish_.labels) target.labels = *wish_.labels;
  return target;
}

Result<PlaybookStep::Prepared> PlaybookStep::prepare(const Inputs& inputs) const {
  Result<HostAccess> host = host_access_from(inputs.at(wish_.access));
  if (!host) return std::move(host).error();
  Target target = target_without_values();
  target.secrets = wish_.secrets;
  for (const std::shared_ptr<const Value>& variables : wish_.shared) target.variables.update(*variables);
  if (wish_.variables.is_object()) target.variables.update(wish_.variables);
  for (const std::string& input : wish_.inputs) target.variables[input] = inputs.at(input);
  // A provider that gives addresses itself leaves it open until the machine is there.
  if (text_at(target.variables, "node_address").empty()) target.variables["node_address"] = host->address;
  if (wish_.wants_interface) target.address = host->address;
  Result<Program> program = Compiler::compile(*playbook_, target);
  if (!program) return std::move(program).error();
  return Prepared{std::move(*host), std::move(*program)};
}

Result<Observation> PlaybookStep::observe(Reader& reader, const Inputs& inputs) const {
  Result<Prepared> prepared = prepare(inputs);
  if (!prepared) return std::move(prepared).error();
  const CheckScript check = Compiler::check_script(prepared->program);
  const Deadline deadline = Deadline::in(wish_.limit);
  for (;;) {
    Result<ScriptOutcome> outcome = reader.hosts.check(prepared->host, check, Deadline::in(std::chrono::seconds(120)));
    if (!outcome) return std::move(outcome).error();
    Result<CheckReport> report = read_check_report(prepared->program, *outcome);
    if (!report) return std::move(report).error().while_doing("checking " + prepared->host.machine.text());
    if (!report->busy.empty()) {
      // A run that was cut off left its apply at work; what it does belongs into the picture.
      if (deadline.passed())
        return fail(ErrorKind::timeout, "an earlier apply on the host does not end",
                    {.found = "slipway-apply-" + report->busy,
                     .advice = "on the host: systemctl status slipway-apply-" + report->busy});
      const Result<ScriptOutcome> waited =
          reader.hosts.check(prepared->host, Compiler::wait_script(report->busy), deadline);
      if (!waited) return waited.error();
      continue;
    }
    if (report->stamp && *report->stamp != wish_.cluster)
      return fail(ErrorKind::bad_input, "the host belongs to another cluster",
                  {.found = "cluster '" + *report->stamp + "' in /var/lib/slipway/cluster",
                   .expected = "'" + wish_.cluster + "', or no such file",
                   .advice = "take the host out of that cluster first (slipway destroy), or name another host",
                   .where = prepared->host.machine.text() + " (" + prepared->host.address + ")"});
    if (wish_.removal && report->stamp) report->drift.push_back({.field = "stamp", .old_value = *report->stamp});
    return Observation{.exists = report->stamp.has_value(),
                       .facts = {{"drift", to_value(report->drift)},
                                 {"first", report->applied.empty()},
                                 {"same", report->applied == prepared->program.digest},
                                 {"note", report->note}},
                       .outputs = outputs_of(report->facts, wish_.tells_facts)};
  }
}

Diff PlaybookStep::diff(const Observation& seen, const Inputs&) const {
  Diff diff;
  for (const Value& change : seen.facts.at("drift"))
    diff.fields.push_back({.field = text_at(change, "field"),
                           .old_value = change.at("old"),
                           .new_value = change.at("new"),
                           .sensitive = change.value("sensitive", false)});
  if (diff.fields.empty()) return diff;
  // A host that is not ours, or no more, holds nothing for us to remove.
  if (wish_.removal && !seen.exists) return {};
  diff.note = text_at(seen.facts, "note");
  if (wish_.removal) {
    diff.action = Action::remove;
    diff.reason = Reason::not_in_spec;
  } else if (!seen.exists) {
    diff.action = Action::create;
    diff.reason = Reason::missing;
  } else {
    diff.action = Action::update;
    // A playbook that found all in place when it first looked was never applied; what differs then is drift.
    const bool nothing_there = std::all_of(diff.fields.begin(), diff.fields.end(),
                                           [](const FieldChange& change) { return change.old_value.is_null(); });
    const bool first = seen.facts.value("first", true);
    diff.reason = first && nothing_there                     ? Reason::missing
                  : first || seen.facts.value("same", false) ? Reason::drift
                                                             : Reason::spec_changed;
  }
  return diff;
}

Diff PlaybookStep::forecast(const Inputs&) const {
  Diff diff{.action = Action::create, .reason = Reason::missing};
  if (wish_.removal) diff = {.action = Action::remove, .reason = Reason::not_in_spec};
  std::vector<std::string> names = Compiler::task_names(*playbook_, target_without_values());
  diff.fields.reserve(names.size());
  for (std::string& name : names) diff.fields.push_back({.field = std::move(name), .unknown = true});
  return diff;
}

bool PlaybookStep::needs_input(const std::string& input, const Diff& diff) const {
  if (input == wish_.access) return true;
  return std::any_of(playbook_->tasks.begin(), playbook_->tasks.end(), [&](const Task& task) {
    const bool acts = std::any_of(diff.fields.begin(), diff.fields.end(), [&](const FieldChange& change) {
      const std::string& field = change.field;
      return field == "*" || field == task.name || field.starts_with(task.name + "/") ||
             field.starts_with(task.name + ": ");
    });
    return acts && mentions(*playbook_, task, input);
  });
}

Result<Outputs> PlaybookStep::apply(Writer& writer, const Diff& diff, const Inputs& inputs, Recorder& recorder) const {
  Result<Prepared> prepared = prepare(inputs);
  if (!prepared) return std::move(prepared).error();
  Approval approval = Approval::of(prepared->program, diff);
  // A removal was approved as a whole: nothing of ours may stay because it was not seen before.
  if (diff.action == Action::remove) approval.everything = true;
  Result<Value> facts = ApplyRun(writer, prepared->host, prepared->program, approval, recorder, wish_.limit).run();
  if (!facts)
    return std::move(facts).error().while_doing("applying playbook " + playbook_->name + " on " +
                                                prepared->host.machine.text());
  return outputs_of(*facts, wish_.tells_facts);
}

}  // namespace slipway::playbook
