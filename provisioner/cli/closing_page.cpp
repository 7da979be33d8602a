#include "cli/closing_page.h"

#include <cstdio>

#include "cli/add_on_rows.h"
#include "cli/state_access.h"
#include "report/style.h"

namespace slipway {

void print_closing_page(Session& session) {
  const Spec& spec = session.spec();
  const Style style = style_for(1);
  std::string out = "\n" + style.bold("Cluster " + spec.name) + ": Kubernetes " + spec.kubernetes.version +
                    ", API at https://" + to_string(spec.network.endpoint) + ":6443\n";
  for (const Member& member : session.membership().members)
    out += "  " + member.name.text() + "  " + std::string(name(member.pool->role)) + "  " + member.address + "\n";
  if (const Value rows = add_on_rows(session); !rows.empty()) {
    out += "\n" + add_on_table(rows);
    out +=
        "  The names lead there from this machine with: curl --resolve NAME:443:ADDRESS --cacert platform-ca.crt …\n"
        "  slipway kubeconfig " +
        spec.path + " --authority --file platform-ca.crt writes the certificate to trust\n";
  }
  const std::string slipway = "slipway ";
  out += export_line(session.state_directory(), spec.path, session.store().snapshot().serial) + "\n";
  out += "\nTry next\n";
  out += "  " + slipway + "kubeconfig " + spec.path +
         " --file kubeconfig     then: kubectl --kubeconfig kubeconfig get nodes\n";
  out += "  " + slipway + "plan " + spec.path + "                             nothing to do, until something drifts\n";
  if (spec.provider != "existing")
    out +=
        "  " + slipway + "node add " + spec.path + " --pool " + spec.pools.back().name + "        one more machine\n";
  out += "  " + slipway + "destroy " + spec.path + " --yes                    leave everything as it was\n";
  std::fputs(out.c_str(), stdout);
}

}  // namespace slipway
