#include "cli/session.h"

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <mutex>
#include <pwd.h>
#include <thread>
#include <unistd.h>

#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"
#include "cli/boundary.h"
#include "cli/live_ports.h"
#include "cli/node_order.h"
#include "cli/output.h"
#include "cli/passphrase.h"
#include "cli/places.h"
#include "cli/version.h"
#include "cluster/release.h"
#include "cluster/removals.h"
#include "providers/common/pool_changes.h"
#include "report/look_view.h"
#include "report/plan_text.h"
#include "report/run_record.h"
#include "report/run_view.h"
#include "state/open_on.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;

std::atomic<bool> cancelled{false};
std::atomic<int> cancelling_signal{0};
std::atomic<bool> told_on_screen{false};  // The live view says what a signal does.

void on_signal(int signal) {
  // The second one leaves at once: everything acknowledged is on disk already.
  if (cancelled.exchange(true)) _exit(signal == SIGTERM ? 143 : 130);
  cancelling_signal = signal;
  if (told_on_screen) return;
  constexpr char text[] = "\nStopping: running steps finish and are recorded. Again to leave at once, also safely.\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text, sizeof text - 1);
}

RunViewOptions on_screen() {
  return {
      .live = can_redraw(STDERR_FILENO), .stopping = &cancelled, .terminal = [] { return terminal_of(STDERR_FILENO); }};
}

/// Does `work` while `view` is kept up to date. A signal is explained there, where there is a terminal.
template <class View, class Work>
auto watched(View& view, const Work& work) {
  told_on_screen = can_redraw(STDERR_FILENO);
  std::mutex mutex;
  std::condition_variable_any ended;
  const std::jthread ticker([&](const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    while (!ended.wait_for(lock, stop, Milliseconds(250), [&] { return stop.stop_requested(); })) view.tick();
  });
  auto answer = work();
  told_on_screen = false;
  return answer;
}

size_t lane_room(const std::string& lane) {
  if (lane == "cloud") return 10;
  if (lane.starts_with("api/")) return 16;
  return 1;  // A host, a build, the joins of control planes.
}

std::shared_ptr<FileLayer> state_files() { return boundaries_watched() ? watched_files(real_files()) : real_files(); }

/// The names of all machines that need a host key of ours.
std::vector<MachineName> names_of(const Membership& membership) {
  std::vector<MachineName> names;
  for (const Member& member : membership.members) names.push_back(member.name);
  return names;
}

/// Verbs that may run while hosts are of two releases: what they touch is of neither.
bool bears_two_releases(const std::string& verb) { return verb == "node remove" || verb == "state recover"; }

std::string user_name() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry ? entry->pw_name : std::to_string(::geteuid());
}

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

/// Which third-party files the cluster stands on, and where each came from.
Value artifacts_of(const State& state) {
  Value list = Value::array();
  for (const auto& [id, record] : state.steps) {
    if (!id.text().starts_with("artifact/")) continue;
    Value row = {{"name", id.text().substr(std::string("artifact/").size())}};
    for (const char* key : {"version", "sha256", "source", "size"})
      if (record.outputs.is_object() && record.outputs.contains(key)) row[key] = record.outputs.at(key);
    list.push_back(std::move(row));
  }
  return list;
}

std::vector<std::string> control_plane_addresses(const Membership& membership) {
  std::vector<std::string> addresses;
  for (const Member* member : membership.control_planes())
    if (!member->address.empty()) addresses.push_back(member->address);
  return addresses;
}

}  // namespace

const std::atomic<bool>& cancellation() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  return cancelled;
}

int cancelled_exit_code() { return cancelling_signal == SIGTERM ? 143 : 130; }

Error no_cluster_yet(const std::string& spec_path) {
  return fail(ErrorKind::not_found, "there is no cluster yet",
              {.found = "no control plane was initialised", .advice = "slipway bootstrap " + spec_path});
}

