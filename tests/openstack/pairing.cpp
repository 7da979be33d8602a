// slipway_pairing CLUSTER SUBNET FOLDER: gives each ACTIVE server of a cloud that boots no guests a body.
//
// Nova's compute service in such a cloud pretends. This looks at its servers once a second and keeps one local system
// container for each ACTIVE one: of the server's fixed address and MAC, with the host name, host key and login key out
// of the server's own user data, as cloud-init would set them. A server that is deleted, stopped or made again loses
// its container. On each container's cable the frames are dropped that the cloud would drop: from another MAC or
// address than the port's own and its allowed address pairs, and new connections that no rule of the port's groups lets
// in (by flags, since this kernel tracks no connections on bridges).
//
// Needs root and an administrator's credentials (OS_CLOUD): only those see user data. Ends, taking everything away,
// when FOLDER/stop appears. FOLDER/pairs.json tells what stands.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>
#include <thread>

#include "base/digest.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "providers/local/local_provider.h"
#include "providers/local/machine_folder.h"
#include "providers/local/settings.h"
#include "providers/openstack/api.h"

#include "tests/contract/step_harness.h"

namespace slipway::testing_support {
namespace {

using openstack::Api;
using openstack::Service;

void tell(const std::string& text) {
  std::printf("%s %s\n", format_time(std::chrono::system_clock::now()).c_str(), text.c_str());
  std::fflush(stdout);
}

struct Body {
  std::string server, address, mac;
  std::vector<std::string> allowed, groups;
  MachineOrder order;
};

class Pairing {
 public:
  Pairing(const std::string& cluster, const std::string& subnet, std::string folder)
      : cluster_(cluster), subnet_(subnet), folder_(std::move(folder)), options_{.data_directory = folder_ + "/local"} {
    spec_.name = "pair-" + cluster;
    spec_.path = folder_ + "/pairing";
    spec_.provider = "local";
    spec_.provider_settings = {{"subnet", subnet}, {"release", "bookworm"}};
  }

  int run() {
    Result<openstack::Credentials> who = openstack::find_credentials("", openstack::real_surroundings());
    if (!who) return complain(who.error());
    Api api(std::move(*who));
    Result<local::Settings> settings = local::settings_from(spec_, options_);
    if (!settings) return complain(settings.error());
    settings_ = *settings;
    while (!std::filesystem::exists(folder_ + "/stop")) {
      if (Result<std::map<std::string, Body>> wanted = look(api))
        settle(*wanted);
      else
        tell("looking failed: " + describe(wanted.error()));
      std::this_thread::sleep_for(Milliseconds(700));
    }
    floating_.clear();
    settle({});
    const std::unique_ptr<Provider> provider = open();
    (void)provider->writer().remove("network", settings_.bridge(), Deadline::in(Seconds(60)));
    return 0;
  }

 private:
  static int complain(const Error& error) {
    tell(describe(error));
    return 1;
  }
  static Deadline soon() { return Deadline::in(Seconds(60)); }

  std::unique_ptr<Provider> open() const {
    Result<std::unique_ptr<Provider>> provider = make_local_provider(spec_, options_);
    if (provider) return std::move(*provider);
    tell(describe(provider.error()));
    std::exit(1);
  }

