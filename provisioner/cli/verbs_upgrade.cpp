// Another release of Kubernetes, node by node: asks what may stand in the way, shows who is upgraded when, runs, and
// writes the release into the spec once all nodes have it.

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "cli/backup_checks.h"
#include "cli/boundary.h"
#include "cli/look_around.h"
#include "cli/node_order.h"
#include "cli/output.h"
#include "cli/planned_run.h"
#include "cli/verbs.h"
#include "cluster/etcd_seats.h"
#include "cluster/upgrade.h"
#include "cluster/upgrade_checks.h"

namespace slipway {
namespace {

using Waves = std::vector<std::vector<const Member*>>;

/// All questions before the first change. Asks hosts and API, and changes nothing.
class Examination {
 public:
  Examination(Session& session, UpgradeQuestion question) : session_(session), question_(std::move(question)) {}

  std::vector<Error> examine() {
    orders();
    if (!problems_.empty()) return std::move(problems_);
    const Result<std::string> body = session_.reader().cluster.probe("/version", Deadline::in(Seconds(20)));
    const Result<std::string> api = body ? api_release(*body) : Result<std::string>(body.error());
    // Everything else would fail for the same reason.
    if (!api) return {Error(api.error()).while_doing("asking the API server for its version")};
    cluster(*api);
    etcd();
    hosts();
    backups();
    // What may be gone past comes last.
    std::stable_partition(problems_.begin(), problems_.end(),
                          [](const Error& problem) { return problem.kind != ErrorKind::approval_needed; });
    return std::move(problems_);
  }

 private:
  bool accepted(const std::string& name) const {
    const std::vector<std::string>& given = session_.options().accepted;
    return std::find(given.begin(), given.end(), name) != given.end();
  }
  void note(std::vector<Error> found) {
    for (Error& problem : found) problems_.push_back(std::move(problem));
  }
  /// Without what `concession` goes past.
  void note_unless(const std::string& concession, std::vector<Error> found) {
    std::erase_if(found, [&](const Error& problem) {
      return problem.kind == ErrorKind::approval_needed && accepted(concession);
    });
    note(std::move(found));
  }

  /// What else was begun and not ended.
  void orders() {
    const State state = session_.store().snapshot();
    const std::string& spec = question_.spec_path;
    if (const std::optional<NodeOrder> order = open_node_order(state); order && !question_.begun)
      problems_.push_back(fail(ErrorKind::bad_input, "another change of the cluster is under way",
                               {.found = "node " + order->verb + " in pool " + order->pool,
                                .advice = "end it first: the same command again, or slipway bootstrap " + spec}));
    if (!session_.membership().leaving.empty())
      problems_.push_back(fail(ErrorKind::bad_input, "machines wait to leave the cluster",
                               {.found = session_.membership().leaving.front().text() + " is no more in the spec",
                                .advice = "slipway bootstrap " + spec + " --approve takes them out"}));
    if (key_change_under_way(state))
      problems_.push_back(fail(ErrorKind::bad_input, "a change of the encryption key is under way",
                               {.advice = "slipway cert rotate-encryption " + spec}));
    if (etcd_restore_under_way(state))
      problems_.push_back(fail(ErrorKind::bad_input, "a restore of etcd is under way",
                               {.advice = "slipway backup restore etcd " + spec + " --approve data-loss"}));
  }

  void cluster(const std::string& api) {
    ClusterReader& cluster = session_.reader().cluster;
    const Deadline deadline = Deadline::in(Seconds(60));
    const Result<std::vector<Value>> nodes = cluster.list({"v1", "Node", "", ""}, "", deadline);
    const Result<std::vector<Value>> pods = cluster.list({"v1", "Pod", "", ""}, "", deadline);
    const Result<std::vector<Value>> budgets = cluster.list({"policy/v1", "PodDisruptionBudget", "", ""}, "", deadline);
    for (const Result<std::vector<Value>>* list : {&nodes, &pods, &budgets})
      if (!*list) return problems_.push_back(Error(list->error()).while_doing("looking at the cluster"));
    std::vector<std::string> machines;
    for (const Member& member : session_.membership().members) machines.push_back(member.name.text());
    note(node_problems(question_, machines, *nodes, api));
    note_unless("bare-pods", drain_problems(question_, *nodes, *pods, *budgets));
  }

