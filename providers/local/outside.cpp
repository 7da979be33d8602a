// The hosts' way out of their bridge: forwarding, and one masquerading rule.

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "providers/local/file_lock.h"
#include "providers/local/network.h"

namespace slipway::local {
namespace {

constexpr const char* forward_switch = "/proc/sys/net/ipv4/ip_forward";
constexpr const char* run_directory = "/run/slipway";
constexpr const char* forward_before = "/run/slipway/ip_forward";
constexpr const char* run_lock = "/run/slipway/lock";

bool succeeds(std::vector<std::string> words) {
  const Result<CommandOutcome> outcome = run_command({.arguments = std::move(words), .timeout = Seconds(30)});
  return outcome && outcome->ok();
}

bool has_program(const char* program) {
  for (const char* folder : {"/usr/sbin/", "/sbin/", "/usr/bin/", "/usr/local/sbin/"})
    if (::access((std::string(folder) + program).c_str(), X_OK) == 0) return true;
  return false;
}

/// What all hosts of all clusters share, and run out of: kubelets, proxies and controllers each watch files.
const std::map<std::string, int64_t> shared_limits = {{"/proc/sys/fs/inotify/max_user_instances", 8192},
                                                      {"/proc/sys/fs/inotify/max_user_watches", 524288}};

int64_t limit_now(const std::string& path) {
  const Result<std::string> text = read_file(path);
  return text ? std::strtoll(text->c_str(), nullptr, 10) : 0;
}

bool limits_raised() {
  return std::all_of(shared_limits.begin(), shared_limits.end(),
                     [](const auto& limit) { return limit_now(limit.first) >= limit.second; });
}

bool forwards() {
  const Result<std::string> now = read_file(forward_switch);
  return now && trim(*now) == "1";
}

Result<void> set_switch(const std::string& path, const std::string& value) {
  // A kernel switch takes plain writes; a temp file and rename would not reach it.
  FILE* file = std::fopen(path.c_str(), "we");
  const bool written = file && std::fputs(value.c_str(), file) >= 0;
  if (file && std::fclose(file) == 0 && written) return {};
  return fail(ErrorKind::unauthorised, "cannot set a switch of the kernel",
              {.expected = value + " in " + path, .advice = "run as root on the machine itself"});
}

/// What the machine had before the first cluster, noted once.
Result<Value> note_before(const std::set<std::string>& bridges) {
  const Result<std::string> text = read_file(forward_before);
  Value before = text ? Value::parse(*text, nullptr, false) : Value();
  if (!before.is_object()) before = {{"forwarding", forwards()}, {"bridges", bridges}};
  if (before.contains("limits")) return before;
  Value& limits = before["limits"] = Value::object();
  for (const auto& [path, least] : shared_limits)
    if (limit_now(path) < least) limits[path] = limit_now(path);
  if (Result<void> noted = write_file_atomically(forward_before, before.dump() + "\n"); !noted)
    return std::move(noted).error();
  return before;
}

struct Bridges {
  bool ours = false;             ///< A cluster of provider `local` lives.
  std::set<std::string> others;  ///< Of Docker, libvirt and the like: they need forwarding as we do.
};

Bridges bridges_now() {
  Bridges bridges;
  std::error_code problem;
  for (std::filesystem::directory_iterator entry("/sys/class/net", problem), end; !problem && entry != end;
       entry.increment(problem)) {
    const std::string name = entry->path().filename().string();
    if (!std::filesystem::exists(entry->path() / "bridge", problem)) continue;
    if (name.starts_with("slw-"))
      bridges.ours = true;
    else
      bridges.others.insert(name);
  }
  return bridges;
}

/// Where the machine's own firewall drops what is forwarded (Docker, ufw), the bridge is let through. Rules are found
/// again by their comment.
std::vector<std::vector<std::string>> accept_rules(const Settings& settings) {
  std::vector<std::vector<std::string>> rules;
  for (const char* direction : {"-i", "-o"})
    rules.push_back(
        {"FORWARD", direction, settings.bridge(), "-m", "comment", "--comment", settings.nft_table(), "-j", "ACCEPT"});
  return rules;
}

std::vector<std::string> iptables(const char* action, const std::vector<std::string>& rule) {
  std::vector<std::string> words = {"iptables", "-w", "5", action};
  words.insert(words.end(), rule.begin(), rule.end());
  return words;
}

bool forward_is_dropped() {
  const Result<CommandOutcome> policy =
      run_command({.arguments = {"iptables", "-w", "5", "-S", "FORWARD"}, .timeout = Seconds(30)});
  return policy && policy->ok() && policy->output.starts_with("-P FORWARD DROP");
}

}  // namespace

bool forwarding_enabled() { return forwards() && limits_raised(); }

Result<void> enable_forwarding() {
  if (forwarding_enabled() && ::access(forward_before, F_OK) == 0) return {};
  if (Result<void> made = make_directories(run_directory, 0755); !made) return made;
  Result<FileLock> lock = FileLock::take(run_lock, Deadline::in(Seconds(30)));
  if (!lock) return std::move(lock).error();
  if (Result<Value> noted = note_before(bridges_now().others); !noted) return std::move(noted).error();
  for (const auto& [path, least] : shared_limits)
    if (limit_now(path) < least)
      if (Result<void> raised = set_switch(path, std::to_string(least)); !raised) return raised;
  return set_switch(forward_switch, "1");
}

void restore_forwarding() {
  if (::access(run_directory, F_OK) != 0) return;
  Result<FileLock> lock = FileLock::take(run_lock, Deadline::in(Seconds(30)));
  const Bridges bridges = bridges_now();
  if (!lock || bridges.ours) return;
  const Result<std::string> text = read_file(forward_before);
  const Value before = text ? Value::parse(*text, nullptr, false) : Value();
  if (before.is_object() && !before.value("forwarding", true)) {
    const std::set<std::string> known = before.value("bridges", std::set<std::string>{});
    // Whoever made a bridge since then found forwarding switched on and may rely on it.
    if (std::includes(known.begin(), known.end(), bridges.others.begin(), bridges.others.end()))
      (void)set_switch(forward_switch, "0");
  }
  if (before.is_object() && before.value("limits", Value()).is_object())
    for (const auto& [path, value] : before["limits"].items())
      if (shared_limits.contains(path) && value.is_number_integer()) (void)set_switch(path, value.dump());
  ::unlink(forward_before);
  lock->remove_file();
  ::rmdir(run_directory);
  // Made for nspawn by keepers where no systemd runs; a folder that somebody uses is not empty and stays.
  ::rmdir("/run/systemd/nspawn");
}

bool Network::rule_present() const {
  if (!succeeds({"nft", "list", "table", "ip", settings_.nft_table()})) return false;
  if (!has_program("iptables") || !forward_is_dropped()) return true;
  for (const std::vector<std::string>& rule : accept_rules(settings_))
    if (!succeeds(iptables("-C", rule))) return false;
  return true;
}

Result<void> Network::add_rule() const {
  const std::string subnet = to_string(settings_.subnet);
  // `add table` and `delete table` first: the rule is there once, however often this runs.
  const std::string table = "ip " + settings_.nft_table();
  const std::string rules = "add table " + table + "\ndelete table " + table + "\nadd table " + table + "\nadd chain " +
                            table +
                            " outside { type nat hook postrouting priority srcnat ; policy accept ; }\nadd rule " +
                            table + " outside ip saddr " + subnet + " ip daddr != " + subnet + " masquerade\n";
  Result<std::string> added = run_or_fail({.arguments = {"nft", "-f", "-"}, .input = rules, .timeout = Seconds(30)});
  if (!added) return std::move(added).error().while_doing("letting hosts reach the network outside");
  if (!has_program("iptables") || !forward_is_dropped()) return {};
  for (const std::vector<std::string>& rule : accept_rules(settings_)) {
    if (succeeds(iptables("-C", rule))) continue;
    if (Result<std::string> accepted = run_or_fail({.arguments = iptables("-I", rule)}); !accepted)
      return std::move(accepted).error().while_doing("letting hosts pass the machine's firewall");
  }
  return {};
}

void Network::remove_rule() const {
  if (has_program("nft")) (void)run_command({.arguments = {"nft", "delete", "table", "ip", settings_.nft_table()}});
  if (!has_program("iptables")) return;
  for (const std::vector<std::string>& rule : accept_rules(settings_))
    while (succeeds(iptables("-C", rule)) && succeeds(iptables("-D", rule))) {
    }
}

}  // namespace slipway::local