struct Session::Parts {
  Options options;
  std::string verb;
  Access access = Access::look;
  Spec spec;
  std::string state_directory;
  std::unique_ptr<StateStore> store;
  State state;
  Membership membership;
  Identity identity;
  Platform platform;
  std::unique_ptr<LivePorts> ports;
  std::unique_ptr<Graph> graph;
  bool whole = true;  ///< The graph is all of the spec: what it has no step for is no more.
  std::string data;
  std::string asked_release;  ///< Of Kubernetes, by the spec's file; `spec` has the one that this session works with.
  RunSummary summary;
  std::string run_id;

  /// Programs that render the user's add-ons where the machine has none; empty while they were not fetched.
  RenderingTools rendering_tools() const {
    const bool own = std::any_of(spec.addons.begin(), spec.addons.end(),
                                 [](const auto& add_on) { return !text_at(add_on.second, "path").empty(); });
    if (!own) return {};
    const auto path_of = [&](const char* name) {
      const std::optional<ArtifactFile> file = ports->reader().artifacts.find(name);
      return file ? file->path : std::string();
    };
    return {.kubectl = path_of("binary/kubectl"), .helm = path_of("binary/helm")};
  }

  /// Makes what they need where state lacks it.
  Result<void> read_add_ons() {
    Result<Platform> read = load_platform(*store, spec, membership, identity.platform_ca, ports->provider(), data,
                                          access == Access::change, rendering_tools(), ports->versions());
    if (!read) return std::move(read).error();
    platform = std::move(*read);
    state = store->snapshot();
    return {};
  }

  Result<void> settle() {
    state = store->snapshot();
    Result<Membership> settled = settle_members(spec, state, change_of_order(state, spec));
    if (!settled) return std::move(settled).error();
    membership = std::move(*settled);
    return {};
  }

  /// Where the provider's lists lag behind its creates: what was recorded a moment ago must be listed before it is
  /// looked for, or it would be made again.
  void wait_for_lists(const EventSink& events) const {
    const Seconds lag = ports->provider().list_lag();
    if (lag.count() == 0) return;
    std::string newest;
    for (const auto& [id, record] : state.steps)
      if (record.layer == "cloud") newest = std::max(newest, record.updated);
    std::tm parts{};
    if (newest.empty() || !::strptime(newest.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts)) return;
    Clock& clock = ports->writer().clock;
    // Times are kept in whole seconds. A clock that was set back meanwhile costs one lag, not hours.
    const Milliseconds passed = std::chrono::duration_cast<Milliseconds>(
        clock.wall() - std::chrono::system_clock::from_time_t(::timegm(&parts)));
    const Milliseconds wanted = lag + Seconds(1);
    if (passed >= wanted) return;
    events({.type = "log", .text = "waits until the provider lists what was made last"});
    clock.sleep_until(clock.now() + std::min(wanted, wanted - passed));
  }

  /// What a changing run needs on disk before its first step.
  Result<void> record_beforehand() {
    if (access == Access::look) return {};
    if (Result<void> written = record_members(*store, membership); !written) return written;
    if (Result<void> settled = settle_release(*store, spec.kubernetes.version); !settled) return settled;
    for (const auto& [fact, value] :
         {std::pair<std::string, Value>{"spec_path", fs::absolute(spec.path).string()}, {"provider", spec.provider}})
      if (state.facts.value(fact, Value()) != value)
        if (Result<void> written = store->set_fact(fact, value); !written) return written;
    return {};
  }

  /// From here on the spec's release is the one to work with: a living cluster's own, or the one that it is upgraded
  /// to.
  Result<void> choose_release() {
    asked_release = spec.kubernetes.version;
    const ClusterRelease release = cluster_release(store->snapshot());
    if (verb == "upgrade") {
      if (options.to.empty()) options.to = release.upgrading() ? release.to : asked_release;
      if (Result<void> way = check_way(release.running, options.to); !way && !release.running.empty()) return way;
      if (Result<Versions> offered = load_versions(data + "/playbooks", options.to); !offered)
        return std::move(offered).error();
      spec.kubernetes.version = options.to;
    } else if (!release.running.empty()) {
      spec.kubernetes.version = release.running;
    }
    return {};
  }
};

