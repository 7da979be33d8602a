// The verbs that change something: one run each, of the same engine.

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "cli/boundary.h"
#include "cli/closing_page.h"
#include "cli/node_order.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/state_access.h"
#include "cli/verbs.h"
#include "cluster/encryption.h"
#include "cluster/etcd_seats.h"
#include "graph/plan_document.h"
#include "report/plan_text.h"
#include "report/style.h"

namespace slipway {
namespace {

using SessionResult = Result<std::unique_ptr<Session>>;

/// What a change of the encryption key touches: one control plane after the other, then the Secrets.
std::vector<std::string> key_change_targets(const Session& session) {
  std::vector<std::string> targets = {"host/*/upkeep"};
  if (session.identity().encryption.stage == EncryptionStage::written) targets.emplace_back("kubernetes/encryption");
  return targets;
}

void show_plan(const Plan& plan, const Options& options) {
  const std::string text = plan_text(plan, style_for(2), {.all = options.all});
  std::fputs(text.c_str(), stderr);
}

/// Prints what the run came to and answers the exit code. `collected`: takes the run's document instead of stdout.
int conclude(const Session& session, const RunSummary& summary, Value* collected = nullptr) {
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
  return summary.cancelled ? cancelled_exit_code() : summary.exit_code();
}

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

/// Plans within `targets`, shows it, and runs it.
int plan_and_run(Session& session, const std::string& verb, const std::vector<std::string>& targets, bool closing_page,
                 Value* collected = nullptr) {
  const Options& options = session.options();
  if (Result<void> expanded = session.expand_graph(); !expanded) return report_error(options, expanded.error());
  Result<Plan> plan = session.plan(targets);
  if (!plan) return report_error(options, plan.error());
  show_plan(*plan, options);
  if (Result<void> room = session.provider().check_room(*plan); !room) return report_error(options, room.error());
  if (Result<void> known = check_identities(session, *plan); !known) return report_error(options, known.error());
  Result<RunSummary> summary = session.run(*plan, verb);
  if (targets.empty() || targets == key_change_targets(session)) summary = end_key_change(session, verb, *summary);
  if (!summary) return report_error(options, summary.error());
  const int code = conclude(session, *summary, collected);
  if (closing_page && code == 0) print_closing_page(session);
  return code;
}

/// Problems that would stop the run half-way, told before anything is touched.
Result<void> preflight(Session& session) {
  const std::vector<Error> problems = session.provider().preflight();
  if (problems.empty()) return {};
  for (size_t i = 1; i < problems.size(); ++i) say(describe(problems[i]));
  return problems.front();
}

int open_and_run(const Options& options, const std::string& verb, const std::vector<std::string>& targets,
                 bool closing_page) {
  SessionResult session = Session::open(options, verb, Access::change);
  if (!session) return report_error(options, session.error());
  if (Result<void> ready = preflight(**session); !ready) return report_error(options, ready.error());
  return plan_and_run(**session, verb, targets, closing_page);
}

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
  show_plan(*now, options);
  return conclude(**session, (*session)->run(*now, "apply", &*saved));
}

/// Writes the count that the order asks for into the spec, as the last thing before the run. Errors: those of the spec.
Result<void> write_count(Session& session, const NodeOrder& order) {
  const std::string path = session.spec().path;
  const int now = session.spec().find_pool(order.pool)->count;
  if (now != order.to) {
    Result<std::string> text = read_file(path);
    if (!text) return std::move(text).error();
    Result<std::string> changed = with_pool_count(*text, order.pool, order.to);
    if (!changed) return std::move(changed).error();
    if (Result<Spec> valid = parse_spec(path, *changed); !valid) return std::move(valid).error();
    // The order first: a run that dies between the two is gone on with, not repeated.
    if (Result<void> kept = record_node_order(session.store(), order); !kept) return kept;
    pass_boundary("spec/before");
    if (Result<void> written = write_file_atomically(path, *changed, 0644); !written) return written;
    pass_boundary("spec/after");
    say(path + ": pools." + order.pool + ".count " + std::to_string(now) + " -> " + std::to_string(order.to));
  }
  return session.reload_spec();
}

bool is_control_plane(Session& session, const MachineName& machine) {
  return session.store().snapshot().steps.contains(StepId("host/" + machine.text() + "/control-plane"));
}

/// Refuses, before anything is touched, to let a control plane go that etcd cannot spare. Answers etcd's members, or
/// none where the machine is a worker. Errors: bad_input, and those of look_at_etcd.
Result<std::vector<EtcdSeat>> guard_quorum(Session& session, const MachineName& leaving) {
  if (!is_control_plane(session, leaving)) return std::vector<EtcdSeat>{};
  std::vector<HostAccess> others;
  for (const Value& value : control_plane_access(session.store().snapshot(), session.membership())) {
    Result<HostAccess> host = host_access_from(value);
    if (!host) return std::move(host).error();
    if (host->machine != leaving) others.push_back(std::move(*host));
  }
  if (others.empty())
    return fail(ErrorKind::bad_input, leaving.text() + " is the only control plane",
                {.found = "all data of the cluster lies on it",
                 .advice = "add another control plane first (slipway node add)"});
  Result<std::vector<EtcdSeat>> seats = look_at_etcd(session.writer().hosts, others);
  if (!seats) return seats;
  if (Result<void> spared = can_spare(*seats, leaving.text()); !spared) return std::move(spared).error();
  return seats;
}

/// Runs within the order's machines; what is done is no order any more.
int run_order(Session& session, const std::string& verb, const std::vector<std::string>& targets) {
  const int code = plan_and_run(session, verb, targets, false);
  if (code == 0)
    if (Result<void> dropped = drop_node_order(session.store()); !dropped)
      return report_error(session.options(), dropped.error());
  return code;
}

/// Whether state knows the machine as a node.
bool joined(Session& session, const MachineName& machine) {
  return session.store().snapshot().steps.contains(StepId("node/" + machine.text()));
}

/// Two runs told as one: the later one's document, with the sums of both.
Value told_as_one(const Value& before, Value after) {
  if (!before.is_object()) return after;
  for (const char* sum : {"applied", "failed", "blocked", "waiting_approval", "seconds", "critical_path_seconds"})
    if (before.at(sum).is_number_integer() && after.at(sum).is_number_integer())
      after[sum] = before.at(sum).get<int64_t>() + after.at(sum).get<int64_t>();
    else
      after[sum] = before.at(sum).get<double>() + after.at(sum).get<double>();
  return after;
}

/// One machine more, then the old one out; or, where it is a dead member of etcd, the other way round.
int replace_in_halves(Session& session, NodeOrder order) {
  const MachineName old(order.machine);
  Value told;
  for (;;) {
    if (Result<void> read = session.reload_spec(); !read) return report_error(session.options(), read.error());
    if (Result<void> expanded = session.expand_graph(); !expanded)
      return report_error(session.options(), expanded.error());
    const bool leaves = session.membership().find(old) == nullptr;
    // Control planes know each other; workers know nobody.
    const bool control_plane = session.spec().find_pool(order.pool)->role == Role::control_plane;
    std::set<std::string> targets;
    for (const Member& member : session.membership().members)
      if (member.pool->name == order.pool && (control_plane || !joined(session, member.name)))
        targets.insert(member.name.text());
    const std::vector<Node>& nodes = session.graph().nodes();
    if (leaves && std::any_of(nodes.begin(), nodes.end(), [&](const Node& node) { return node.info.machine == old; }))
      targets.insert(order.machine);
    if (!targets.empty()) {
      Value document;
      const int code = plan_and_run(session, "node-replace", {targets.begin(), targets.end()}, false, &document);
      if (document.is_object()) told = told_as_one(told, std::move(document));
      if (code != 0) {
        if (session.options().json && told.is_object()) print_result(session.options(), "", told);
        return code;
      }
    }
    if (order.to == order.from && leaves) break;
    order.to = order.from;
    if (Result<void> kept = record_node_order(session.store(), order); !kept)
      return report_error(session.options(), kept.error());
  }
  if (Result<void> dropped = drop_node_order(session.store()); !dropped)
    return report_error(session.options(), dropped.error());
  if (session.options().json && told.is_object()) print_result(session.options(), "", told);
  return 0;
}

}  // namespace

