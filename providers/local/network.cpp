#include "providers/local/network.h"

#include <cstdio>
#include <filesystem>
#include <net/if.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

namespace slipway::local {
namespace {

constexpr int ethernet_mtu = 1500;

Result<std::string> ip(std::vector<std::string> words) {
  words.insert(words.begin(), "ip");
  return run_or_fail({.arguments = std::move(words), .timeout = Seconds(30)});
}

/// One program start for several commands of `ip`.
Result<std::string> ip_batch(const std::string& commands, std::vector<std::string> options = {}) {
  options.insert(options.begin(), "ip");
  options.insert(options.end(), {"-batch", "-"});
  return run_or_fail({.arguments = std::move(options), .input = commands, .timeout = Seconds(30)});
}

bool link_exists(const std::string& name) { return ::if_nametoindex(name.c_str()) != 0; }

bool link_is_bridge(const std::string& name) {
  return ::access(("/sys/class/net/" + name + "/bridge").c_str(), F_OK) == 0;
}

/// A fixed address of a cable's end: a host that is started again is not a stranger to its neighbours' ARP tables.
std::string hardware_address(const std::string& id, uint32_t number) {
  const unsigned long cluster = std::stoul(id, nullptr, 16);
  char text[18];
  std::snprintf(text, sizeof text, "02:%02lx:%02lx:%02lx:%02x:%02x", (cluster >> 16) & 0xff, (cluster >> 8) & 0xff,
                cluster & 0xff, (number >> 8) & 0xff, number & 0xff);
  return text;
}

/// The MTU of the way out, so that what hosts send fits without being cut.
int outside_mtu() {
  const Result<std::string> table = read_file("/proc/net/route");
  if (!table) return ethernet_mtu;
  for (const std::string& line : split(*table, '\n')) {
    const std::vector<std::string> fields = split(line, '\t');
    if (fields.size() < 8 || fields[1] != "00000000" || fields[7] != "00000000") continue;
    const Result<std::string> mtu = read_file("/sys/class/net/" + fields[0] + "/mtu");
    const int size = mtu ? std::atoi(mtu->c_str()) : 0;
    if (size >= 1280) return std::min(size, ethernet_mtu);
  }
  return ethernet_mtu;
}

Value read_record(const std::string& file) {
  const Result<std::string> text = read_file(file);
  const Value record = text ? Value::parse(*text, nullptr, false) : Value();
  return record.is_object() ? record : Value();
}

}  // namespace

std::optional<CloudObject> Network::find() const {
  const Value record = read_record(settings_.network_file());
  if (record.is_null()) return std::nullopt;
  const bool up =
      record.value("complete", false) && link_exists(settings_.bridge()) && forwarding_enabled() && rule_present();
  return CloudObject{.kind = "network",
                     .id = settings_.bridge(),
                     .name = settings_.cluster,
                     .mark = text_at(record, "mark"),
                     .fields = {{"subnet", text_at(record, "subnet")},
                                {"mtu", record.value("mtu", ethernet_mtu)},
                                {"state", up ? "running" : "stopped"}}};
}

Result<CloudObject> Network::ensure(const std::string& mark) const {
  const std::string bridge = settings_.bridge(), subnet = to_string(settings_.subnet);
  Value record = read_record(settings_.network_file());
  const bool known = !record.is_null();
  if (!known)
    record = {{"id", settings_.id}, {"mark", mark}, {"subnet", subnet}, {"mtu", outside_mtu()}, {"complete", false}};
  Result<std::string> user = subnet_user(settings_.subnet, bridge);
  if (!user) return std::move(user).error();
  if (!user->empty())
    return fail(ErrorKind::bad_input, "the subnet for local hosts is in use",
                {.found = *user, .expected = subnet + " unused", .advice = "choose another local.subnet in the spec"});
  if (link_exists(bridge) && !link_is_bridge(bridge))
    return fail(ErrorKind::bad_input, "the name of the cluster's bridge is in use",
                {.found = "interface " + bridge, .advice = "remove that interface, or rename the cluster"});
  const auto save = [&] { return write_file_atomically(settings_.network_file(), record.dump(2) + "\n", 0600); };
  if (Result<void> made = make_directories(settings_.machines_directory(), 0700); !made) return std::move(made).error();
  if (!known)
    if (Result<void> saved = save(); !saved) return std::move(saved).error();

  const std::string mtu = std::to_string(record.value("mtu", ethernet_mtu));
  if (!link_exists(bridge)) {
    Result<std::string> made = ip({"link", "add", "name", bridge, "address", hardware_address(settings_.id, 1), "type",
                                   "bridge", "forward_delay", "0"});
    if (!made) return std::move(made).error().while_doing("making the bridge " + bridge);
  }
  Result<std::string> set_up =
      ip_batch("address replace " + to_string(settings_.gateway()) + "/" + std::to_string(settings_.subnet.prefix) +
               " dev " + bridge + "\nlink set dev " + bridge + " mtu " + mtu + " up\n");
  if (!set_up) return std::move(set_up).error().while_doing("setting up the bridge " + bridge);
  if (Result<void> plugged = plug_cables(); !plugged) return std::move(plugged).error();
  if (Result<void> forwarding = enable_forwarding(); !forwarding) return std::move(forwarding).error();
  if (Result<void> rule = add_rule(); !rule) return std::move(rule).error();
  record["complete"] = true;
  if (Result<void> saved = save(); !saved) return std::move(saved).error();
  return *find();
}

Result<void> Network::plug_cables() const {
  // Living hosts whose bridge was taken away hang in the air until their cables are put into the new one.
  std::string commands;
  std::error_code problem;
  for (std::filesystem::directory_iterator entry("/sys/class/net", problem), end; !problem && entry != end;
       entry.increment(problem)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with(settings_.bridge() + "-") && !std::filesystem::exists(entry->path() / "master", problem))
      commands += "link set dev " + name + " master " + settings_.bridge() + " up\n";
  }
  if (commands.empty()) return {};
  if (Result<std::string> plugged = ip_batch(commands); !plugged)
    return std::move(plugged).error().while_doing("connecting hosts to the bridge " + settings_.bridge());
  return {};
}

