// Nodes that come, go, or are replaced: each changes the spec's count, keeps an order in the state until it is done,
// and runs.

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "cli/boundary.h"
#include "cli/node_order.h"
#include "cli/output.h"
#include "cli/planned_run.h"
#include "cli/state_access.h"
#include "cli/verbs.h"
#include "cluster/etcd_seats.h"
#include "cluster/release.h"

namespace slipway {
namespace {

using SessionResult = Result<std::unique_ptr<Session>>;

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
  return session.store().find(StepId("host/" + machine.text() + "/control-plane")).has_value();
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

/// Whether machines may join: of the release that the spec asks for, which no API server's is older than. Asked before
/// anything is written; an API that does not answer is asked again by the join. Errors: bad_input.
Result<void> check_joins(Session& session, const Pool& pool) {
  if (Result<void> kept = session.check_release(); !kept) return kept;
  if (session.store().fact("initialised").is_null()) return {};
  const Result<std::string> body = session.reader().cluster.probe("/version", Deadline::in(Seconds(5)));
  if (!body) return {};
  return check_join(session.spec().kubernetes.version, *body, pool.role == Role::control_plane);
}

bool holds_addresses(const Session& session, const std::string& machine) {
  return address_holders(session.spec(), session.membership()).contains(MachineName(machine));
}

/// What moves along where one of these machines holds addresses, or one that leaves did: the holders' own steps and
/// what announces. REQUIRES: the graph is expanded.
std::vector<std::string> holder_targets(const Session& session, const std::vector<std::string>& machines,
                                        bool one_leaves) {
  const auto holders = address_holders(session.spec(), session.membership());
  const bool one_comes = std::any_of(machines.begin(), machines.end(),
                                     [&](const std::string& name) { return holders.contains(MachineName(name)); });
  std::vector<std::string> targets;
  if (!one_leaves && !one_comes) return targets;
  for (const auto& [machine, addresses] : holders) targets.push_back("machine/" + machine.text());
  const StepId pools("addon/metallb/pool");
  if (session.graph().find(pools)) targets.push_back(pools.text());
  return targets;
}

/// Runs within the order's machines; what is done is no order any more. `holder_leaves`: one that held addresses.
int run_order(Session& session, const std::string& verb, std::vector<std::string> targets, bool holder_leaves) {
  if (session.spec().network.fixed_holders) {
    if (Result<void> expanded = session.expand_graph(); !expanded)
      return report_error(session.options(), expanded.error());
    const std::vector<std::string> more = holder_targets(session, targets, holder_leaves);
    targets.insert(targets.end(), more.begin(), more.end());
  }
  const int code = plan_and_run(session, verb, targets, false);
  if (code == 0)
    if (Result<void> dropped = drop_node_order(session.store()); !dropped)
      return report_error(session.options(), dropped.error());
  return code;
}

/// Whether state knows the machine as a node.
bool joined(Session& session, const MachineName& machine) {
  return session.store().find(StepId("node/" + machine.text())).has_value();
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

/// One machine more, then the old one out; or, where it is a dead member of etcd, the other way round. `holds`: the old
/// one held addresses.
int replace_in_halves(Session& session, NodeOrder order, bool holds) {
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
    const auto& nodes = session.graph().nodes();
    if (leaves && std::any_of(nodes.begin(), nodes.end(), [&](const Node& node) { return node.info.machine == old; }))
      targets.insert(order.machine);
    if (!targets.empty()) {
      const std::vector<std::string> more = holder_targets(session, {targets.begin(), targets.end()}, leaves && holds);
      targets.insert(more.begin(), more.end());
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
  if (Result<void> joins = check_joins(session, *pool); !joins) return report_error(options, joins.error());
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
  return run_order(session, "node-add", fresh, false);
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
  const bool holder_leaves =
      session.spec().network.fixed_holders && (going_on || holds_addresses(session, order.machine));
  if (Result<void> written = write_count(session, order); !written) return report_error(options, written.error());
  if (Result<void> expanded = session.expand_graph(); !expanded) return report_error(options, expanded.error());
  const auto& nodes = session.graph().nodes();
  if (std::none_of(nodes.begin(), nodes.end(), [&](const Node& node) { return node.info.machine == leaving; })) {
    say(leaving.text() + " is gone already.");
    if (Result<void> dropped = drop_node_order(session.store()); !dropped)
      return report_error(options, dropped.error());
    return 0;
  }
  return run_order(session, "node-remove", {leaving.text()}, holder_leaves);
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
  if (member)
    if (Result<void> joins = check_joins(session, *member->pool); !joins) return report_error(options, joins.error());
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
  const bool holds = session.spec().network.fixed_holders && (going_on || holds_addresses(session, order.machine));
  return replace_in_halves(session, std::move(order), holds);
}

}  // namespace slipway
