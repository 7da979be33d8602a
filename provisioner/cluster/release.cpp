#include "cluster/release.h"

#include "cluster/chapters.h"

namespace slipway {
namespace {

constexpr const char* fact = "kubernetes";

}  // namespace

ClusterRelease cluster_release(const State& state) {
  if (!was_initialised(state)) return {};
  if (const Value kept = state.facts.value(fact, Value()); kept.is_object())
    return {.running = text_at(kept, "release"), .to = text_at(kept, "to"), .run = text_at(kept, "run")};
  const auto kubelet = state.steps.find(StepId("artifact/binary/kubelet"));
  return {
      .running = kubelet == state.steps.end() ? "" : text_at(kubelet->second.outputs, "version"), .to = {}, .run = {}};
}

Result<void> record_release(StateStore& store, const ClusterRelease& release) {
  Value kept = {{"release", release.running}};
  if (release.upgrading()) kept.update({{"to", release.to}, {"run", release.run}});
  return store.set_fact(fact, kept);
}

Result<void> settle_release(StateStore& store, const std::string& asked) {
  const State state = store.snapshot();
  const std::string running = was_initialised(state) ? cluster_release(state).running : asked;
  const Value kept = state.facts.value(fact, Value());
  const bool settled = kept.is_object() && (was_initialised(state) || text_at(kept, "release") == asked);
  return settled || running.empty() ? Result<void>() : record_release(store, {.running = running, .to = {}, .run = {}});
}

Result<void> check_asked_release(const ClusterRelease& release, const std::string& asked,
                                 const std::string& spec_path) {
  if (release.running.empty() || asked == release.running) return {};
  const Result<void> way = check_way(release.running, asked);
  return fail(ErrorKind::bad_input, "a living cluster's Kubernetes version changes only by `slipway upgrade`",
              {.found = "kubernetes.version " + asked,
               .expected = release.running + ", which the cluster runs",
               .advice = (way ? "slipway upgrade " + spec_path + " --to " + asked + "; or set" : "set") +
                         " kubernetes.version back to " + release.running,
               .where = spec_path});
}

Result<void> check_no_upgrade(const ClusterRelease& release, const std::string& spec_path) {
  if (!release.upgrading()) return {};
  return fail(ErrorKind::bad_input, "an upgrade is under way: until it is done no other run changes hosts",
              {.found = "Kubernetes " + release.running + " on some hosts, " + release.to + " on others",
               .advice = "slipway upgrade " + spec_path + " --to " + release.to + " goes on with it"});
}

Result<void> check_way(const std::string& from, const std::string& to) {
  const std::optional<Release> before = parse_release(from), after = parse_release(to);
  if (!after)
    return fail(ErrorKind::bad_input, "not a release of Kubernetes", {.found = to, .expected = "a version as 1.36.4"});
  if (!before)
    return fail(ErrorKind::bad_input, "the release that the cluster runs is not known",
                {.found = from.empty() ? "nothing in the state" : from,
                 .advice = "slipway state recover SPEC finds it out, into a fresh state"});
  if (*after < *before)
    return fail(ErrorKind::bad_input, "a cluster does not go back to an older release",
                {.found = from + " -> " + to,
                 .expected = from + " or newer",
                 .advice = "an older cluster comes back out of a backup of etcd only"});
  if (after->major != before->major || after->minor > before->minor + 1)
    return fail(
        ErrorKind::bad_input, "an upgrade goes one minor release at a time",
        {.found = from + " -> " + to,
         .expected = "a release of " + minor_of(*before) + " or " + minor_of({before->major, before->minor + 1, 0}),
         .advice = "upgrade to " + minor_of({before->major, before->minor + 1, 0}) + " first"});
  return {};
}

Result<std::string> api_release(const std::string& version_body) {
  const Value version = Value::parse(version_body, nullptr, false);
  const std::optional<Release> release = parse_release(version.is_object() ? text_at(version, "gitVersion") : "");
  if (!release)
    return fail(ErrorKind::corrupt, "the API server does not tell its version", {.found = version_body.substr(0, 200)});
  return to_string(*release);
}

Result<void> check_join(const std::string& release, const std::string& version_body, bool control_plane) {
  const Result<std::string> api = api_release(version_body);
  if (!api) return api.error();
  const std::optional<Release> ours = parse_release(release), theirs = parse_release(*api);
  if (!ours) return {};
  const std::string found = "kubelet " + release + ", API server " + *api;
  if (*ours > *theirs)
    return fail(ErrorKind::bad_input, "a node that joins must not be newer than the control plane",
                {.found = found,
                 .expected = "a kubelet of " + *api + " or older",
                 .advice = "set kubernetes.version to " + *api + ", or first: slipway upgrade SPEC --to " + release});
  const bool same_minor = ours->major == theirs->major && ours->minor == theirs->minor;
  if (control_plane ? same_minor : ours->major == theirs->major && ours->minor + oldest_kubelet >= theirs->minor)
    return {};
  return fail(ErrorKind::bad_input,
              control_plane ? "a control plane that joins must be of the cluster's minor release"
                            : "the kubelet that joins is too old for the API server",
              {.found = found,
               .expected = control_plane ? minor_of(*theirs) : "at most three minor releases older",
               .advice = "set kubernetes.version to " + *api});
}

}  // namespace slipway
