#include "throw_away_host.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ids.h"
#include "base/process.h"
#include "base/text.h"

namespace slipway::testing {
namespace {

namespace fs = std::filesystem;

/// Namespaces of this process: what is mounted here is gone with it, and settings of the network and the name are its
/// own.
bool enter_namespaces() {
  static const bool entered = [] {
    return geteuid() == 0 && unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS) == 0 &&
           mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  }();
  return entered;
}

}  // namespace

bool ThrowAwayHost::possible(std::string& reason) {
  if (geteuid() != 0)
    reason = "needs root, to make namespaces and an overlay";
  else if (!enter_namespaces())
    reason = std::string("cannot make namespaces: ") + std::strerror(errno);
  else
    return true;
  return false;
}

ThrowAwayHost::ThrowAwayHost() {
  if (!enter_namespaces()) std::abort();
  folder_ = (fs::temp_directory_path() / ("slipway-host-" + random_hex(4))).string();
  fs::create_directories(folder_);
  const auto must = [&](int status) {
    if (status == 0) return;
    std::perror("making a host to throw away");
    std::abort();
  };
  must(mount("tmpfs", folder_.c_str(), "tmpfs", 0, "mode=755"));
  for (const char* part : {"/upper", "/work", "/root"}) fs::create_directories(folder_ + part);
  const std::string options = "lowerdir=/,upperdir=" + folder_ + "/upper,workdir=" + folder_ + "/work";
  const std::string root = folder_ + "/root";
  must(mount("overlay", root.c_str(), "overlay", 0, options.c_str()));
  for (const char* part : {"/proc", "/sys", "/dev"})
    must(mount(part, (root + part).c_str(), nullptr, MS_BIND | MS_REC, nullptr));
  must(mount("tmpfs", (root + "/run").c_str(), "tmpfs", 0, "mode=755"));
  fs::create_directories(root + "/run/systemd/system");
  fs::create_directories(root + "/usr/local/sbin");
  for (const fs::directory_entry& program : fs::directory_iterator(FAKES_FOLDER)) {
    const std::string target = root + "/usr/local/sbin/" + program.path().filename().string();
    fs::copy_file(program.path(), target, fs::copy_options::overwrite_existing);
    chmod(target.c_str(), 0755);
  }
  fs::create_directories(root + "/var/fake");
}

ThrowAwayHost::~ThrowAwayHost() {
  // Applies that a test left at work end before their ground goes.
  shell("for f in /run/slipway/apply/*/pid; do [ -e \"$f\" ] && kill -9 -- -$(cat $f) 2>/dev/null; done");
  umount2((folder_ + "/root").c_str(), MNT_DETACH);
  umount2(folder_.c_str(), MNT_DETACH);
  std::error_code ignored;
  fs::remove(folder_, ignored);
}

Result<ScriptOutcome> ThrowAwayHost::execute(const std::string& text, const std::string& input,
                                             const std::function<void(std::string_view)>& on_line, Deadline deadline) {
  std::vector<std::string> arguments = {"chroot", folder_ + "/root", "/bin/sh", "-c", text};
  const double cut = cut_next_after;
  cut_next_after = 0;
  if (cut > 0) arguments.insert(arguments.begin(), {"timeout", "-s", "KILL", std::to_string(cut)});
  Result<CommandOutcome> outcome = run_command({.arguments = arguments,
                                                .input = input,
                                                .environment = {{"LC_ALL", "C"}},
                                                .timeout = deadline.left(),
                                                .on_line = on_line});
  if (!outcome) return std::move(outcome).error();
  if (cut > 0) return fail(ErrorKind::unavailable, "connection lost");
  return ScriptOutcome{outcome->exit_status, outcome->output, outcome->error_output};
}

Result<ScriptOutcome> ThrowAwayHost::check(const HostAccess&, const CheckScript& script, Deadline deadline) {
  ++checks;
  return execute(script.text(), "", {}, deadline);
}

Result<ScriptOutcome> ThrowAwayHost::run(const HostAccess&, const Script& script, Deadline deadline) {
  ++runs;
  if (before_run) std::exchange(before_run, nullptr)();
  last_script = script.text;
  last_input = script.input;
  return execute(
      script.text, script.input,
      [&](std::string_view line) {
        if (script.on_line) script.on_line(line);
        if (on_line) on_line(line);
      },
      deadline);
}

