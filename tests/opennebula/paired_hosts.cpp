#include "tests/opennebula/paired_hosts.h"

#include <iostream>
#include <set>

#include "base/digest.h"
#include "base/file.h"
#include "base/process.h"
#include "providers/local/cgroups.h"
#include "providers/local/host.h"
#include "providers/local/local_provider.h"
#include "providers/local/machine_folder.h"

#include "tests/contract/step_harness.h"

namespace slipway::testing_support::one {
namespace {

std::string make_key(const std::string& path) {
  (void)run_or_fail({.arguments = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "pairing", "-f", path}});
  return read_file(path + ".pub").value();
}

std::string nic_part(const SimVm& vm, const char* part) {
  const opennebula::Attribute* nic = find(vm.body, "NIC");
  return nic ? nic->part(part) : "";
}

}  // namespace

PairedHosts::PairedHosts(std::string name, const std::string& subnet, std::string directory)
    : directory_(std::move(directory)) {
  spec_.name = std::move(name);
  spec_.provider = "local";
  spec_.provider_settings = {{"subnet", subnet}, {"release", "bookworm"}};
  (void)make_directories(directory_, 0700);
  key_ = directory_ + "/key";
  public_key_ = make_key(key_);
  Result<std::unique_ptr<Provider>> provider = make_local_provider(spec_, {.data_directory = directory_ + "/hosts"});
  if (!provider) {
    std::cerr << describe(provider.error()) << "\n";
    std::abort();
  }
  provider_ = std::move(*provider);
}

PairedHosts::~PairedHosts() { remove_all(); }

void PairedHosts::follow(const std::map<int, SimVm>& vms) {
  std::map<int, Body> wanted;
  std::set<std::string> leaving;
  for (const auto& [id, vm] : vms) {
    const bool runs = vm.state == 3 && vm.lcm_state == 3;
    const bool gone = vm.state == 6;
    const auto kept = kept_.find(vm.name);
    if (gone && kept != kept_.end() && kept->second == id) {
      remove(vm.name);
      running_.erase(id);
    }
    if (vm.state == 8 && running_.contains(id)) {
      stop(vm.name);
      running_.erase(id);
    }
    const opennebula::Attribute* context = find(vm.body, "CONTEXT");
    if (!runs || running_.contains(id) || !context || nic_part(vm, "IP").empty()) continue;
    const Result<std::string> script = base64_decode(context->part("START_SCRIPT_BASE64"));
    wanted[id] = {
        .name = vm.name, .address = nic_part(vm, "IP"), .script = script ? *script : "", .mac = nic_part(vm, "MAC")};
  }
  if (!wanted.empty()) start(wanted);
  filter(vms);
}

void PairedHosts::filter(const std::map<int, SimVm>& vms) {
  const Result<local::Settings> settings = local::settings_from(spec_, {.data_directory = directory_ + "/hosts"});
  if (!settings) return;
  const std::string table = "bridge pairing_" + settings->id;
  std::string rules;
  for (const auto& [id, body] : running_) {
    const auto vm = vms.find(id);
    const Result<Address> address = parse_address(body.address);
    if (vm == vms.end() || !address) continue;
    const std::string from = "  iifname \"" + settings->cable(*address) + "\" ";
    if (nic_part(vm->second, "FILTER_MAC_SPOOFING") == "YES")
      rules += from + "ether saddr != " + body.mac + " counter drop\n";
    if (nic_part(vm->second, "FILTER_IP_SPOOFING") != "YES") continue;
    std::string own = body.address;
    for (const opennebula::Attribute& line : vm->second.body)
      if (line.name == "NIC_ALIAS") own += ", " + line.part("IP");
    rules += from + "ether type arp arp saddr ip != { " + own + " } counter drop\n";
    rules += from + "ether type ip ip saddr != { " + own + " } counter drop\n";
  }
  std::string text = "table " + table + "\ndelete table " + table + "\n";
  if (!rules.empty())
    text += "table " + table +
            " {\n chain from_machines {\n  type filter hook prerouting priority -300; policy accept;\n" + rules +
            " }\n}\n";
  if (text == filter_) return;
  if (const Result<std::string> set = run_or_fail({.arguments = {"nft", "-f", "-"}, .input = text}); set)
    filter_ = text;
  else
    std::cerr << "the filter could not be set: " << describe(set.error()) << "\n" << text;
}

