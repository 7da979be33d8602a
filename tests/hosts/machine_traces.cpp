#include "tests/hosts/machine_traces.h"

#include <filesystem>
#include <set>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

namespace slipway::testing_support {
namespace {

namespace fs = std::filesystem;

std::string link_text(const std::string& path) {
  char text[4096];
  const ssize_t size = ::readlink(path.c_str(), text, sizeof text);
  return size > 0 ? std::string(text, static_cast<size_t>(size)) : std::string();
}

std::string text_of(const std::string& path) {
  Result<std::string> text = read_file(path);
  return text ? std::move(*text) : std::string();
}

/// Without zombies: they hold nothing, and when init buries them is init's affair.
std::vector<int> all_processes() {
  std::vector<int> pids;
  std::error_code problem;
  for (fs::directory_iterator entry("/proc", problem), end; !problem && entry != end; entry.increment(problem))
    if (const int pid = std::atoi(entry->path().filename().c_str());
        pid > 0 && text_of(entry->path().string() + "/stat").find(") Z ") == std::string::npos)
      pids.push_back(pid);
  return pids;
}

std::string command_line(int pid) {
  std::string text = text_of("/proc/" + std::to_string(pid) + "/cmdline");
  for (char& byte : text)
    if (byte == '\0') byte = ' ';
  return text;
}

void groups_named(const fs::path& folder, const std::string& name, int depth, std::vector<std::string>& found) {
  std::error_code problem;
  for (fs::directory_iterator entry(folder, problem), end; !problem && entry != end; entry.increment(problem)) {
    if (!entry->is_directory(problem) || entry->is_symlink(problem)) continue;
    if (entry->path().filename().string().find(name) != std::string::npos)
      found.push_back("control group " + entry->path().string());
    else if (depth > 0)
      groups_named(entry->path(), name, depth - 1, found);
  }
}

}  // namespace

std::vector<std::string> traces_of(const std::string& kernel_name, const std::string& data_directory) {
  std::vector<std::string> traces;
  std::error_code problem;
  for (const fs::directory_entry& link : fs::directory_iterator("/sys/class/net"))
    if (link.path().filename().string().starts_with(kernel_name))
      traces.push_back("interface " + link.path().filename().string());
  for (const std::string& line : split(text_of("/proc/self/mountinfo"), '\n'))
    if (line.find(data_directory) != std::string::npos || line.find(kernel_name) != std::string::npos)
      traces.push_back("mount " + line);
  const Result<CommandOutcome> names = run_command({.arguments = {"ip", "netns", "list"}});
  if (names && names->output.find(kernel_name) != std::string::npos) traces.push_back("named netns " + names->output);
  groups_named("/sys/fs/cgroup", kernel_name, 2, traces);
  for (const int pid : all_processes()) {
    const std::string proc = "/proc/" + std::to_string(pid), command = command_line(pid);
    if (pid == ::getpid()) continue;
    if (text_of(proc + "/cgroup").find(kernel_name) != std::string::npos ||
        link_text(proc + "/cwd").starts_with(data_directory) || link_text(proc + "/root").starts_with(data_directory) ||
        command.find(data_directory) != std::string::npos)
      traces.push_back("process " + std::to_string(pid) + " " + command);
  }
  const Result<CommandOutcome> rules = run_command({.arguments = {"nft", "list", "tables"}});
  if (rules && rules->output.find("slipway_" + kernel_name.substr(4)) != std::string::npos)
    traces.push_back("firewall " + rules->output);
  if (fs::exists(data_directory, problem)) traces.push_back("folder " + data_directory);
  for (const char* folder : {"/run/systemd/nspawn/propagate", "/run/systemd/nspawn/locks", "/run/slipway"})
    for (fs::directory_iterator entry(folder, problem), end; !problem && entry != end; entry.increment(problem))
      if (entry->path().string().find(kernel_name) != std::string::npos)
        traces.push_back("file " + entry->path().string());
  return traces;
}

std::vector<int> processes_of(const std::string& cgroup_name) {
  std::vector<int> found;
  for (const int pid : all_processes())
    if (text_of("/proc/" + std::to_string(pid) + "/cgroup").find(cgroup_name) != std::string::npos)
      found.push_back(pid);
  return found;
}

std::vector<std::string> network_namespaces_of(const std::string& cgroup_name) {
  std::set<std::string> found;
  for (const int pid : processes_of(cgroup_name))
    if (const std::string name = link_text("/proc/" + std::to_string(pid) + "/ns/net"); !name.empty())
      found.insert(name);
  return {found.begin(), found.end()};
}

bool namespace_lives(const std::string& network_namespace) {
  for (const int pid : all_processes())
    if (link_text("/proc/" + std::to_string(pid) + "/ns/net") == network_namespace) return true;
  return text_of("/proc/self/mountinfo").find(network_namespace) != std::string::npos;
}

}  // namespace slipway::testing_support