  /// Machine name -> what shall stand.
  Result<std::map<std::string, Body>> look(Api& api) {
    Result<std::vector<Value>> servers = api.list(Service::compute, "/servers/detail?all_tenants=1", "servers", soon());
    if (!servers) return std::move(servers).error();
    Result<std::vector<Value>> ports = api.list(Service::network, "/ports", "ports", soon());
    if (!ports) return std::move(ports).error();
    Result<std::vector<Value>> groups = api.list(Service::network, "/security-groups", "security_groups", soon());
    if (!groups) return std::move(groups).error();
    Result<std::vector<Value>> floating = api.list(Service::network, "/floatingips", "floatingips", soon());
    if (!floating) return std::move(floating).error();
    floating_.clear();
    for (const Value& address : *floating)
      if (const std::string inside = text_at(address, "fixed_ip_address");
          inside.starts_with(subnet_.substr(0, subnet_.rfind('.') + 1)))
        floating_[text_at(address, "floating_ip_address")] = inside;
    groups_.clear();
    for (const Value& group : *groups) groups_[text_at(group, "id")] = group;
    std::map<std::string, Body> bodies;
    for (const Value& server : *servers) {
      if (text_at(server.value("metadata", Value::object()), "slipway-cluster") != cluster_) continue;
      const std::string status = text_at(server, "status");
      if (text_at(server, "OS-EXT-STS:task_state") == "deleting" || status == "ERROR" || status == "BUILD") continue;
      const Result<std::string> data = base64_decode(text_at(server, "OS-EXT-SRV-ATTR:user_data"));
      const size_t line = data ? data->find('\n') : std::string::npos;
      const Value config = line == std::string::npos ? Value() : Value::parse(data->substr(line), nullptr, false);
      if (!config.is_object()) continue;
      Body body;
      body.server = text_at(server, "id");
      for (const Value& port : *ports) {
        if (text_at(port, "device_id") != body.server) continue;
        body.address = text_at(port["fixed_ips"][0], "ip_address");
        body.mac = text_at(port, "mac_address");
        for (const Value& pair : port["allowed_address_pairs"]) body.allowed.push_back(text_at(pair, "ip_address"));
        for (const Value& group : port["security_groups"]) body.groups.push_back(group.get<std::string>());
      }
      if (body.address.empty()) continue;
      const Value flavor = server.value("flavor", Value::object());
      body.order.name = MachineName(text_at(config, "hostname"));
      body.order.pool = "paired";
      body.order.address = body.address;
      body.order.size = {.cpus = std::max(1, flavor.value("vcpus", 1)),
                         .memory_bytes = flavor.value("ram", uint64_t{2048}) << 20,
                         .disk_bytes = uint64_t{20} << 30};
      body.order.host_private_key = text_at(config["ssh_keys"], "ed25519_private");
      body.order.host_public_key = text_at(config["ssh_keys"], "ed25519_public");
      body.order.login_public_key = config["users"][0]["ssh_authorized_keys"][0].get<std::string>();
      bodies[body.order.name.text()] = std::move(body);
    }
    return bodies;
  }

  void settle(const std::map<std::string, Body>& wanted) {
    bool changed = false;
    for (auto standing = standing_.begin(); standing != standing_.end();) {
      const auto still = wanted.find(standing->first);
      if (still != wanted.end() && still->second.server == standing->second.server) {
        ++standing;
        continue;
      }
      const Result<void> gone =
          open()->writer().remove("machine", settings_.host_id(standing->first), Deadline::in(Seconds(60)));
      tell(standing->first + ": its server is gone" + (gone ? "" : "; " + describe(gone.error())));
      standing = standing_.erase(standing);
      changed = true;
    }
    for (const auto& [name, body] : wanted) {
      if (standing_.contains(name)) continue;
      if (!give_body(body)) continue;
      standing_[name] = body;
      changed = true;
    }
    for (const auto& [name, body] : wanted)
      if (const auto standing = standing_.find(name);
          standing != standing_.end() &&
          (standing->second.allowed != body.allowed || standing->second.groups != body.groups)) {
        standing->second = body;
        changed = true;
      }
    filter(standing_);
    forward();
    if (!changed) return;
    Value pairs = Value::object();
    for (const auto& [name, body] : standing_) pairs[name] = {{"server", body.server}, {"address", body.address}};
    (void)write_file_atomically(folder_ + "/pairs.json", pairs.dump(1) + "\n");
  }

  bool give_body(const Body& body) {
    const std::unique_ptr<Provider> provider = open();
    Graph graph;
    if (const auto steps = provider->expand(graph, {body.order}); !steps) {
      tell(describe(steps.error()));
      return false;
    }
    const GraphRun run = run_graph(graph, provider->reader(), provider->writer(), Apply::yes);
    const auto outputs = run.outputs.find(StepId("machine/" + body.order.name.text()));
    if (outputs == run.outputs.end() || !outputs->second.contains("access")) return false;
    const local::MachineFolder folder(settings_.machines_directory() + "/" + body.order.name.text());
    const std::string pid = std::to_string(folder.keeper().pid);
    const Result<std::string> set = run_or_fail(
        {.arguments = {"nsenter", "-t", pid, "-n", "ip", "link", "set", "dev", "eth0", "address", body.mac}});
    tell(body.order.name.text() + ": server " + body.server + " runs at " + body.address + ", " + body.mac +
         (set ? "" : "; " + describe(set.error())));
    return true;
  }

  static std::string set_of(const std::vector<std::string>& members) { return "{ " + join(members, ", ") + " }"; }

  /// The addresses that a rule's source stands for.
  std::vector<std::string> sources(const Value& rule, const std::map<std::string, Body>& bodies) const {
    const std::string group = text_at(rule, "remote_group_id"), prefix = text_at(rule, "remote_ip_prefix");
    if (group.empty()) return {prefix.empty() ? "0.0.0.0/0" : prefix};
    std::vector<std::string> found;
    for (const auto& [name, body] : bodies)
      if (std::find(body.groups.begin(), body.groups.end(), group) != body.groups.end()) {
        found.push_back(body.address);
        // Allowed addresses are the port's as well; each once, since sets of nft must not overlap.
        for (const std::string& address : body.allowed)
          if (std::find(found.begin(), found.end(), address) == found.end()) found.push_back(address);
      }
    return found;
  }