  void etcd() {
    std::vector<HostAccess> hosts;
    for (const Value& value : control_plane_access(session_.store().snapshot(), session_.membership()))
      if (Result<HostAccess> host = host_access_from(value)) hosts.push_back(std::move(*host));
    const Result<std::vector<EtcdSeat>> seats = look_at_etcd(session_.writer().hosts, hosts);
    if (!seats) return problems_.push_back(seats.error());
    note(etcd_problems(question_, *seats, session_.membership().control_planes().size()));
  }

  void hosts() {
    std::map<std::string, std::string> answers;
    std::map<std::string, uint64_t> images;
    for (auto& [machine, answer] : ask_every_host(session_, upgrade_script(), Seconds(60))) {
      if (answer)
        answers[machine.text()] = *answer;
      else
        problems_.push_back(Error(answer.error()).while_doing("looking at " + machine.text()));
      const Member* member = session_.membership().find(machine);
      const bool control_plane = member && member->pool->role == Role::control_plane;
      const std::optional<ArtifactFile> archive =
          session_.reader().artifacts.find(control_plane ? "images/control-plane" : "images/worker");
      images[machine.text()] = archive ? archive->size : 0;
    }
    if (!question_.begun) note(room_problems(answers, images));
    std::vector<std::string> later;
    note_unless("deprecated-apis", deprecation_problems(question_, answers, later));
    if (!later.empty()) say("Deprecated APIs are in use, which a later release lacks: " + join(later, ", "));
  }

  void backups() {
    if (question_.begun || accepted("backup")) return;
    const Result<std::optional<WallTime>> newest = newest_etcd_backup(session_);
    if (!newest) return problems_.push_back(newest.error());
    note(backup_age_problems(question_, *newest, session_.writer().clock.wall()));
  }