int verb_bootstrap(const Options& options) { return open_and_run(options, "bootstrap", {}, !options.json); }

int verb_cert_rotate_encryption(const Options& options) {
  SessionResult session = Session::open(options, "cert rotate-encryption", Access::change);
  if (!session) return report_error(options, session.error());
  if (!(*session)->store().snapshot().facts.contains("initialised"))
    return report_error(options, fail(ErrorKind::not_found, "there is no cluster yet",
                                      {.found = "no control plane was initialised",
                                       .advice = "slipway bootstrap " + (*session)->spec().path}));
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
  if (Result<void> room = (*session)->provider().check_room(*plan); !room) {
    say(describe(room.error()));
    return exit_code(room.error().kind);
  }
  return options.detailed_exit_code && !plan->nothing_to_do() ? 2 : 0;
}

int verb_node_add(const Options& options) {
  SessionResult opened = Session::open(options, "node add", Access::change);
  if (!opened) return report_error(options, opened.error());
  Session& session = **opened;
  if (Result<void> ready = preflight(session); !ready) return report_error(options, ready.error());
  const Pool* pool = session.spec().find_pool(options.pool);
  if (!pool) {
    std::vector<std::string> names;
    for (const Pool& known : session.spec().pools) names.push_back(known.name);
    const std::optional<std::string> near = nearest(options.pool, names);
    return report_error(options, fail(ErrorKind::bad_input, "no such pool",
                                      {.found = options.pool,
                                       .expected = join(names, ", "),
                                       .advice = near ? "did you mean '" + *near + "'?" : ""}));
  }
  NodeOrder order{
      .verb = "add", .pool = options.pool, .from = pool->count, .to = pool->count + options.count, .machine = {}};
  for (const Member& member : session.membership().members) order.known.insert(member.name);
  const std::optional<NodeOrder> before = open_node_order(session.store().snapshot());
  if (before && before->verb == "add" && before->pool == order.pool && before->to - before->from == options.count &&
      fits(*before, session.spec())) {
    say("Going on with the interrupted `node add`: pools." + order.pool + ".count " + std::to_string(before->from) +
        " -> " + std::to_string(before->to));
    order = *before;
  }
  if (Result<void> written = write_count(session, order); !written) return report_error(options, written.error());
  std::vector<std::string> fresh;
  // Control planes know each other: the others hear of a new one. Workers know nobody.
  const bool control_plane = session.spec().find_pool(options.pool)->role == Role::control_plane;
  for (const Member& member : session.membership().members)
    if (!order.known.contains(member.name) || (control_plane && member.pool->role == Role::control_plane))
      fresh.push_back(member.name.text());
  return run_order(session, "node-add", fresh);
}

