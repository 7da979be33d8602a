#include "cluster/etcd_seats.h"

#include <algorithm>

#include "base/text.h"
#include "cluster/cleanup_step.h"

namespace slipway {
namespace {

// Reads only. The health of a member that is gone is known after its timeout.
constexpr const char* look = R"(
etcd=$(crictl ps --quiet --name '^etcd$' --state running | head -n 1)
[ -n "$etcd" ] || { echo "etcd does not run here" >&2; exit 1; }
pki=/etc/kubernetes/pki/etcd
ctl() {
  crictl exec "$etcd" etcdctl --command-timeout=5s --cacert $pki/ca.crt --cert $pki/server.crt --key $pki/server.key "$@"
}
ctl member list -w json || exit 1
ctl endpoint health --cluster -w json 2> /dev/null
exit 0
)";

/// Names may be missing while a member starts.
std::string shown(const EtcdSeat& seat) { return seat.name.empty() ? "one without a name" : seat.name; }

}  // namespace

Result<std::vector<EtcdSeat>> parse_etcd_seats(const std::string& text) {
  std::vector<Value> documents;
  for (const std::string& line : split(text, '\n'))
    if (Value value = Value::parse(line, nullptr, false); !line.empty() && !value.is_discarded())
      documents.push_back(std::move(value));
  if (documents.empty() || !documents[0].is_object() || !documents[0].contains("members") ||
      !documents[0].at("members").is_array())
    return fail(ErrorKind::corrupt, "etcd's answer is no list of members", {.found = text.substr(0, 200)});
  std::vector<std::string> healthy;
  if (documents.size() > 1 && documents[1].is_array())
    for (const Value& endpoint : documents[1])
      if (endpoint.is_object() && endpoint.value("health", Value()) == Value(true))
        healthy.push_back(text_at(endpoint, "endpoint"));
  std::vector<EtcdSeat> seats;
  for (const Value& member : documents[0].at("members")) {
    if (!member.is_object())
      return fail(ErrorKind::corrupt, "etcd lists a member that is none", {.found = member.dump()});
    EtcdSeat seat{.name = text_at(member, "name")};
    for (const Value& url : member.value("clientURLs", Value::array()))
      if (url.is_string() && std::find(healthy.begin(), healthy.end(), url.get<std::string>()) != healthy.end())
        seat.healthy = true;
    seats.push_back(std::move(seat));
  }
  return seats;
}

std::vector<Value> control_plane_access(const State& state, const Membership& membership) {
  std::vector<Value> found;
  for (const Member* member : membership.control_planes()) {
    const std::string name = member->name.text();
    const auto machine = state.steps.find(StepId("machine/" + name));
    if (state.steps.contains(StepId("node/" + name)) && machine != state.steps.end() &&
        machine->second.outputs.contains("access"))
      found.push_back(machine->second.outputs.at("access"));
  }
  return found;
}

Result<std::vector<EtcdSeat>> look_at_etcd(HostWriter& writer, const std::vector<HostAccess>& hosts) {
  Error last = fail(ErrorKind::unavailable, "no other control plane is there to ask about etcd");
  for (const HostAccess& host : hosts) {
    const Result<ScriptOutcome> outcome = writer.run(host, {.text = look}, Deadline::in(Seconds(40)));
    if (!outcome) {
      last = outcome.error();
    } else if (outcome->exit_status != 0) {
      last = fail(ErrorKind::unavailable, "etcd does not answer",
                  {.found = outcome->error_output.substr(0, 400),
                   .expected = "a list of its members, which needs more than half of them",
                   .where = host.machine.text()});
    } else {
      return parse_etcd_seats(outcome->output);
    }
  }
  return last.while_doing("asking etcd for its members");
}

Result<void> can_spare(const std::vector<EtcdSeat>& seats, const std::string& leaving) {
  size_t left = 0, healthy = 0;
  bool member = false;
  std::vector<std::string> silent;
  for (const EtcdSeat& seat : seats) {
    if (seat.name == leaving) {
      member = true;
      continue;
    }
    ++left;
    if (seat.healthy)
      ++healthy;
    else
      silent.push_back(shown(seat));
  }
  const size_t needed = left / 2 + 1;
  if (!member || (left > 0 && healthy >= needed)) return {};
  return fail(
      ErrorKind::bad_input, "etcd would lose its quorum without " + leaving,
      {.found = left == 0 ? "it is the only member, and all data of the cluster with it"
                          : std::to_string(healthy) + " of the " + std::to_string(left) + " members that stay answer" +
                                (silent.empty() ? "" : "; silent: " + join(silent, ", ")),
       .expected = "at least " + std::to_string(needed) + " healthy members besides it",
       .advice = left == 0 ? "add another control plane first (slipway node add)"
                           : "bring " + join(silent, ", ") + " back, or remove or replace that one first"});
}

Result<EtcdSeatRemoval> EtcdSeatRemoval::make(Shelf& shelf, const std::string& cluster, const std::string& member,
                                              const std::vector<Value>& staying) {
  EtcdSeatRemoval removal;
  removal.member_ = member;
  for (const Value& access : staying) {
    Result<HostAccess> host = host_access_from(access);
    if (!host) return std::move(host).error();
    Result<std::unique_ptr<Step>> step =
        make_recorded_step(shelf, cluster, "etcd-member-removal", {{"member", member}}, access);
    if (!step) return std::move(step).error();
    removal.hosts_.push_back(std::move(*host));
    removal.steps_.push_back(std::move(*step));
  }
  return removal;
}

Result<bool> EtcdSeatRemoval::listed(Reader& reader) const {
  Error last = fail(ErrorKind::unavailable, "no other control plane is there to ask about etcd");
  for (const std::unique_ptr<Step>& step : steps_) {
    Result<Observation> seen = step->observe(reader, {});
    if (seen) return !step->diff(*seen, {}).empty();
    last = std::move(seen).error();
  }
  return last;
}

Result<void> EtcdSeatRemoval::take_out(Writer& writer, Recorder& recorder) const {
  const Result<std::vector<EtcdSeat>> seats = look_at_etcd(writer.hosts, hosts_);
  if (!seats) return seats.error();
  if (Result<void> spared = can_spare(*seats, member_); !spared) return spared;
  Error last = fail(ErrorKind::unavailable, "no other control plane is there");
  for (const std::unique_ptr<Step>& step : steps_) {
    Result<Observation> seen = step->observe(writer.read, {});
    if (!seen) {
      last = std::move(seen).error();
      continue;
    }
    const Diff diff = step->diff(*seen, {});
    if (diff.empty()) return {};
    recorder.progress("taking " + member_ + " out of etcd");
    Result<Outputs> done = step->apply(writer, diff, {}, recorder);
    if (!done) return std::move(done).error().while_doing("taking " + member_ + " out of etcd");
    return {};
  }
  return last.while_doing("taking " + member_ + " out of etcd");
}

Result<bool> EtcdSeatRemoval::dead(Writer& writer) const {
  const Result<std::vector<EtcdSeat>> seats = look_at_etcd(writer.hosts, hosts_);
  if (!seats) return seats.error();
  return std::any_of(seats->begin(), seats->end(),
                     [&](const EtcdSeat& seat) { return seat.name == member_ && !seat.healthy; });
}

}  // namespace slipway