  /// The filter of one bridge, replaced as a whole.
  void filter(const std::map<std::string, Body>& bodies) {
    const std::string table = "bridge pairing_" + settings_.id;
    std::string in, out;
    for (const auto& [name, body] : bodies) {
      const std::string cable = settings_.cable(parse_address(body.address).value());
      std::vector<std::string> own = body.allowed;
      own.push_back(body.address);
      in += "  iifname \"" + cable + "\" ether saddr != " + body.mac + " counter drop\n";
      in += "  iifname \"" + cable + "\" ether type arp arp saddr ip != " + set_of(own) + " counter drop\n";
      in += "  iifname \"" + cable + "\" ether type ip ip saddr != " + set_of(own) + " counter drop\n";
      in += "  iifname \"" + cable + "\" ether type ip6 drop\n";
      const std::string to = "  oifname \"" + cable + "\" ";
      out += to + "ether type arp accept\n";
      for (const std::string& id : body.groups) {
        const auto group = groups_.find(id);
        if (group == groups_.end()) continue;
        for (const Value& rule : group->second["security_group_rules"]) {
          if (text_at(rule, "direction") != "ingress" || text_at(rule, "ethertype") != "IPv4") continue;
          const std::vector<std::string> from = sources(rule, bodies);
          if (from.empty()) continue;
          const std::string protocol = text_at(rule, "protocol");
          std::string match = "ether type ip ip saddr " + set_of(from);
          if (!protocol.empty()) match += " ip protocol " + protocol;
          if (rule["port_range_min"].is_number())
            match += " " + protocol + " dport " + rule["port_range_min"].dump() + "-" + rule["port_range_max"].dump();
          out += to + match + " counter accept\n";
        }
      }
      // What answers what the machine began itself.
      out += to + "ether type ip ip protocol tcp tcp flags & (syn | ack) != syn accept\n";
      out += to + "ether type ip ip protocol udp udp sport { 53, 67, 123 } accept\n";
      out += to + "ether type ip ip protocol icmp accept\n";
      out += to + "counter drop\n";
    }
    std::string text = "table " + table + "\ndelete table " + table + "\n";
    if (!bodies.empty())
      text += "table " + table +
              " {\n chain from_machines {\n  type filter hook prerouting priority -300; policy accept;\n" + in +
              " }\n chain to_machines {\n  type filter hook postrouting priority 0; policy accept;\n" + out + " }\n}\n";
    if (text == filter_) return;
    const Result<std::string> set = run_or_fail({.arguments = {"nft", "-f", "-"}, .input = text});
    if (set)
      filter_ = text;
    else
      tell("the filter could not be set: " + describe(set.error()) + "\n" + text);
  }

  /// Floating addresses lead to the fixed ones, for programs on this machine: what the cloud's router does.
  void forward() {
    const std::string table = "ip pairing_" + settings_.id;
    std::string text = "table " + table + "\ndelete table " + table + "\n";
    if (!floating_.empty() && !standing_.empty()) {
      text += "table " + table + " {\n chain output {\n  type nat hook output priority -100; policy accept;\n";
      for (const auto& [outside, inside] : floating_) text += "  ip daddr " + outside + " dnat to " + inside + "\n";
      text += " }\n}\n";
    }
    if (text == forward_) return;
    if (const Result<std::string> set = run_or_fail({.arguments = {"nft", "-f", "-"}, .input = text}); !set)
      return tell("floating addresses could not be set: " + describe(set.error()));
    forward_ = text;
    for (const auto& [outside, inside] : floating_) tell("floating address " + outside + " leads to " + inside);
  }

  const std::string cluster_, subnet_, folder_;
  const LocalOptions options_;
  Spec spec_;
  local::Settings settings_;
  std::map<std::string, Body> standing_;
  std::map<std::string, Value> groups_;
  std::map<std::string, std::string> floating_;  ///< Floating address -> fixed address.
  std::string filter_, forward_;
};

}  // namespace
}  // namespace slipway::testing_support

int main(int count, char** arguments) {
  if (count != 4) {
    std::fprintf(stderr, "usage: slipway_pairing CLUSTER SUBNET FOLDER\n");
    return 2;
  }
  return slipway::testing_support::Pairing(arguments[1], arguments[2], arguments[3]).run();
}
