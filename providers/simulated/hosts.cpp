#include "providers/simulated/hosts.h"

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"

namespace slipway::simulated {
namespace {

constexpr const char* incoming = "/var/lib/slipway/incoming/";
constexpr const char* join_file = "/run/slipway/join/kubeadm-join.yaml";
/// What a task that was begun and not ended leaves in the place of its digest.
constexpr const char* half_done = "half done";

Value to_value(const ApplyRequest& apply) {
  // Tasks as rows: an apply is written once for each playbook of each host.
  Value tasks = Value::array();
  for (const ScriptTask& task : apply.tasks)
    tasks.push_back({task.number, task.digest, task.concerns, task.reboots, task.handlers, task.content});
  return {{"id", apply.id},
          {"playbook", apply.playbook},
          {"cluster", apply.cluster},
          {"digest", apply.digest},
          {"address", apply.node_address},
          {"release", apply.release},
          {"removal", apply.removal},
          {"approved", apply.approved},
          {"tasks", std::move(tasks)},
          {"handlers", apply.handlers},
          {"reboot_handlers", apply.reboot_handlers}};
}

ApplyRequest apply_from(const Value& value) {
  ApplyRequest apply;
  apply.id = text_at(value, "id");
  apply.playbook = text_at(value, "playbook");
  apply.cluster = text_at(value, "cluster");
  apply.digest = text_at(value, "digest");
  apply.node_address = text_at(value, "address");
  apply.release = text_at(value, "release");
  apply.removal = value.value("removal", false);
  apply.approved = text_at(value, "approved");
  for (const Value& task : value.at("tasks"))
    apply.tasks.push_back({.number = task.at(0).get<size_t>(),
                           .digest = task.at(1).get<std::string>(),
                           .content = task.size() > 5 ? task.at(5).get<std::string>() : "",
                           .concerns = task.at(2).get<bool>(),
                           .reboots = task.at(3).get<bool>(),
                           .handlers = task.at(4).get<std::vector<std::string>>()});
  apply.handlers = value.at("handlers").get<std::vector<std::pair<std::string, size_t>>>();
  apply.reboot_handlers = value.at("reboot_handlers").get<std::vector<std::pair<std::string, size_t>>>();
  return apply;
}

std::string failed_line(const std::string& word, size_t number, const std::string& output) {
  return word + " " + std::to_string(number) + " 0 1 " + base64_encode(output) + "\n";
}

}  // namespace

Result<Hosts::Visit> Hosts::visit(const HostAccess& host, const std::string& call, Deadline deadline) {
  clock_.stir();
  if (latency_.count() > 0) clock_.sleep_for(latency_);
  const std::string name = "host/" + call + "/" + host.machine.text();
  const std::optional<Strike> strike = faults_.strike(name);
  std::optional<Error> error;
  if (strike) {
    if (strike->fault == Fault::slow) clock_.sleep_for(strike->span);
    if (strike->fault == Fault::clock_jump) clock_.shift_wall(strike->span);
    error = error_of(*strike, name);
    if (strike->fault == Fault::timeout_before) clock_.sleep_for(deadline.left());
    if (error && !takes_effect(strike->fault)) return *error;
  }
  Visit visit{.lock = world_.enter(), .place = {}, .strike = strike, .error = error};
  const std::string id = world_.text("address/" + host.address);
  const Value* machine = world_.find("object/machine/" + id);
  if (id.empty() || !machine || text_at(machine->at("fields"), "state") != "running")
    return fail(ErrorKind::unavailable, "the host cannot be reached",
                {.found = "no route to host", .where = host.machine.text() + " (" + host.address + ")"});
  const std::string key = text_at(machine->at("fields"), "host_key");
  if (!host.host_keys.empty() && std::find(host.host_keys.begin(), host.host_keys.end(), key) == host.host_keys.end())
    return fail(ErrorKind::verification, "the host shows another key than the pinned one",
                {.found = key, .expected = join(host.host_keys, " or "), .where = host.address});
  visit.place = {id, text_at(*machine, "name"), host.address};
  if (!world_.find(visit.place.key("boot"))) boot(visit.place);
  return visit;
}

/// Keeps what the visit changed, then answers what strikes it.
Result<void> Hosts::leave(Visit& visit, Deadline deadline) {
  world_.set_time(clock_.elapsed());
  if (Result<void> kept = world_.commit(); !kept) return kept;
  visit.lock.unlock();
  if (!visit.error) return {};
  if (visit.strike->fault == Fault::timeout_after) clock_.sleep_for(deadline.left());
  return *visit.error;
}

/// A new boot: whatever lay in memory is gone, and no apply lives on.
void Hosts::boot(const Place& place) {
  const Value* boots = world_.find(place.key("boot"));
  world_.set(place.key("boot"), (boots ? boots->get<int64_t>() : 0) + 1);
  world_.erase(place.key("apply"));
  world_.erase_all(place.key("file/run/"));
}

std::string Hosts::boot_id(const Place& place) const {
  const Value* boots = world_.find(place.key("boot"));
  return place.id + "-boot-" + (boots ? boots->dump() : "0");
}

Facts Hosts::facts(const Place& place) const {
  const Value* machine = world_.find("object/machine/" + place.id);
  const uint64_t memory = machine->at("fields").value("memory_bytes", uint64_t{0});
  return {{"os", "debian"},
          {"os_version", "12"},
          {"os_codename", "bookworm"},
          {"arch", "amd64"},
          {"virtualization", "kvm"},
          {"container", "no"},
          {"cgroup", "2"},
          {"init", "systemd"},
          {"boot_id", boot_id(place)},
          {"kernel", "6.1.0-simulated"},
          {"hostname", place.name},
          {"memory_kib", std::to_string(memory / 1024)}};
}

std::string Hosts::fact_lines(const Place& place, const std::string& node_address) const {
  std::string lines;
  for (const auto& [key, value] : facts(place)) lines += "fact " + key + " " + value + "\n";
  if (!node_address.empty()) lines += "fact interface eth0\nfact address " + place.address + "\n";
  return lines;
}

bool Hosts::drifted(const Place& place, const std::string& playbook, const ScriptTask& task) const {
  const std::string kept = world_.text(place.key("task/" + playbook + "/" + std::to_string(task.number)));
  if (!task.concerns || kept == task.digest) return false;
  // An upgrade put the same file there, or the same images.
  return kept == half_done || task.content.empty() || !world_.find(place.key("given/" + task.content));
}

std::string Hosts::check_answer(const Place& place, const CheckRequest& check) const {
  std::string lines = "slipway 1\n";
  if (check.minds_living)
    if (const std::optional<ApplyRequest> apply = living(place)) return lines + "busy " + apply->id + "\n";
  lines += fact_lines(place, check.node_address);
  if (const std::string stamp = world_.text(place.key("stamp")); !stamp.empty()) lines += "stamp " + stamp + "\n";
  if (const std::string digest = world_.text(place.key("applied/" + check.playbook)); !digest.empty())
    lines += "applied " + digest + "\n";
  for (const ScriptTask& task : check.tasks)
    if (drifted(place, check.playbook, task)) {
      const std::string kept = world_.text(place.key("task/" + check.playbook + "/" + std::to_string(task.number)));
      lines += "drift " + std::to_string(task.number) + " 0 " + (kept.empty() ? "absent" : "other") + "\n";
    }
  for (const std::string& handler : check.pending)
    if (world_.find(place.key("pending/" + check.playbook + "." + handler))) lines += "pending " + handler + "\n";
  return lines + "done\n";
}

std::optional<ApplyRequest> Hosts::living(const Place& place) const {
  const Value* apply = world_.find(place.key("apply"));
  return apply ? std::optional(apply_from(*apply)) : std::nullopt;
}

Result<ScriptOutcome> Hosts::check(const HostAccess& host, const CheckScript& script, Deadline deadline) {
  Result<Visit> visit = this->visit(host, "check", deadline);
  if (!visit) return std::move(visit).error();
  const Place& place = visit->place;
  const std::optional<CheckRequest> check = read_check(script.text(), facts(place));
  if (!check) return fail(ErrorKind::internal, "the simulated host does not know this script");
  ScriptOutcome outcome;
  if (!check->waits_for.empty()) {
    const std::optional<ApplyRequest> apply = living(place);
    std::string events;
    if (apply && apply->id == check->waits_for && carry_on(place, *apply, events) == Ending::hung) {
      visit->lock.unlock();
      clock_.sleep_for(deadline.left());
      return fail(ErrorKind::timeout, "no answer in time", {.where = place.name});
    }
    outcome.output = "slipway 1\ndone\n";
  } else {
    outcome.output = check_answer(place, *check);
  }
  if (Result<void> left = leave(*visit, deadline); !left) return std::move(left).error();
  return outcome;
}

/// What a playbook's whole means beyond its host: kubeadm's three. Answers its complaint, or nothing.
std::string Hosts::effect(const Place& place, const ApplyRequest& apply) {
  const std::string release = apply.release.empty() ? release_ : apply.release;
  if (apply.playbook == "kubeadm-init") return cluster_.initialise(place.id, place.name, release);
  if (apply.playbook == "upgrade") return cluster_.upgrade(place.id, place.name, release);
  if (apply.playbook != "kubeadm-join") return {};
  const Value* ticket = world_.find(place.key(std::string("file") + join_file));
  if (!ticket) return "couldn't read /run/slipway/join/kubeadm-join.yaml: no such file or directory";
  const std::string complaint =
      cluster_.join(place.id, place.name, release, text_at(*ticket, "token"), ticket->value("control_plane", false));
  world_.erase_all(place.key("file/run/slipway/join/"));
  return complaint;
}

Hosts::Ending Hosts::run_task(const Place& place, const ApplyRequest& apply, const ScriptTask& task,
                              std::string& events) {
  const std::string number = std::to_string(task.number), key = place.key("task/" + apply.playbook + "/" + number);
  if (!drifted(place, apply.playbook, task)) {
    events += "unchanged " + number + "\n";
    return Ending::done;
  }
  if (apply.approved != "all" && apply.approved.find(" " + number + ".0 ") == std::string::npos) {
    events += "world " + number + " 0 other\nend 4\n";
    return Ending::failed;
  }
  events += "started " + number + "\n";
  if (task.reboots) {
    world_.set(key, task.digest);
    return Ending::rebooting;
  }
  for (const std::string& handler : task.handlers)
    world_.set(place.key("pending/" + apply.playbook + "." + handler), true);
  world_.set(key, half_done);
  if (!world_.commit()) return Ending::cut;
  const std::string call = "host/task/" + place.name + "/" + apply.playbook + "/" + number;
  if (const std::optional<Strike> strike = faults_.strike(call)) {
    switch (strike->fault) {
      case Fault::reboot:
        boot(place);
        (void)world_.commit();
        return Ending::cut;
      case Fault::hang:
        return Ending::hung;
      case Fault::disk_full:
        events += failed_line("failed", task.number, "write error: No space left on device") + "end 1\n";
        return Ending::failed;
      case Fault::slow:
        break;
      default:
        events += failed_line("failed", task.number, "the task's command failed") + "end 1\n";
        return Ending::failed;
    }
  }
  if (const std::string complaint = effect(place, apply); !complaint.empty()) {
    events += failed_line("failed", task.number, complaint) + "end 1\n";
    return Ending::failed;
  }
  world_.set(key, task.digest);
  if (apply.playbook.starts_with("upgrade") && !task.content.empty())
    world_.set(place.key("given/" + task.content), true);
  events += "changed " + number + " 0\n";
  return world_.commit() ? Ending::done : Ending::cut;
}

/// Brings an apply to its end, from wherever it stands: each task looks at itself again.
Hosts::Ending Hosts::carry_on(const Place& place, const ApplyRequest& apply, std::string& events) {
  const auto settle = [&](const std::string& handler) {
    world_.erase(place.key("pending/" + apply.playbook + "." + handler));
  };
  const auto run_handlers = [&] {
    for (const auto& [slug, number] : apply.handlers)
      if (world_.find(place.key("pending/" + apply.playbook + "." + slug))) {
        settle(slug);
        events += "handling " + std::to_string(number) + "\nhandled " + std::to_string(number) + " 0\n";
      }
    settle("daemon-reload");
  };
  const auto restart = [&] {
    events += "rebooting " + boot_id(place) + "\nend 6\n";
    boot(place);
    return Ending::rebooting;
  };
  if (!apply.removal && world_.text(place.key("stamp")).empty()) world_.set(place.key("stamp"), apply.cluster);
  for (const ScriptTask& task : apply.tasks) {
    const Ending ending = run_task(place, apply, task, events);
    if (ending == Ending::rebooting) {
      run_handlers();
      return restart();
    }
    if (ending == Ending::failed) world_.erase(place.key("apply"));
    if (ending != Ending::done) return ending;
  }
  run_handlers();
  for (const auto& [slug, number] : apply.reboot_handlers)
    if (world_.find(place.key("pending/" + apply.playbook + "." + slug))) {
      settle(slug);
      return restart();
    }
  events += fact_lines(place, apply.node_address) + "end 0\n";
  world_.erase(place.key("apply"));
  if (apply.removal) {
    world_.erase_all(place.key(""));
  } else {
    world_.set(place.key("applied/" + apply.playbook), apply.digest);
    world_.erase_all(place.key(std::string("file") + incoming));
  }
  return Ending::done;
}

/// Starts or finds the apply and answers what its caller hears.
Result<std::string> Hosts::launch(Visit& visit, const ApplyRequest& apply, Deadline deadline) {
  const Place& place = visit.place;
  if (!apply.whole) return std::string("launch incomplete\n");
  std::string heard;
  const std::optional<ApplyRequest> other = living(place);
  if (const auto known = events_.find(apply.id); known != events_.end() && !(other && other->id == apply.id))
    if (known->second.find("end ") != std::string::npos)
      return "launch attached\n" + known->second.substr(std::min(apply.offset, known->second.size()));
  if (other && other->id != apply.id) {
    heard += "launch waiting " + other->id + "\n";
    std::string unheard;
    if (carry_on(place, *other, unheard) == Ending::hung) {
      visit.lock.unlock();
      clock_.sleep_for(deadline.left());
      return fail(ErrorKind::timeout, "no answer in time", {.where = place.name});
    }
  }
  world_.set(place.key("apply"), to_value(apply));
  if (Result<void> begun = world_.commit(); !begun) return std::move(begun).error();
  std::string& events = events_[apply.id];
  events.clear();
  const Ending ending = carry_on(place, apply, events);
  heard += "launch started\n" + events;
  if (ending == Ending::cut) {
    (void)world_.commit();
    return fail(ErrorKind::unavailable, "the connection to the host is gone",
                {.found = "reset by peer", .where = place.name});
  }
  if (ending == Ending::hung) {
    visit.lock.unlock();
    clock_.sleep_for(deadline.left());
    return fail(ErrorKind::timeout, "no answer in time", {.where = place.name});
  }
  return heard;
}

std::string Hosts::incoming_answer(const Place& place, const std::string& text) const {
  const size_t begin = text.find("for sum in") + 10;
  std::string answer;
  for (const std::string& sum : split(text.substr(begin, text.find(';', begin) - begin), ' '))
    if (!sum.empty() && world_.find(place.key("file" + (incoming + sum)))) answer += "have " + sum + "\n";
  return answer + "free 20000000\n";
}

Result<ScriptOutcome> Hosts::run(const HostAccess& host, const Script& script, Deadline deadline) {
  Result<Visit> visit = this->visit(host, "run", deadline);
  if (!visit) return std::move(visit).error();
  const Place place = visit->place;
  ScriptOutcome outcome;
  if (const std::optional<ApplyRequest> apply = read_launch(script.text, script.input, facts(place))) {
    Result<std::string> heard = launch(*visit, *apply, deadline);
    if (!heard) return std::move(heard).error();
    outcome.output = std::move(*heard);
    if (!visit->error) events_.erase(apply->id);
  } else if (script.text.find("for sum in") != std::string::npos) {
    outcome.output = incoming_answer(place, script.text);
  } else if (script.text.find("systemctl stop slipway-apply-") != std::string::npos) {
    if (world_.find(place.key("apply"))) outcome.output = "the last words of a task that does not end\n";
    world_.erase(place.key("apply"));
  } else if (script.text.starts_with("# room and deprecated APIs")) {
    // Tests put lines of the API server's figures there.
    outcome.output = "== disk\n/var/lib/containerd 20000000 /\n== apis\n" + world_.text("deprecated");
  } else if (script.text.find("/slipway-etcd list") != std::string::npos) {
    // The timer of a control plane has done its work.
    if (world_.find("etcd/" + place.id))
      outcome.output = Value({{"label", "etcd-simulated-" + place.name},
                              {"machine", place.name},
                              {"taken", format_time(clock_.wall())},
                              {"objects", 1},
                              {"sha256", sha256(place.name)}})
                           .dump() +
                       "\n";
  } else if (script.text.find("etcdctl") != std::string::npos) {
    outcome.output = cluster_.etcd_answer();
    outcome.exit_status = outcome.output.empty() ? 1 : 0;
  } else if (script.text == "systemctl restart kubelet") {
    cluster_.restart_kubelet(place.id, place.name);
  } else {
    outcome.exit_status = 127;
    outcome.error_output = "a simulated host runs no scripts but Slipway's own\n";
  }
  // A connection that breaks in the middle of the answer has passed on its first half.
  std::string heard = outcome.output;
  if (visit->error && visit->strike->fault == Fault::cut)
    heard = heard.substr(0, heard.rfind('\n', heard.size() / 2) + 1);
  const Result<void> left = leave(*visit, deadline);
  if (script.on_line && (left || visit->strike->fault == Fault::cut))
    for (const std::string& line : split(heard, '\n'))
      if (!line.empty()) script.on_line(line);
  if (!left) return left.error();
  return outcome;
}

Result<void> Hosts::put(const HostAccess& host, const RemoteFile& file, Deadline deadline) {
  Result<Visit> visit = this->visit(host, "put", deadline);
  if (!visit) return std::move(visit).error();
  if (visit->strike && visit->strike->fault == Fault::disk_full)
    return fail(ErrorKind::quota, "the host's disk is full", {.found = "No space left on device", .where = file.path});
  Value kept = {{"mode", file.mode}};
  if (file.path == join_file) {
    const size_t at = file.content.find("tlsBootstrapToken: ");
    if (at != std::string::npos) kept["token"] = std::string(trim(file.content.substr(at + 19, 23)));
    kept["control_plane"] = file.content.find("\ncontrolPlane:") != std::string::npos;
  }
  world_.set(visit->place.key("file" + file.path), std::move(kept));
  return leave(*visit, deadline);
}

Result<void> Hosts::wait_until_up(const HostAccess& host, Deadline deadline) {
  const Instant until = clock_.now() + deadline.left();
  for (;;) {
    Result<Visit> visit = this->visit(host, "up", deadline);
    if (visit) return leave(*visit, deadline);
    if (!retryable(visit.error().kind) || clock_.now() >= until) return std::move(visit).error();
    clock_.sleep_for(Milliseconds(1000));
  }
}

}  // namespace slipway::simulated
