// The verbs that go onto a machine.

#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/host_access.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/verbs.h"

namespace slipway {

Result<HostAccess> access_of(Session& session, const std::string& machine) {
  const State state = session.store().snapshot();
  const auto record = state.steps.find(StepId("machine/" + machine));
  if (record != state.steps.end() && record->second.outputs.contains("access"))
    return host_access_from(record->second.outputs.at("access"));
  std::vector<std::string> names;
  for (const Member& member : session.membership().members) names.push_back(member.name.text());
  const std::optional<std::string> near = nearest(machine, names);
  return fail(ErrorKind::not_found, "no such machine",
              {.found = machine,
               .expected = join(names, ", "),
               .advice = near && *near != machine ? "did you mean '" + *near + "'?" : "slipway bootstrap makes it"});
}

namespace {

/// Files that exist as long as the object: a key and a known_hosts line for the ssh program.
class SshFiles {
 public:
  static Result<SshFiles> make(const Session& session, const HostAccess& host) {
    SshFiles files;
    files.folder_ = session.state_directory() + "/ssh-" + random_hex(4);
    if (Result<void> made = make_directories(files.folder_, 0700); !made) return std::move(made).error();
    files.key_ = session.spec().ssh.key;
    if (files.key_.empty()) {
      files.key_ = files.folder_ + "/key";
      if (Result<void> written =
              write_file_atomically(files.key_, session.identity().login.private_key_pem.reveal(), 0600);
          !written)
        return std::move(written).error();
    }
    std::string known;
    for (const std::string& key : host.host_keys)
      if (!key.starts_with("SHA256:"))
        known +=
            (host.port == 22 ? host.address : "[" + host.address + "]:" + std::to_string(host.port)) + " " + key + "\n";
    if (!known.empty()) {
      files.known_hosts_ = files.folder_ + "/known_hosts";
      if (Result<void> written = write_file_atomically(files.known_hosts_, known, 0600); !written)
        return std::move(written).error();
    }
    return files;
  }
  SshFiles(SshFiles&& other) noexcept
      : folder_(std::exchange(other.folder_, "")),
        key_(std::move(other.key_)),
        known_hosts_(std::move(other.known_hosts_)) {}
  SshFiles& operator=(SshFiles&&) = delete;
  ~SshFiles() {
    if (folder_.empty()) return;
    ::unlink((folder_ + "/key").c_str());
    ::unlink((folder_ + "/known_hosts").c_str());
    ::rmdir(folder_.c_str());
  }

  std::vector<std::string> arguments(const HostAccess& host) const {
    std::vector<std::string> words = {"ssh", "-i", key_, "-o", "IdentitiesOnly=yes", "-p", std::to_string(host.port)};
    if (!known_hosts_.empty())
      for (const std::string& word : {std::string("-o"), "UserKnownHostsFile=" + known_hosts_, std::string("-o"),
                                      std::string("StrictHostKeyChecking=yes")})
        words.push_back(word);
    if (!host.jump.empty()) {
      words.emplace_back("-J");
      words.push_back(host.jump);
    }
    words.push_back(host.user + "@" + host.address);
    return words;
  }

 private:
  SshFiles() = default;
  std::string folder_, key_, known_hosts_;
};

}  // namespace

int verb_exec(const Options& options) {
  Result<std::unique_ptr<Session>> session = Session::open(options, "exec", Access::look);
  if (!session) return report_error(options, session.error());
  Result<HostAccess> host = access_of(**session, options.names.front());
  if (!host) return report_error(options, host.error());
  std::string command;
  for (const std::string& word : options.command)
    if (!(command.empty() && word == "--")) command += (command.empty() ? "" : " ") + shell_quote(word);
  Result<ScriptOutcome> outcome =
      (*session)->writer().hosts.run(*host, {.text = command + "\n"}, Deadline::in(std::chrono::minutes(10)));
  if (!outcome) return report_error(options, outcome.error());
  if (options.json) {
    print_result(options, "",
                 {{"format", 1},
                  {"machine", options.names.front()},
                  {"exit_status", outcome->exit_status},
                  {"output", outcome->output},
                  {"error_output", outcome->error_output}});
    return 0;
  }
  std::fputs(outcome->output.c_str(), stdout);
  std::fputs(outcome->error_output.c_str(), stderr);
  return outcome->exit_status;
}

int verb_ssh(const Options& options) {
  Result<std::unique_ptr<Session>> session = Session::open(options, "ssh", Access::look);
  if (!session) return report_error(options, session.error());
  Result<HostAccess> host = access_of(**session, options.names.front());
  if (!host) return report_error(options, host.error());
  Result<SshFiles> files = SshFiles::make(**session, *host);
  if (!files) return report_error(options, files.error());
  // The terminal belongs to ssh meanwhile: it runs in our process group.
  std::string line;
  for (const std::string& word : files->arguments(*host)) line += (line.empty() ? "" : " ") + shell_quote(word);
  const int status = std::system(line.c_str());
  return status < 0 ? 1 : WEXITSTATUS(status);
}

}  // namespace slipway