Session::Session() : parts_(std::make_unique<Parts>()) {}
/// The graph of a big cluster is a million small pieces of memory. Giving them back one by one takes a fifth of a
/// plan's time, and the program is about to end: they are left to the kernel.
Session::~Session() {
  static auto& left = *new std::vector<std::unique_ptr<Graph>>();
  if (parts_ && parts_->graph) left.push_back(std::move(parts_->graph));
}

Result<std::unique_ptr<Session>> Session::open(const Options& options, const std::string& verb, Access access) {
  std::unique_ptr<Session> session(new Session());
  Parts& parts = *session->parts_;
  parts.options = options;
  parts.verb = verb;
  parts.access = access;
  parts.data = data_directory();
  Result<Spec> spec = load_spec(spec_path(options));
  if (!spec) return std::move(spec).error();
  parts.spec = std::move(*spec);
  parts.state_directory = state_directory_for(options, parts.spec.path, parts.spec.name);
  Result<std::unique_ptr<StateStore>> store = open_store_on({.directory = parts.state_directory,
                                                             .cluster = parts.spec.name,
                                                             .verb = verb,
                                                             .wait = Seconds(options.wait_seconds),
                                                             .read_only = access == Access::look,
                                                             .passphrase = key_passphrase()},
                                                            state_files());
  if (!store) return std::move(store).error();
  parts.store = std::move(*store);
  if (!parts.store->notice().empty()) say(parts.store->notice());
  if (Result<void> settled = parts.settle(); !settled) return std::move(settled).error();
  if (Result<void> written = parts.record_beforehand(); !written) return std::move(written).error();
  if (Result<void> chosen = parts.choose_release(); !chosen) return std::move(chosen).error();
  Result<Identity> identity =
      load_or_make_identity(*parts.store, parts.spec, names_of(parts.membership), access == Access::change);
  if (!identity) return std::move(identity).error();
  parts.identity = std::move(*identity);
  parts.state = parts.store->snapshot();
  Result<std::unique_ptr<LivePorts>> ports = LivePorts::open(
      parts.spec, parts.identity, control_plane_addresses(parts.membership), parts.state_directory, parts.data);
  if (!ports) return std::move(ports).error();
  parts.ports = std::move(*ports);
  return session;
}

const Spec& Session::spec() const { return parts_->spec; }
const Options& Session::options() const { return parts_->options; }
const std::string& Session::state_directory() const { return parts_->state_directory; }
StateStore& Session::store() { return *parts_->store; }
const Membership& Session::membership() const { return parts_->membership; }
const Identity& Session::identity() const { return parts_->identity; }
const Platform& Session::platform() const { return parts_->platform; }
Provider& Session::provider() { return parts_->ports->provider(); }
Reader& Session::reader() { return parts_->ports->reader(); }
Writer& Session::writer() { return parts_->ports->writer(); }
const Graph& Session::graph() const { return *parts_->graph; }
KubeAccess Session::kube_access() const { return parts_->ports->kube_access(); }

const std::string& Session::asked_release() const { return parts_->asked_release; }

bool Session::upgrading() const { return cluster_release(parts_->store->snapshot()).upgrading(); }

bool Session::has_cluster() const { return parts_->store->find(StepId("kubernetes/init")).has_value(); }

Result<void> Session::require_cluster() const {
  return has_cluster() ? Result<void>() : Result<void>(no_cluster_yet(parts_->spec.path));
}

Result<void> Session::check_release() const {
  const ClusterRelease release = cluster_release(parts_->store->snapshot());
  if (Result<void> whole = check_no_upgrade(release, parts_->spec.path); !whole) return whole;
  return check_asked_release(release, parts_->asked_release, parts_->spec.path);
}

Result<void> Session::reload_spec() {
  Parts& parts = *parts_;
  parts.graph.reset();
  Result<Spec> spec = load_spec(parts.spec.path);
  if (!spec) return std::move(spec).error();
  parts.spec = std::move(*spec);
  if (Result<void> settled = parts.settle(); !settled) return settled;
  if (Result<void> written = parts.record_beforehand(); !written) return written;
  if (Result<void> chosen = parts.choose_release(); !chosen) return chosen;
  Result<Identity> identity =
      load_or_make_identity(*parts.store, parts.spec, names_of(parts.membership), parts.access == Access::change);
  if (!identity) return std::move(identity).error();
  parts.identity = std::move(*identity);
  parts.state = parts.store->snapshot();
  return {};
}