Result<void> ThrowAwayHost::put(const HostAccess&, const RemoteFile& file, Deadline) {
  ++puts;
  const fs::path target = folder_ + "/root" + file.path;
  std::error_code problem;
  if (file.local_path.empty())
    std::ofstream(target, std::ios::binary) << file.content;
  else
    fs::copy_file(file.local_path, target, fs::copy_options::overwrite_existing, problem);
  if (problem) return fail(ErrorKind::unavailable, problem.message());
  chmod(target.c_str(), static_cast<mode_t>(file.mode));
  return {};
}

Result<void> ThrowAwayHost::wait_until_up(const HostAccess&, Deadline) { return {}; }

void ThrowAwayHost::forget(const MachineName&) {}

std::string ThrowAwayHost::shell(const std::string& text) {
  const Result<ScriptOutcome> outcome = execute(text, "", {}, Deadline::in(std::chrono::seconds(30)));
  return outcome ? std::string(trim(outcome->output)) : describe(outcome.error());
}

bool ThrowAwayHost::holds(const std::string& text) {
  const Result<ScriptOutcome> outcome = execute(text, "", {}, Deadline::in(std::chrono::seconds(30)));
  return outcome && outcome->exit_status == 0;
}

void ThrowAwayHost::make_read_only(bool read_only) {
  const unsigned long flags = MS_REMOUNT | (read_only ? MS_RDONLY : 0);
  for (const char* part : {"/root", "/root/run"})
    if (mount(nullptr, (folder_ + part).c_str(), nullptr, flags, nullptr) != 0) std::abort();
}

namespace {

class NoCloud final : public CloudReader, public CloudWriter {
  Result<std::vector<CloudObject>> list(std::string_view) override { return none(); }
  Result<CloudObject> create(const CloudRequest&, const CloudProgress&, Deadline) override { return none(); }
  Result<CloudObject> update(const CloudObject&, const Value&, const CloudProgress&, Deadline) override {
    return none();
  }
  Result<void> remove(std::string_view, const std::string&, Deadline) override { return none(); }
  static Error none() { return fail(ErrorKind::internal, "no cloud here"); }
};

class NoCluster final : public ClusterReader, public ClusterWriter {
  Result<std::string> probe(const std::string&, Deadline) override { return none(); }
  Result<Value> get(const ObjectKey&, Deadline) override { return none(); }
  Result<std::vector<Value>> list(const ObjectKey&, const std::string&, Deadline) override { return none(); }
  Result<Value> preview(const Value&, Deadline) override { return none(); }
  Result<Value> apply(const Value&, Deadline) override { return none(); }
  Result<Value> patch(const ObjectKey&, const Value&, Deadline) override { return none(); }
  Result<void> remove(const ObjectKey&, Deadline) override { return none(); }
  Result<void> evict(const std::string&, const std::string&, Deadline) override { return none(); }
  static Error none() { return fail(ErrorKind::internal, "no cluster here"); }
};

class NoArtifacts final : public ArtifactReader, public ArtifactWriter {
  std::optional<ArtifactFile> find(const std::string&) override { return std::nullopt; }
  Result<ArtifactFile> acquire(const std::string&, const ArtifactProgress&, Deadline) override {
    return fail(ErrorKind::internal, "no artifacts here");
  }
};

}  // namespace

struct HostPorts::Parts {
  explicit Parts(ThrowAwayHost& host)
      : reader{host, cloud, cluster, artifacts, clock}, writer{reader, host, cloud, cluster, artifacts, clock} {}
  NoCloud cloud;
  NoCluster cluster;
  NoArtifacts artifacts;
  SystemClock clock;
  Reader reader;
  Writer writer;
};

HostPorts::HostPorts(ThrowAwayHost& host) : parts_(std::make_unique<Parts>(host)) {}
HostPorts::~HostPorts() = default;
Reader& HostPorts::reader() { return parts_->reader; }
Writer& HostPorts::writer() { return parts_->writer; }

HostAccess access_of_test_host() {
  HostAccess access;
  access.machine = MachineName("workers-1");
  access.address = "10.99.0.12";
  return access;
}

}  // namespace slipway::testing
