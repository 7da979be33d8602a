// The database's replicas: shown, examined, and one of them made the primary.

#include "base/text.h"
#include "cli/database_rows.h"
#include "cli/output.h"
#include "cli/planned_run.h"
#include "cli/verbs.h"
#include "cluster/database_replicas.h"

namespace slipway {
namespace {

const char* const add_on_name = "postgres";
constexpr std::chrono::minutes takeover_limit{4};

std::string padded(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

/// "postgres-1" -> "1"
std::string ordinal_of(const std::string& pod) { return pod.substr(pod.rfind('-') + 1); }

/// As the provider has it; empty where it does not make machines, or does not answer.
std::string state_of_machine(Session& session, const std::string& machine) {
  if (session.spec().provider == "existing") return {};
  const Result<std::vector<CloudObject>> owned = session.provider().list_owned();
  if (!owned) return {};
  for (const CloudObject& object : *owned)
    if (object.kind == "machine" && object.name == machine) return text_at(object.fields, "state", "running");
  return "absent";
}

FormerPrimary former_primary(Session& session, const DatabaseView& view) {
  const DatabaseReplica* now = view.find(view.primary);
  FormerPrimary former{.pod = view.primary, .machine = {}, .machine_state = {}};
  const AddOnGifts& gifts = session.platform().gifts.at(add_on_name);
  if (const auto volume = gifts.volumes.find("data-" + view.primary); volume != gifts.volumes.end())
    former.machine = volume->second.text();
  former.machine_state = state_of_machine(session, former.machine);
  former.answers = now && now->answers;
  former.users_word = session.options().approve;
  return former;
}

/// Records who shall be the primary, `alone` where the former one is dead, and brings that to the cluster. Answers the
/// run's exit code.
int hand_over(Session& session, const std::string& successor, std::optional<bool> alone) {
  const Options& options = session.options();
  if (alone)
    if (Result<void> kept = session.store().set_fact(add_on_fact(add_on_name, "alone"), *alone ? "yes" : "no"); !kept)
      return report_error(options, kept.error());
  if (Result<void> kept = session.store().set_fact(add_on_fact(add_on_name, "primary"), ordinal_of(successor)); !kept)
    return report_error(options, kept.error());
  if (Result<void> expanded = session.expand_objects(add_on_name); !expanded)
    return report_error(options, expanded.error());
  Result<Plan> plan = session.plan({});
  if (!plan) return report_error(options, plan.error());
  show_plan(*plan, options);
  Value document;
  return conclude(session, session.run(*plan, "database promote"), &document);
}

}  // namespace

int database_replicas(const Session& session) {
  const AddOn* add_on = session.spec().addons.contains(add_on_name) ? session.platform().find(add_on_name) : nullptr;
  return add_on ? add_on->values.value("replicas", 1) : 0;
}

Value database_rows(Session& session) {
  Value rows = Value::array();
  const int replicas = database_replicas(session);
  if (replicas < 2) return rows;
  const Result<DatabaseView> view = look_at_database(session.reader().cluster, replicas);
  if (!view) return rows;
  for (const DatabaseReplica& replica : view->replicas) {
    const std::optional<double> lag = replica.primary ? std::nullopt : lag_of(*view, replica);
    rows.push_back({{"name", replica.name},
                    {"role", !replica.answers  ? "does not answer"
                             : replica.primary ? "primary"
                                               : "replica"},
                    {"node", replica.node},
                    {"streaming", replica.streaming},
                    {"lag_bytes", lag ? Value(static_cast<uint64_t>(*lag)) : Value()},
                    {"lag_seconds", lag ? Value(replica.seconds) : Value()}});
  }
  return rows;
}

std::string database_table(const Value& rows) {
  if (rows.empty()) return {};
  std::string out = padded("DATABASE", 12) + padded("ROLE", 17) + padded("NODE", 17) + "BEHIND\n";
  for (const Value& row : rows) {
    std::string line =
        padded(text_at(row, "name"), 12) + padded(text_at(row, "role"), 17) + padded(text_at(row, "node", "-"), 17);
    if (row["lag_bytes"].is_number())
      line += format_bytes(row["lag_bytes"].get<uint64_t>()) + ", " + format_seconds(row["lag_seconds"].get<double>()) +
              (row["streaming"].get<bool>() ? "" : ", does not follow");
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::vector<Error> database_problems(Session& session) {
  const int replicas = database_replicas(session);
  if (replicas < 2) return {};
  const Result<DatabaseView> view = look_at_database(session.reader().cluster, replicas);
  if (!view) return {view.error()};
  std::vector<Error> problems;
  for (const std::string& what : replica_problems(*view))
    problems.push_back(fail(ErrorKind::unavailable, "the database's replicas are not as they should be",
                            {.found = what,
                             .expected = view->primary + " takes writes, the other follows it",
                             .advice = "kubectl -n postgres get pods; where the primary is lost: slipway database "
                                       "promote " +
                                       session.spec().path}));
  return problems;
}

int verb_database_promote(const Options& options) {
  Result<std::unique_ptr<Session>> opened = Session::open(options, "database promote", Access::change);
  if (!opened) return report_error(options, opened.error());
  Session& session = **opened;
  Writer& writer = session.writer();
  if (Result<void> expanded = session.expand_objects(add_on_name); !expanded)
    return report_error(options, expanded.error());
  const int replicas = database_replicas(session);
  Result<DatabaseView> view = look_at_database(writer.read.cluster, replicas);
  if (!view) return report_error(options, view.error());
  Result<std::string> successor = choose_successor(*view, options.names.empty() ? "" : options.names.front());
  if (!successor) return report_error(options, successor.error());
  const Instant begun = writer.clock.now();
  std::string fence = "it was under way";
  std::optional<bool> alone;
  if (*successor == view->primary && view->find(*successor)->primary) {
    print_result(options, *successor + " takes writes already.\n",
                 {{"format", 1}, {"primary", *successor}, {"changed", false}});
    return 0;
  }
  // The other way round this would be two primaries: first the former one is out of the way, then the role changes.
  if (*successor != view->primary) {
    const FormerPrimary former = former_primary(session, *view);
    if (!former.answers) say(former.pod + " does not answer: making sure that it takes no more writes");
    Result<Fence> fenced = fence_primary(writer, former);
    if (!fenced) return report_error(options, fenced.error());
    fence = describe(*fenced);
    alone = *fenced != Fence::steps_down;
    say(*successor + " takes over; " + fence);
  }
  if (const int code = hand_over(session, *successor, alone); code != 0) return code;
  hurry_role(writer, *view, *successor);
  Result<void> taken = wait_for_primary(
      writer, replicas, *successor,
      {.until = writer.clock.now() + takeover_limit, .cancelled = [] { return cancellation().load(); }});
  if (!taken) return report_error(options, taken.error());
  const double seconds = std::chrono::duration<double>(writer.clock.now() - begun).count();
  print_result(options,
               *successor + " takes writes, after " + format_seconds(seconds) +
                   ". The other follows it as soon as it is there.\nNext: slipway backup create " +
                   session.spec().path + "\n",
               {{"format", 1},
                {"primary", *successor},
                {"former", view->primary},
                {"changed", true},
                {"fence", fence},
                {"seconds", seconds}});
  return 0;
}

}  // namespace slipway
