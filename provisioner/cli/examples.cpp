#include "cli/examples.h"

#include <algorithm>

namespace slipway {
namespace {

struct Entry {
  std::string_view path;
  std::string_view examples;   ///< A line each, indented.
  std::string_view note = {};  ///< Below them.
};

constexpr std::string_view spec_note = "SPEC defaults to SLIPWAY_SPEC, else ./slipway.yaml.";

const Entry entries[] = {
    {"",
     "  slipway init                                a first spec\n"
     "  slipway bootstrap inventory/local.yaml      hosts and a cluster on this machine\n"
     "  slipway plan inventory/local.yaml           what would be touched, and why\n"
     "  slipway repair inventory/local.yaml         mend what drifted\n"
     "  slipway node add inventory/local.yaml --pool workers\n"
     "  slipway destroy inventory/local.yaml        leave the machine as it was\n",
     "SPEC defaults to SLIPWAY_SPEC, else ./slipway.yaml.\n"
     "Exit codes: 0 done, 1 failed, 2 drift (plan --detailed-exitcode), 3 bad input, 4 approval needed, 5 locked,\n"
     "130 and 143 interrupted."},
    {"init",
     "  slipway init                                asks, and writes slipway.yaml\n"
     "  slipway init --provider openstack --file shop.yaml\n"
     "  slipway init --provider local --answer workers=3 --yes\n"},
    {"bootstrap",
     "  slipway bootstrap shop.yaml\n"
     "  slipway bootstrap shop.yaml --approve       also what replaces or deletes\n",
     spec_note},
    {"plan",
     "  slipway plan shop.yaml\n"
     "  slipway plan shop.yaml --out friday.plan    then: slipway apply friday.plan\n"
     "  slipway plan shop.yaml --detailed-exitcode   nightly: 0 nothing to do, 2 drift\n"
     "  slipway plan shop.yaml --target workers-2 --target 'addon/*'\n",
     spec_note},
    {"apply",
     "  slipway apply shop.yaml\n"
     "  slipway apply friday.plan                   what that plan shows, or less\n"
     "  slipway apply shop.yaml --target 'addon/*'\n",
     spec_note},
    {"repair",
     "  slipway repair shop.yaml                    whatever drifted\n"
     "  slipway repair shop.yaml workers-2          on that machine alone\n",
     spec_note},
    {"upgrade",
     "  slipway upgrade shop.yaml --to 1.36.4 --plan\n"
     "  slipway upgrade shop.yaml --to 1.36.4\n"
     "  slipway upgrade shop.yaml                   go on with the one under way\n"
     "  slipway upgrade shop.yaml --to 1.36.4 --max-unavailable 2 --waves 1\n",
     spec_note},
    {"destroy",
     "  slipway destroy shop.yaml                   asks first\n"
     "  slipway destroy shop.yaml --yes\n",
     spec_note},
    {"status",
     "  slipway status shop.yaml\n"
     "  slipway status shop.yaml --no-drift         quicker: asks the cluster, not each host\n"
     "  slipway status shop.yaml --output json\n",
     spec_note},
    {"validate", "  slipway validate shop.yaml\n", spec_note},
    {"doctor", "  slipway doctor shop.yaml\n", spec_note},
    {"report",
     "  slipway report shop.yaml --file run.html\n"
     "  slipway report shop.yaml --file run.html --run 20261124-081500-repair-0a3f\n",
     spec_note},
    {"graph",
     "  slipway graph shop.yaml --format svg --file shop.svg\n"
     "  slipway graph shop.yaml --format mermaid    for a README\n"
     "  slipway graph shop.yaml --all               each machine by itself, for Graphviz\n",
     spec_note},
    {"kubeconfig",
     "  slipway kubeconfig shop.yaml --file kubeconfig\n"
     "  slipway kubeconfig shop.yaml --role viewer --file viewer\n"
     "  slipway kubeconfig shop.yaml --authority --file authority.crt\n",
     spec_note},
    {"logs",
     "  slipway logs shop.yaml workers-1\n"
     "  slipway logs shop.yaml ingress --lines 20\n",
     spec_note},
    {"node", "  slipway node list shop.yaml\n  slipway node add shop.yaml --pool workers\n"},
    {"node list", "  slipway node list shop.yaml\n", spec_note},
    {"node add",
     "  slipway node add shop.yaml --pool workers\n"
     "  slipway node add shop.yaml --pool control --count 2     from one control plane to three\n",
     spec_note},
    {"node remove", "  slipway node remove shop.yaml workers-1 --approve\n", spec_note},
    {"node replace", "  slipway node replace shop.yaml control-2 --approve\n", spec_note},
    {"ssh", "  slipway ssh shop.yaml workers-1\n", spec_note},
    {"exec", "  slipway exec shop.yaml workers-1 -- df -h\n"},
    {"backup", "  slipway backup create shop.yaml\n  slipway backup create etcd shop.yaml\n"},
    {"backup create",
     "  slipway backup create shop.yaml\n"
     "  slipway backup create shop.yaml --incremental\n"
     "  slipway backup create etcd shop.yaml\n",
     spec_note},
    {"backup list", "  slipway backup list shop.yaml\n  slipway backup list etcd shop.yaml\n", spec_note},
    {"backup restore",
     "  slipway backup restore shop.yaml\n"
     "  slipway backup restore shop.yaml --at \"2026-11-25 08:04:00+00\" --approve\n",
     spec_note},
    {"backup drill", "  slipway backup drill shop.yaml\n  slipway backup drill etcd shop.yaml\n", spec_note},
    {"backup create etcd", "  slipway backup create etcd shop.yaml\n", spec_note},
    {"backup list etcd", "  slipway backup list etcd shop.yaml\n", spec_note},
    {"backup restore etcd", "  slipway backup restore etcd shop.yaml --approve data-loss\n", spec_note},
    {"backup drill etcd", "  slipway backup drill etcd shop.yaml\n", spec_note},
    {"database", "  slipway database promote shop.yaml\n"},
    {"database promote",
     "  slipway database promote shop.yaml                the other one takes over\n"
     "  slipway database promote shop.yaml postgres-1     this one; to be given again after an interruption\n",
     spec_note},
    {"cert", "  slipway cert list shop.yaml\n"},
    {"cert list", "  slipway cert list shop.yaml\n", spec_note},
    {"cert rotate-encryption", "  slipway cert rotate-encryption shop.yaml\n", spec_note},
    {"artifacts", "  slipway artifacts list\n  slipway artifacts get binary/kubectl\n"},
    {"artifacts list", "  slipway artifacts list\n  slipway artifacts list --kubernetes 1.35.8\n"},
    {"artifacts get", "  slipway artifacts get binary/kubectl        prints its path\n"},
    {"state",
     "  slipway state list shop.yaml\n  slipway state export shop.yaml --file /media/stick/shop.slipway-export\n"},
    {"state list", "  slipway state list shop.yaml\n", spec_note},
    {"state show", "  slipway state show shop.yaml machine/workers-1\n", spec_note},
    {"state export", "  slipway state export shop.yaml --file shop.slipway-export\n",
     "The passphrase: --passphrase-file, SLIPWAY_EXPORT_PASSPHRASE, or asked for on the terminal."},
    {"state import", "  slipway state import shop.yaml --file shop.slipway-export\n",
     "Another state is never written over. A newer state of the same cluster is kept, and its lost key put back."},
    {"state recover",
     "  slipway state recover shop.yaml\n"
     "  slipway state recover shop.yaml --key ~/.ssh/id_ed25519\n",
     spec_note},
    {"state rekey", "  slipway state rekey shop.yaml\n  slipway state rekey shop.yaml --passphrase\n",
     "Neither flag: as before. The new passphrase: --passphrase-file, SLIPWAY_NEW_PASSPHRASE, or asked for.\n"
     "The present one: SLIPWAY_PASSPHRASE, or asked for, by every verb that needs a secret."},
    {"state unlock",
     "  slipway state unlock shop.yaml              who holds it\n"
     "  slipway state unlock shop.yaml --approve    end that run\n",
     spec_note},
    {"state mv", "  slipway state mv shop.yaml machine/workers-1 machine/workers-9\n", spec_note},
    {"state rm", "  slipway state rm shop.yaml machine/workers-1 --approve\n", spec_note},
    {"orphans",
     "  slipway orphans shop.yaml\n"
     "  slipway orphans shop.yaml --adopt ID\n"
     "  slipway orphans shop.yaml --delete ID --approve\n",
     spec_note},
    {"secret", "  slipway secret list shop.yaml\n"},
    {"secret set",
     "  slipway secret set shop.yaml addon/postgres/password --file password.txt\n"
     "  slipway secret set shop.yaml addon/postgres/password --env POSTGRES_PASSWORD\n"
     "  slipway secret set shop.yaml addon/postgres/password --sops secrets.yaml --key postgres.password\n",
     spec_note},
    {"secret list", "  slipway secret list shop.yaml\n", spec_note},
    {"secret remove", "  slipway secret remove shop.yaml addon/postgres/password\n", spec_note},
    {"completion",
     "  slipway completion bash >~/.local/share/bash-completion/completions/slipway\n"
     "  slipway completion zsh >\"${fpath[1]}/_slipway\"\n"
     "  slipway completion fish >~/.config/fish/completions/slipway.fish\n",
     "For this shell alone: source <(slipway completion bash), or zsh."},
    {"man", "  slipway man | man -l -\n  slipway man --markdown\n"},
    {"version", "  slipway version\n"},
};

}  // namespace

std::string examples_of(std::string_view path) {
  const Entry* entry =
      std::find_if(std::begin(entries), std::end(entries), [&](const Entry& known) { return known.path == path; });
  if (entry == std::end(entries)) return "";
  return "Examples:\n" + std::string(entry->examples) + std::string(entry->note);
}

}  // namespace slipway