Result<void> Network::remove() const {
  remove_rule();
  if (link_is_bridge(settings_.bridge()))
    if (Result<std::string> gone = ip({"link", "delete", "dev", settings_.bridge()}); !gone)
      return std::move(gone).error().while_doing("removing the bridge " + settings_.bridge());
  restore_forwarding();
  ::unlink(settings_.network_file().c_str());
  // Only empty folders go: what a user put there stays.
  ::rmdir(settings_.machines_directory().c_str());
  ::rmdir(settings_.directory.c_str());
  return {};
}

Result<void> Network::plug(int pid, Address address) const {
  const std::string cable = settings_.cable(address), number = std::to_string(pid);
  const Value record = read_record(settings_.network_file());
  const std::string mtu = std::to_string(record.is_object() ? record.value("mtu", ethernet_mtu) : ethernet_mtu);
  if (link_exists(cable)) unplug(address);
  const uint32_t host_number = address.bits - settings_.subnet.base.bits;
  Result<std::string> made = ip_batch("link add name " + cable + " mtu " + mtu + " type veth peer name eth0 mtu " +
                                      mtu + " address " + hardware_address(settings_.id, host_number) + " netns " +
                                      number + "\nlink set dev " + cable + " master " + settings_.bridge() + " up\n");
  if (!made)
    return std::move(made).error().while_doing("connecting " + to_string(address) + " to " + settings_.bridge());
  Result<std::string> inside = run_or_fail(
      {.arguments = {"nsenter", "--net=/proc/" + number + "/ns/net", "ip", "-batch", "-"},
       .input = "link set dev lo up\naddress add " + to_string(address) + "/" +
                std::to_string(settings_.subnet.prefix) + " dev eth0\nlink set dev eth0 up\nroute add default via " +
                to_string(settings_.gateway()) + "\n",
       .timeout = Seconds(30)});
  if (!inside) return std::move(inside).error().while_doing("giving a host its address " + to_string(address));
  return {};
}

void Network::unplug(Address address) const {
  const std::string cable = settings_.cable(address);
  if (link_exists(cable)) (void)ip({"link", "delete", "dev", cable});
}

std::string subnet_user(const std::string& ip_json_addresses, const std::string& ip_json_routes, const Cidr& subnet,
                        const std::string& own_bridge) {
  const auto overlaps = [&](const std::string& text) {
    const size_t slash = text.find('/');
    const Result<Address> address = parse_address(text.substr(0, slash));
    if (!address) return false;
    const int prefix = slash == std::string::npos ? 32 : std::atoi(text.c_str() + slash + 1);
    const uint32_t mask = prefix <= 0 ? 0 : ~uint32_t{0} << (32 - prefix);
    return prefix > 0 && Cidr{{address->bits & mask}, prefix}.range().overlaps(subnet.range());
  };
  const Value addresses = Value::parse(ip_json_addresses, nullptr, false);
  for (const Value& link : addresses.is_array() ? addresses : Value::array()) {
    const std::string device = text_at(link, "ifname");
    if (device == own_bridge || !link.contains("addr_info")) continue;
    for (const Value& address : link["addr_info"]) {
      const std::string text = text_at(address, "local") + "/" + std::to_string(address.value("prefixlen", 32));
      if (overlaps(text)) return "address " + text + " on interface " + device;
    }
  }
  const Value routes = Value::parse(ip_json_routes, nullptr, false);
  for (const Value& route : routes.is_array() ? routes : Value::array()) {
    const std::string target = text_at(route, "dst"), device = text_at(route, "dev");
    // A default route covers every subnet and claims none.
    if (device == own_bridge || target == "default" || target == "0.0.0.0/0") continue;
    if (overlaps(target)) return "route " + target + (device.empty() ? "" : " by interface " + device);
  }
  return {};
}

Result<std::string> subnet_user(const Cidr& subnet, const std::string& own_bridge) {
  const Result<std::string> told = ip_batch("address show\nroute show table main\n", {"-json", "-4"});
  if (!told) return told.error();
  // A line for each of the two.
  const size_t line = std::min(told->find('\n'), told->size());
  return subnet_user(told->substr(0, line), told->substr(line), subnet, own_bridge);
}

}  // namespace slipway::local