  Session& session_;
  UpgradeQuestion question_;
  std::vector<Error> problems_;
};

std::string names_of(const std::vector<const Member*>& wave) {
  std::vector<std::string> names;
  for (const Member* member : wave) names.push_back(member->name.text());
  return join(names, " ");
}

const PlannedStep* step_of(const Plan& plan, const StepId& id) {
  const auto found =
      std::find_if(plan.steps.begin(), plan.steps.end(), [&](const PlannedStep& s) { return s.id == id; });
  return found == plan.steps.end() ? nullptr : &*found;
}

bool acts(const Plan& plan, const std::vector<const Member*>& wave) {
  return std::any_of(wave.begin(), wave.end(), [&](const Member* member) {
    const PlannedStep* step = step_of(plan, upgrade_step(member->name));
    return step && (step->diff.action != Action::none || !step->problem.empty());
  });
}

std::string waves_text(const Plan& plan, const Waves& waves, const ClusterRelease& release) {
  std::string text = "Kubernetes " + release.running + " -> " + release.to +
                     ", each node drained within the disruption " +
                     "budgets, upgraded, Ready and given back before the next wave:\n";
  for (size_t i = 0; i < waves.size(); ++i)
    text += "  wave " + std::to_string(i + 1) + "  " + names_of(waves[i]) +
            (acts(plan, waves[i]) ? "" : "  (done already)") + "\n";
  return text;
}

/// The steps of the next `count` waves that have something to do.
std::vector<std::string> targets_of(const Plan& plan, const Waves& waves, int count) {
  if (count == 0) return upgrade_targets;
  std::vector<std::string> targets = {"upgrade/*/images"};
  for (const std::vector<const Member*>& wave : waves) {
    const bool acting = acts(plan, wave);
    if (acting && count-- == 0) break;
    for (const Member* member : wave) targets.push_back(upgrade_step(member->name).text());
  }
  return targets;
}

/// What the plan cannot do: hosts that cannot be looked at, machines that would have to be mended first.
Result<void> check_plan(const Session& session, const Plan& plan) {
  for (const PlannedStep& step : plan.steps) {
    if (!step.problem.empty())
      return fail(ErrorKind::unavailable, "a host cannot be looked at; nothing was touched",
                  {.found = step.id.text() + ": " + step.problem, .advice = "slipway doctor " + session.spec().path});
    if (step.out_of_scope && step.diff.action != Action::none && !step.id.text().starts_with("upgrade/"))
      return fail(ErrorKind::unavailable, "a machine is not as the spec wants it; nothing was touched",
                  {.found = step.id.text() + ": " + std::string(name(step.diff.action)),
                   .advice = "slipway repair " + session.spec().path});
  }
  return {};
}

/// The release into the spec, then into the state: what dies between the two has nothing left to do but this.
Result<void> finish(Session& session, const std::string& to) {
  const std::string& path = session.spec().path;
  if (session.asked_release() != to) {
    Result<std::string> text = read_file(path);
    if (!text) return std::move(text).error();
    Result<std::string> changed = with_kubernetes_version(*text, to);
    if (changed && parse_spec(path, *changed)) {
      pass_boundary("spec/before");
      if (Result<void> written = write_file_atomically(path, *changed, 0644); !written) return written;
      pass_boundary("spec/after");
      say(path + ": kubernetes.version " + session.asked_release() + " -> " + to);
    } else {
      say(path + " asks for Kubernetes " + session.asked_release() +
          " and could not be changed in place: write kubernetes: {version: " + to + "} into it.");
    }
  }
  return record_release(session.store(), {.running = to, .to = {}, .run = {}});
}

int upgrade(Session& session) {
  const Options& options = session.options();
  const State state = session.store().snapshot();
  UpgradeOrder order{
      .release = cluster_release(state),
      .max_unavailable = static_cast<size_t>(options.max_unavailable),
      .bare_pods = std::find(options.accepted.begin(), options.accepted.end(), "bare-pods") != options.accepted.end()};
  const std::string& path = session.spec().path;
  if (order.release.running.empty()) return report_error(options, no_cluster_yet(path));
  const bool begun = order.release.upgrading();
  if (begun && order.release.to != options.to)
    return report_error(options, fail(ErrorKind::bad_input, "another upgrade is under way",
                                      {.found = "--to " + options.to,
                                       .expected = "--to " + order.release.to,
                                       .advice = "an upgrade that has begun is gone on with: slipway upgrade " + path +
                                                 " --to " + order.release.to}));
  if (options.to == order.release.running) {
    if (!options.plan_only)
      if (Result<void> told = finish(session, options.to); !told) return report_error(options, told.error());
    print_result(options, "Nothing to do: the cluster runs Kubernetes " + options.to + ".\n",
                 {{"format", 1}, {"applied", 0}, {"failed", 0}, {"waiting_approval", 0}, {"release", options.to}});
    return 0;
  }
  if (begun) say("Going on with the upgrade to Kubernetes " + options.to + ".");
  if (!begun) order.release = {order.release.running, options.to, "upgrade-" + options.to + "-" + random_hex(3)};
  std::vector<Error> problems =
      Examination(session, {.release = order.release,
                            .begun = begun,
                            .backup_hours = std::min(session.spec().kubernetes.etcd_backup.every_hours, 24),
                            .spec_path = path})
          .examine();
  for (size_t i = 1; i < problems.size(); ++i) say(describe(problems[i]));
  if (!problems.empty()) return report_error(options, problems.front());

  if (Result<void> expanded = session.expand_upgrade(order); !expanded) return report_error(options, expanded.error());
  Result<Plan> plan = session.plan(upgrade_targets);
  if (!plan) return report_error(options, plan.error());
  const Waves waves = upgrade_waves(session.membership(), order.max_unavailable);
  if (options.waves > 0) plan = session.plan(targets_of(*plan, waves, options.waves));
  if (!plan) return report_error(options, plan.error());
  say(waves_text(*plan, waves, order.release));
  show_plan(*plan, options);
  if (Result<void> possible = check_plan(session, *plan); !possible) return report_error(options, possible.error());
  if (options.plan_only) {
    if (options.json) print_result(options, "", to_json(*plan, options.all));
    return 0;
  }
  if (!begun)
    if (Result<void> noted = record_release(session.store(), order.release); !noted)
      return report_error(options, noted.error());
  const RunSummary summary = session.run(*plan, "upgrade");
  const bool all = std::none_of(plan->steps.begin(), plan->steps.end(), [](const PlannedStep& step) {
    return step.out_of_scope && step.id.text().starts_with("upgrade/") && step.diff.action != Action::none;
  });
  if (summary.exit_code() == 0 && !summary.cancelled && all)
    if (Result<void> finished = finish(session, options.to); !finished) return report_error(options, finished.error());
  const int code = conclude(session, summary);
  if (code == 0)
    say(all ? "The cluster runs Kubernetes " + options.to + "."
            : "Paused. The same command goes on; without --waves to the end.");
  return code;
}

}  // namespace

int verb_upgrade(const Options& options) {
  Result<std::unique_ptr<Session>> session =
      Session::open(options, "upgrade", options.plan_only ? Access::look : Access::change);
  if (!session) return report_error(options, session.error());
  return upgrade(**session);
}

}  // namespace slipway