Result<void> Session::expand_graph(bool destroying) {
  Parts& parts = *parts_;
  parts.graph = std::make_unique<Graph>();
  parts.whole = true;
  if (!destroying && parts.access == Access::change && !bears_two_releases(parts.verb))
    if (Result<void> whole = check_no_upgrade(cluster_release(parts.store->snapshot()), parts.spec.path); !whole)
      return whole;
  if (!destroying)
    if (Result<void> read = parts.read_add_ons(); !read) return read;
  const Blueprint blueprint{parts.spec,       parts.state,
                            parts.membership, parts.identity,
                            parts.platform,   parts.ports->provider(),
                            parts.data,       parts.options.delete_data};
  Result<void> expanded = destroying ? expand_destroy(*parts.graph, blueprint) : expand(*parts.graph, blueprint);
  if (!expanded) return expanded;
  return parts.graph->finish();
}

Result<void> Session::expand_objects(const std::string& add_on) {
  Parts& parts = *parts_;
  parts.graph = std::make_unique<Graph>();
  parts.whole = false;
  if (Result<void> read = parts.read_add_ons(); !read) return read;
  const Blueprint blueprint{
      parts.spec, parts.state, parts.membership, parts.identity, parts.platform, parts.ports->provider(), parts.data};
  if (Result<void> expanded = slipway::expand_objects(*parts.graph, blueprint, add_on); !expanded) return expanded;
  return parts.graph->finish();
}

Result<void> Session::expand_upgrade(const UpgradeOrder& order) {
  Parts& parts = *parts_;
  parts.graph = std::make_unique<Graph>();
  parts.whole = false;
  if (Result<void> read = parts.read_add_ons(); !read) return read;
  forget_former_artifacts(parts.state, order.release.to);
  const Blueprint blueprint{
      parts.spec, parts.state, parts.membership, parts.identity, parts.platform, parts.ports->provider(), parts.data};
  if (Result<void> expanded = slipway::expand_upgrade(*parts.graph, blueprint, order); !expanded) return expanded;
  return parts.graph->finish();
}

Result<Plan> Session::plan(const std::vector<std::string>& targets) {
  Parts& parts = *parts_;
  PlanOptions options;
  options.targets = targets;
  options.parallelism = parts.options.parallelism;
  options.cancelled = &cancellation();
  pass_boundary("phase/observing");
  LookView view(parts.spec.name, on_screen());
  const EventSink sink = [&](const Event& event) { view.on_event(event); };
  Result<Plan> plan = watched(view, [&] {
    parts.wait_for_lists(sink);
    return make_plan(*parts.graph, parts.state, parts.ports->reader(), parts.ports->writer().clock, options, sink);
  });
  if (!plan) return plan;
  plan->cluster = parts.spec.name;
  plan->binding = {parts.spec.digest, parts.state.lineage, parts.state.serial, version()};
  if (Result<void> weighed = weigh(*plan); !weighed) return std::move(weighed).error();
  return plan;
}

Result<void> Session::weigh(Plan& plan) {
  Result<std::vector<Claim>> claims = provider().claims(plan);
  if (!claims) return std::move(claims).error();
  Result<std::optional<double>> price = price_change(plan, parts_->spec.pools, provider());
  if (!price) return std::move(price).error();
  plan.claims = std::move(*claims);
  plan.price_per_hour = *price;
  return {};
}

