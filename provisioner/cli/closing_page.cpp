#include "cli/closing_page.h"

#include <cstdio>

#include "base/file.h"
#include "cli/add_on_rows.h"
#include "cli/state_access.h"
#include "report/columns.h"
#include "report/style.h"

namespace slipway {
namespace {

constexpr size_t narrow_terminal = 80;
constexpr size_t widest_command = 50;

/// The program as the user called it: a path to it works where its bare name does not.
std::string called_as() {
  const Result<std::string> words = read_file("/proc/self/cmdline");
  const std::string first = words ? words->substr(0, words->find('\0')) : "";
  return first.find('/') == std::string::npos ? "slipway" : first;
}

/// A command and what it is for: beside it, or below it where that would not fit.
std::string suggestion(const std::string& command, const std::string& about) {
  if (about.empty()) return "  " + command + "\n";
  const std::string line = "  " + fill(command, std::max(widest_command, columns(command))) + "  " + about;
  if (columns(line) <= narrow_terminal) return line + "\n";
  return "  " + command + "\n      " + about + "\n";
}

}  // namespace

void print_closing_page(Session& session) {
  const Spec& spec = session.spec();
  const Style style = style_for(1);
  const std::string slipway = called_as() + " ";
  std::string out = "\n" + style.bold("Cluster " + spec.name) + ": Kubernetes " + spec.kubernetes.version +
                    ", API at https://" + to_string(spec.network.endpoint) + ":6443\n";
  size_t widest = 0;
  for (const Member& member : session.membership().members) widest = std::max(widest, columns(member.name.text()));
  for (const Member& member : session.membership().members)
    out += "  " + fill(member.name.text(), widest) + "  " + fill(name(member.pool->role), 13) +
           (member.address.empty() ? "" : "  " + member.address) + "\n";
  // What was listed before the run has changed since.
  if (const Value rows = add_on_rows(session, Freshness::now); !rows.empty()) {
    out += "\n" + add_on_table(rows);
    out += "  From this machine the names lead there with\n" +
           suggestion(slipway + "kubeconfig " + spec.path + " --authority --file ca.crt", "the certificate to trust") +
           suggestion("curl --cacert ca.crt --resolve NAME:443:ADDRESS https://NAME", "") + "\n";
  }
  out += export_line(session.state_directory(), spec.path, session.store().snapshot().serial) + "\n";
  out += "\nTry next\n";
  out += suggestion(slipway + "kubeconfig " + spec.path + " --file kubeconfig",
                    "then: kubectl --kubeconfig kubeconfig get nodes");
  out += suggestion(slipway + "plan " + spec.path, "nothing, until it drifts");
  if (spec.provider != "existing")
    out += suggestion(slipway + "node add " + spec.path + " --pool " + spec.pools.back().name, "one more machine");
  out += suggestion(slipway + "destroy " + spec.path + " --yes", "leaves all as it was");
  std::fputs(out.c_str(), stdout);
}

}  // namespace slipway