void PairedHosts::start(const std::map<int, Body>& wanted) {
  std::vector<MachineOrder> orders;
  for (const auto& [id, body] : wanted) {
    MachineOrder order;
    order.name = MachineName(body.name);
    order.pool = "paired";
    order.size = {.cpus = 2, .memory_bytes = uint64_t{2} << 30, .disk_bytes = uint64_t{20} << 30};
    order.address = body.address;
    order.login_public_key = public_key_;
    const std::string host_key = directory_ + "/host-" + body.name;
    if (!read_file(host_key).ok()) (void)make_key(host_key);
    order.host_private_key = read_file(host_key).value();
    order.host_public_key = read_file(host_key + ".pub").value();
    orders.push_back(order);
  }
  Graph graph;
  if (Result<std::vector<MachineSteps>> steps = provider_->expand(graph, orders); !steps) {
    std::cerr << describe(steps.error()) << "\n";
    return;
  }
  (void)run_graph(graph, provider_->reader(), provider_->writer(), Apply::yes);
  for (const auto& [id, body] : wanted) {
    kept_[body.name] = id;
    if (!play_script(body)) {
      std::cerr << body.name << ": the start script failed\n";
      continue;
    }
    const Result<local::Settings> settings = local::settings_from(spec_, {.data_directory = directory_ + "/hosts"});
    const local::MachineFolder folder(settings->machines_directory() + "/" + body.name);
    if (const Result<std::string> set =
            run_or_fail({.arguments = {"nsenter", "-t", std::to_string(folder.keeper().pid), "-n", "ip", "link", "set",
                                       "dev", "eth0", "address", body.mac}});
        !set)
      std::cerr << body.name << ": " << describe(set.error()) << "\n";
    running_[id] = body;
    std::cerr << body.name << " runs at " << body.address << "\n";
  }
}

bool PairedHosts::play_script(const Body& body) const {
  const Result<CommandOutcome> played = run_command(
      {.arguments =
           {"ssh", "-q", "-i", key_, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o",
            "BatchMode=yes", "-o", "ConnectTimeout=10", "root@" + body.address,
            // At each start the host has the pairing's own key again: the script's work is to be done once more.
            "rm -f /var/lib/slipway/guest-prepared; sh -s"},
       .input = body.script});
  return played && played->exit_status == 0;
}

void PairedHosts::stop(const std::string& name) {
  const Result<local::Settings> settings = local::settings_from(spec_, {.data_directory = directory_ + "/hosts"});
  if (!settings) return;
  (void)local::Host(*settings, local::detect_cgroups(), name).kill(Deadline::in(Seconds(30)));
}

void PairedHosts::remove(const std::string& name) {
  const Result<local::Settings> settings = local::settings_from(spec_, {.data_directory = directory_ + "/hosts"});
  if (settings) (void)provider_->writer().remove("machine", settings->host_id(name), Deadline::in(Seconds(60)));
  kept_.erase(name);
}

void PairedHosts::remove_all() {
  const std::map<std::string, int> all = kept_;
  for (const auto& [name, id] : all) remove(name);
  running_.clear();
  filter({});
  const Result<local::Settings> settings = local::settings_from(spec_, {.data_directory = directory_ + "/hosts"});
  if (settings) (void)provider_->writer().remove("network", settings->bridge(), Deadline::in(Seconds(60)));
}

}  // namespace slipway::testing_support::one