RunSummary Session::run(const Plan& plan, const std::string& verb, const Plan* ceiling) {
  Parts& parts = *parts_;
  parts.summary = {};
  Result<std::unique_ptr<RunLog>> log = RunLog::open(parts.state_directory, verb, parts.options.events);
  if (!log) {
    parts.summary.failed = 1;
    parts.summary.failures.push_back({StepId("run"), std::move(log).error()});
    return parts.summary;
  }
  parts.run_id = (*log)->id().text();
  (*log)->write_header(run_header(*parts.graph, plan,
                                  {{"run", parts.run_id},
                                   {"verb", verb},
                                   {"cluster", parts.spec.name},
                                   {"spec", fs::absolute(parts.spec.path).string()},
                                   {"version", version()},
                                   {"kubernetes", parts.spec.kubernetes.version},
                                   {"user", user_name()},
                                   {"host", host_name()},
                                   {"started", format_time(std::chrono::system_clock::now())}}));
  size_t to_do = 0;
  for (const PlannedStep& step : plan.steps)
    if (step.diff.action != Action::none && !step.out_of_scope) ++to_do;
  RunView view(RunProgress(plan, verb + " " + parts.spec.name), on_screen());
  const EventSink sink = [&](Event event) {
    event.run = (*log)->id();
    (*log)->write(event);
    view.on_event(event);
  };
  RunOptions options;
  options.approve = parts.options.approve;
  options.approve_data_loss = parts.options.approve_data_loss;
  options.ceiling = ceiling;
  options.parallelism = parts.options.parallelism;
  options.lane_room = lane_room;
  options.cancelled = &cancellation();
  pass_boundary("phase/running");
  options.step_log = [&](const StepId& step) { return (*log)->step_log(step); };
  // The clock of the steps' events: a simulated world has its own.
  const Clock& clock = parts.ports->writer().clock;
  sink({.time = clock.wall(), .type = "run-started", .text = verb, .data = {{"steps", to_do}}});
  parts.summary = watched(view, [&] {
    return execute(*parts.graph, plan, parts.ports->reader(), parts.ports->writer(), *parts.store, options, sink);
  });
  pass_boundary("phase/ending");
  const RunSummary& summary = parts.summary;
  if (summary.failed == 0 && !summary.cancelled && summary.waiting_approval == 0) {
    const State now = parts.store->snapshot();
    if (now.steps.contains(StepId("kubernetes/init")) && !now.facts.contains("initialised"))
      (void)parts.store->set_fact("initialised", {{"ca_hash", parts.identity.ca_hash}});
    if (parts.whole)
      for (const StepId& id : forgettable(*parts.graph, now)) (void)parts.store->record_removed(id);
    const bool all_done = std::none_of(plan.steps.begin(), plan.steps.end(), [](const PlannedStep& step) {
      return step.out_of_scope && step.diff.action != Action::none;
    });
    if (parts.whole && all_done && open_node_order(now) && !half_replaced(now)) (void)drop_node_order(*parts.store);
  }
  sink({.time = clock.wall(), .type = "run-done", .data = run_document()});
  Value summary_document = run_document();
  summary_document["artifacts"] = artifacts_of(parts.store->snapshot());
  (*log)->write_summary(summary_document);
  return summary;
}

Value Session::run_document() const {
  const RunSummary& summary = parts_->summary;
  Value failures = Value::array();
  for (const StepFailure& failure : summary.failures)
    failures.push_back({{"step", failure.step.text()},
                        {"kind", name(failure.error.kind)},
                        {"error", redact(describe(failure.error))}});
  Value waiting = Value::array();
  for (const StepId& step : summary.waiting) waiting.push_back(step.text());
  Value data_loss = Value::array();
  for (const StepFailure& refusal : summary.refusals)
    data_loss.push_back({{"step", refusal.step.text()}, {"found", redact(refusal.error.found)}});
  return {{"format", 1},
          {"run", parts_->run_id},
          {"applied", summary.applied},
          {"failed", summary.failed},
          {"blocked", summary.blocked},
          {"waiting_approval", summary.waiting_approval},
          {"waiting", std::move(waiting)},
          {"data_loss", std::move(data_loss)},
          {"seconds", summary.seconds},
          {"critical_path_seconds", summary.critical_path_seconds},
          {"api_calls", parts_->ports->api_calls()},
          {"failures", std::move(failures)}};
}

}  // namespace slipway
