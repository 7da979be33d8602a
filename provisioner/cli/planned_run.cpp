#include "cli/planned_run.h"

#include <set>

#include "base/text.h"
#include "cli/closing_page.h"
#include "cli/output.h"
#include "cli/state_access.h"
#include "cluster/encryption.h"
#include "report/plan_text.h"
#include "report/style.h"

namespace slipway {
namespace {

/// A host of which nothing is recorded yet and which is not the one that the spec names: the spec is to be mended
/// first, before half a cluster stands. One that was ours stops itself alone; the others are kept in order meanwhile.
Result<void> check_identities(Session& session, const Plan& plan) {
  for (const PlannedStep& step : plan.steps)
    if (step.not_itself && step.layer == Layer::host && !session.store().find(step.id))
      return fail(
          ErrorKind::verification, "a host is not the one that the spec names; nothing was touched",
          {.found = step.machine.text() + ": see the plan above",
           .advice = "mend the spec, or find out who answers at that address; then run the same command again"});
  return {};
}

/// What this run's scope left out although steps within it wait for that, and how to get on.
std::string beyond_scope_text(const Session& session, const RunSummary& summary) {
  const std::string blocked =
      std::to_string(summary.blocked) + " not done: what they wait for is not in this run's scope";
  std::string steps, targets;
  std::set<std::string> machines;
  for (const StepId& step : summary.beyond_scope) {
    steps += "\n  " + step.text();
    targets += "\n  --target " + shell_quote(step.text());
    for (const Node& node : session.graph().nodes())
      if (node.info.id == step && !node.info.machine.empty()) machines.insert(node.info.machine.text());
  }
  if (!session.options().targets.empty()) return blocked + ". Run again without --target, or with:" + targets;
  std::string names;
  for (const std::string& machine : machines) names += " " + machine;
  return blocked + ":" + steps + "\nMend that first, then run the same command again: slipway repair " +
         session.spec().path + names;
}

/// Goes on with a change of the encryption key after the run that brought every API server to its present stage: each
/// further stage is a run of its own.
Result<RunSummary> end_key_change(Session& session, const std::string& verb, RunSummary summary) {
  while (summary.exit_code() == 0 && !summary.cancelled && key_change_under_way(session.store().snapshot())) {
    if (Result<void> advanced = advance_key_change(session.store()); !advanced) return std::move(advanced).error();
    if (Result<void> again = session.reload_spec(); !again) return std::move(again).error();
    if (Result<void> expanded = session.expand_graph(); !expanded) return std::move(expanded).error();
    Result<Plan> plan = session.plan(key_change_targets(session));
    if (!plan) return std::move(plan).error();
    show_plan(*plan, session.options());
    summary = session.run(*plan, verb);
  }
  return summary;
}

}  // namespace

std::vector<std::string> key_change_targets(const Session& session) {
  std::vector<std::string> targets = {"host/*/upkeep"};
  if (session.identity().encryption.stage == EncryptionStage::written) targets.emplace_back("kubernetes/encryption");
  return targets;
}

void show_plan(const Plan& plan, const Options& options) {
  const std::string text = plan_text(plan, style_for(2), {.all = options.all});
  std::fputs(text.c_str(), stderr);
}

int conclude(const Session& session, const RunSummary& summary, Value* collected) {
  const Options& options = session.options();
  const Value document = session.run_document();
  if (collected)
    *collected = document;
  else if (options.json)
    print_result(options, "", document);
  if (summary.waiting_approval > 0) {
    std::string waiting;
    for (const StepId& step : summary.waiting) waiting += "\n  " + step.text();
    for (const StepFailure& refusal : summary.refusals) say(describe(refusal.error));
    say("Waiting for approval" +
        std::string(summary.refusals.size() == summary.waiting.size() ? "" : " (run again with --approve)") + ":" +
        waiting);
  }
  if (!summary.beyond_scope.empty()) say(beyond_scope_text(session, summary));
  if (summary.failed > 0) {
    const StepFailure& first = summary.failures.front();
    // The view printed each failure when it happened, except those outside a step.
    if (first.step.text() == "run" || first.step.text() == "state") say(describe(first.error));
    say(std::to_string(summary.applied) + " applied, " + std::to_string(summary.failed) + " failed, " +
        std::to_string(summary.blocked) + " not tried, in " + format_seconds(summary.seconds) +
        ". What is done stays done: mend the cause and run the same command again.");
    say("Log: " + session.state_directory() + "/runs/" + text_at(document, "run"));
  } else if (summary.cancelled) {
    say("Stopped after " + std::to_string(summary.applied) + " steps. Run the same command again to go on.");
    return cancelled_exit_code();
  } else {
    say(std::to_string(summary.applied) + " applied in " + format_seconds(summary.seconds) + ".");
  }
  const int code = summary.cancelled ? cancelled_exit_code() : summary.exit_code();
  // A pattern of the user's own that leaves out what its steps need asked for something that cannot be done.
  const bool asked_for_less = summary.failed == 0 && summary.waiting_approval == 0 && !summary.cancelled &&
                              !summary.beyond_scope.empty() && !options.targets.empty();
  return asked_for_less ? exit_code(ErrorKind::bad_input) : code;
}

int plan_and_run(Session& session, const std::string& verb, const std::vector<std::string>& targets, bool closing_page,
                 Value* collected) {
  const Options& options = session.options();
  if (Result<void> expanded = session.expand_graph(); !expanded) return report_error(options, expanded.error());
  Result<Plan> plan = session.plan(targets);
  if (!plan) return report_error(options, plan.error());
  show_plan(*plan, options);
  if (Result<void> room = check_room(plan->claims); !room) return report_error(options, room.error());
  if (Result<void> known = check_identities(session, *plan); !known) return report_error(options, known.error());
  Result<RunSummary> summary = session.run(*plan, verb);
  if (targets.empty() || targets == key_change_targets(session)) summary = end_key_change(session, verb, *summary);
  if (!summary) return report_error(options, summary.error());
  const int code = conclude(session, *summary, collected);
  if (closing_page && code == 0) print_closing_page(session);
  return code;
}

void tell_release(const Session& session) {
  if (const Result<void> kept = session.check_release(); !kept) say(describe(kept.error()));
}

Result<void> preflight(Session& session) {
  const std::vector<Error> problems = session.provider().preflight();
  if (problems.empty()) return {};
  for (size_t i = 1; i < problems.size(); ++i) say(describe(problems[i]));
  return problems.front();
}

int open_and_run(const Options& options, const std::string& verb, const std::vector<std::string>& targets,
                 bool closing_page) {
  Result<std::unique_ptr<Session>> session = Session::open(options, verb, Access::change);
  if (!session) return report_error(options, session.error());
  // What runs is mended whatever the spec asks for; while hosts are of two releases the graph itself refuses.
  if (Result<void> kept = (*session)->check_release(); !kept && verb != "repair")
    return report_error(options, kept.error());
  else if (!kept && !(*session)->upgrading())
    tell_release(**session);
  if (Result<void> ready = preflight(**session); !ready) return report_error(options, ready.error());
  return plan_and_run(**session, verb, targets, closing_page);
}

}  // namespace slipway