int verb_node_remove(const Options& options) {
  SessionResult opened = Session::open(options, "node remove", Access::change);
  if (!opened) return report_error(options, opened.error());
  Session& session = **opened;
  const MachineName leaving(options.names.front());
  const Member* member = session.membership().find(leaving);
  const std::optional<NodeOrder> before = open_node_order(session.store().snapshot());
  const bool going_on =
      before && before->verb == "remove" && before->machine == leaving.text() && fits(*before, session.spec());
  if (!member && !going_on)
    return report_error(options, fail(ErrorKind::bad_input, "no such machine",
                                      {.found = leaving.text(), .advice = "slipway node list SPEC"}));
  if (!options.approve)
    return report_error(options, fail(ErrorKind::approval_needed, "removing a machine needs approval",
                                      {.found = leaving.text(), .advice = "run again with --approve"}));
  NodeOrder order;
  if (going_on) {
    say("Going on with the interrupted `node remove` of " + leaving.text());
    order = *before;
  } else {
    if (const auto seats = guard_quorum(session, leaving); !seats) return report_error(options, seats.error());
    order = {.verb = "remove",
             .pool = member->pool->name,
             .from = member->pool->count,
             .to = member->pool->count - 1,
             .machine = leaving.text()};
  }
  if (Result<void> written = write_count(session, order); !written) return report_error(options, written.error());
  if (Result<void> expanded = session.expand_graph(); !expanded) return report_error(options, expanded.error());
  const std::vector<Node>& nodes = session.graph().nodes();
  if (std::none_of(nodes.begin(), nodes.end(), [&](const Node& node) { return node.info.machine == leaving; })) {
    say(leaving.text() + " is gone already.");
    if (Result<void> dropped = drop_node_order(session.store()); !dropped)
      return report_error(options, dropped.error());
    return 0;
  }
  return run_order(session, "node-remove", {leaving.text()});
}

int verb_node_replace(const Options& options) {
  SessionResult opened = Session::open(options, "node replace", Access::change);
  if (!opened) return report_error(options, opened.error());
  Session& session = **opened;
  const MachineName leaving(options.names.front());
  const Member* member = session.membership().find(leaving);
  const std::optional<NodeOrder> before = open_node_order(session.store().snapshot());
  const bool going_on =
      before && before->verb == "replace" && before->machine == leaving.text() && fits(*before, session.spec());
  if (!member && !going_on)
    return report_error(options, fail(ErrorKind::bad_input, "no such machine",
                                      {.found = leaving.text(), .advice = "slipway node list SPEC"}));
  if (member && member->host)
    return report_error(
        options, fail(ErrorKind::bad_input, "a host that is not ours to make cannot be replaced",
                      {.found = leaving.text() + " of provider existing",
                       .advice = "write the new host into the pool's hosts, apply, then take the old one out and "
                                 "apply with --approve"}));
  if (!options.approve)
    return report_error(options, fail(ErrorKind::approval_needed, "replacing a machine needs approval",
                                      {.found = leaving.text(), .advice = "run again with --approve"}));
  NodeOrder order;
  if (going_on) {
    say("Going on with the interrupted `node replace` of " + leaving.text());
    order = *before;
  } else {
    const Result<std::vector<EtcdSeat>> seats = guard_quorum(session, leaving);
    if (!seats) return report_error(options, seats.error());
    // A dead member counts against the quorum until it is out; whatever else goes is first made up for.
    const bool dead = std::any_of(seats->begin(), seats->end(),
                                  [&](const EtcdSeat& seat) { return seat.name == leaving.text() && !seat.healthy; });
    const int count = member->pool->count;
    order = {.verb = "replace",
             .pool = member->pool->name,
             .from = count,
             .to = count + (dead ? -1 : 1),
             .machine = leaving.text()};
    if (Result<void> kept = record_node_order(session.store(), order); !kept)
      return report_error(options, kept.error());
  }
  return replace_in_halves(session, std::move(order));
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
