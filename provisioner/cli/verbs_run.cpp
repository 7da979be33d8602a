// The verbs that change something: one run each, of the same engine. Those of nodes: verbs_node.cpp.

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "cli/output.h"
#include "cli/places.h"
#include "cli/planned_run.h"
#include "cli/state_access.h"
#include "cli/verbs.h"
#include "cluster/encryption.h"
#include "graph/plan_document.h"
#include "report/plan_text.h"
#include "report/style.h"

namespace slipway {
namespace {

using SessionResult = Result<std::unique_ptr<Session>>;

Result<Plan> read_plan(const std::string& path) {
  Result<std::string> text = read_file(path);
  if (!text) return std::move(text).error();
  const Value document = Value::parse(*text, nullptr, false);
  if (document.is_discarded()) return fail(ErrorKind::corrupt, "not a saved plan", {.where = path});
  return plan_from_document(document);
}

int apply_saved_plan(Options options, const std::string& path) {
  Result<std::string> text = read_file(path);
  if (!text) return report_error(options, text.error());
  const Value document = Value::parse(*text, nullptr, false);
  Result<Plan> saved = read_plan(path);
  if (!saved) return report_error(options, saved.error());
  options.spec = text_at(document, "spec");
  SessionResult session = Session::open(options, "apply", Access::look);
  if (!session) return report_error(options, session.error());
  if (Result<void> kept = (*session)->check_release(); !kept) return report_error(options, kept.error());
  // Bound before the lock writes anything; the lock is taken right after and the binding holds the serial.
  if (Result<void> expanded = (*session)->expand_graph(); !expanded) return report_error(options, expanded.error());
  Result<Plan> now = (*session)->plan({});
  if (!now) return report_error(options, now.error());
  if (Result<void> bound = check_binding(saved->binding, now->binding); !bound)
    return report_error(options, bound.error());
  session->reset();
  session = Session::open(options, "apply", Access::change);
  if (!session) return report_error(options, session.error());
  if (Result<void> ready = preflight(**session); !ready) return report_error(options, ready.error());
  if (Result<void> expanded = (*session)->expand_graph(); !expanded) return report_error(options, expanded.error());
  now = (*session)->plan({});
  if (!now) return report_error(options, now.error());
  for (size_t i = 0; i < now->steps.size(); ++i)
    for (const PlannedStep& step : saved->steps)
      if (step.id == now->steps[i].id) now->steps[i].out_of_scope = step.out_of_scope;
  if (Result<void> weighed = (*session)->weigh(*now); !weighed) return report_error(options, weighed.error());
  show_plan(*now, options);
  if (Result<void> room = check_room(now->claims); !room) return report_error(options, room.error());
  return conclude(**session, (*session)->run(*now, "apply", &*saved));
}

}  // namespace

int verb_bootstrap(const Options& options) { return open_and_run(options, "bootstrap", {}, !options.json); }

int verb_cert_rotate_encryption(const Options& options) {
  SessionResult session = Session::open(options, "cert rotate-encryption", Access::change);
  if (!session) return report_error(options, session.error());
  if ((*session)->store().fact("initialised").is_null())
    return report_error(options, no_cluster_yet((*session)->spec().path));
  if (key_change_under_way((*session)->store().snapshot())) {
    say("Going on with the interrupted change of the encryption key.");
  } else if (Result<void> begun = begin_key_change((*session)->store()); !begun) {
    return report_error(options, begun.error());
  }
  if (Result<void> again = (*session)->reload_spec(); !again) return report_error(options, again.error());
  return plan_and_run(**session, "rotate-encryption", key_change_targets(**session), false);
}

int verb_repair(const Options& options) { return open_and_run(options, "repair", options.names, false); }

int verb_apply(const Options& options) {
  const std::string path = options.plan_file.empty() ? spec_path(options) : options.plan_file;
  if (Result<Plan> saved = read_plan(path); saved || saved.error().kind == ErrorKind::bad_input)
    return apply_saved_plan(options, path);
  Options with_spec = options;
  with_spec.spec = path;
  return open_and_run(with_spec, "apply", options.targets, false);
}

int verb_plan(const Options& options) {
  SessionResult session = Session::open(options, "plan", Access::look);
  if (!session) return report_error(options, session.error());
  tell_release(**session);
  if (Result<void> expanded = (*session)->expand_graph(); !expanded) return report_error(options, expanded.error());
  Result<Plan> plan = (*session)->plan(options.targets);
  if (!plan) return report_error(options, plan.error());
  if (!options.out.empty()) {
    Value document = to_document(*plan);
    document["spec"] = std::filesystem::absolute((*session)->spec().path).string();
    if (Result<void> written = write_file_atomically(options.out, document.dump(1) + "\n", 0600); !written)
      return report_error(options, written.error());
    say("Saved: slipway apply " + options.out + " does exactly this, or less.");
  }
  const std::string next =
      options.out.empty() ? "slipway apply " + (*session)->spec().path : "slipway apply " + options.out;
  // Either one is as long as the plan; the other is not made.
  print_result(options, options.json ? "" : plan_text(*plan, style_for(1), {.all = options.all, .next = next}),
               options.json ? to_json(*plan, options.all) : Value());
  if (Result<void> room = check_room(plan->claims); !room) {
    say(describe(room.error()));
    return exit_code(room.error().kind);
  }
  return options.detailed_exit_code && (!plan->nothing_to_do() || !(*session)->check_release()) ? 2 : 0;
}
int verb_destroy(const Options& options) {
  SessionResult opened = Session::open(options, "destroy", Access::change);
  if (!opened) return report_error(options, opened.error());
  Session& session = **opened;
  if (Result<void> expanded = session.expand_graph(true); !expanded) return report_error(options, expanded.error());
  Result<Plan> plan = session.plan({});
  if (!plan) return report_error(options, plan.error());
  show_plan(*plan, options);
  if (!confirmed(options, "Delete all of this?"))
    return report_error(options, fail(ErrorKind::approval_needed, "destroy needs a yes",
                                      {.found = "cluster " + session.spec().name, .advice = "run again with --yes"}));
  Plan approved = *plan;
  const RunSummary summary = session.run(*plan, "destroy", &approved);
  const int code = conclude(session, summary);
  if (code != 0) return code;
  // The runs' logs go with the cluster they tell of.
  std::error_code ignored;
  std::filesystem::remove_all(session.state_directory() + "/runs", ignored);
  std::filesystem::remove(session.state_directory() + "/local", ignored);
  remove_export_note(session.state_directory());
  if (Result<void> erased = session.store().erase(); !erased) return report_error(options, erased.error());
  std::filesystem::remove(std::filesystem::path(session.state_directory()).parent_path(), ignored);
  return 0;
}

}  // namespace slipway
