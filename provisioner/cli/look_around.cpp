#include "cli/look_around.h"

#include <thread>

#include "base/text.h"
#include "cli/host_access.h"

namespace slipway {
namespace {

Result<std::string> ask(HostWriter& hosts, const Result<HostAccess>& access, const std::string& script, Seconds limit) {
  if (!access) return access.error();
  Result<ScriptOutcome> outcome = hosts.run(*access, {.text = script}, Deadline::in(limit));
  if (!outcome) return std::move(outcome).error();
  if (outcome->exit_status == 0) return std::move(outcome->output);
  return fail(
      ErrorKind::unavailable, "a look at a machine failed",
      {.found = "exit status " + std::to_string(outcome->exit_status) + ": " + std::string(trim(outcome->error_output)),
       .where = access->machine.text()});
}

}  // namespace

std::map<MachineName, Result<std::string>> ask_every_host(Session& session, const std::string& script, Seconds limit) {
  std::vector<std::pair<MachineName, Result<HostAccess>>> machines;
  for (const Member& member : session.membership().members)
    machines.emplace_back(member.name, access_of(session, member.name.text()));
  std::vector<Result<std::string>> answers(machines.size(), std::string());
  HostWriter& hosts = session.writer().hosts;
  std::atomic<size_t> next = 0;
  {
    std::vector<std::jthread> workers;
    for (size_t i = 0; i < std::min(machines.size(), session.options().parallelism); ++i)
      workers.emplace_back([&] {
        for (size_t at = next++; at < machines.size(); at = next++)
          answers[at] = ask(hosts, machines[at].second, script, limit);
      });
  }
  std::map<MachineName, Result<std::string>> found;
  for (size_t i = 0; i < machines.size(); ++i) found.emplace(machines[i].first, std::move(answers[i]));
  return found;
}

}  // namespace slipway
