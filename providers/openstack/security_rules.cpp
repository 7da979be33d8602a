#include "providers/openstack/security_rules.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace slipway::openstack {
namespace {

constexpr const char* vrrp = "112";  // Its IP protocol number; older clouds do not know the name.

std::string from_group(const std::string& name) { return " from group " + name; }

}  // namespace

std::vector<Rule> wanted_rules(const Settings& settings, bool control_plane) {
  const std::string nodes = from_group(settings.name("nodes"));
  const std::string control = from_group(settings.name("control-plane"));
  std::vector<Rule> rules;
  if (control_plane) {
    for (const std::string& network : settings.admin_networks) rules.push_back("tcp 6443 from " + network);
    rules.insert(rules.end(), {"tcp 6443" + nodes, "tcp 2379-2380" + control, "vrrp" + control});
  } else {
    for (const std::string& network : settings.admin_networks) rules.push_back("tcp 22 from " + network);
    rules.insert(rules.end(),
                 {"icmp" + nodes, "tcp 10250" + nodes, "udp 8472" + nodes, "tcp 30000-32767 from 0.0.0.0/0"});
    if (settings.floating.contains("bastion")) rules.push_back("tcp 22" + nodes);
    if (settings.metallb) rules.insert(rules.end(), {"tcp 7946" + nodes, "udp 7946" + nodes});
    if (settings.load_balancers) rules.insert(rules.end(), {"tcp 80 from 0.0.0.0/0", "tcp 443 from 0.0.0.0/0"});
    if (settings.monitoring) rules.push_back("tcp 9100" + nodes);
  }
  std::sort(rules.begin(), rules.end());
  rules.erase(std::unique(rules.begin(), rules.end()), rules.end());
  return rules;
}

Rule rule_from(const Value& rule, const std::map<std::string, std::string>& group_names) {
  if (text_at(rule, "direction") != "ingress" || text_at(rule, "ethertype") != "IPv4") return {};
  std::string words = text_at(rule, "protocol", "any");
  if (words == vrrp) words = "vrrp";
  const auto port = [&](const char* key) {
    return rule.contains(key) && rule[key].is_number() ? rule[key].get<int>() : 0;
  };
  if (const int first = port("port_range_min"), last = port("port_range_max"); first > 0)
    words += " " + std::to_string(first) + (last != first ? "-" + std::to_string(last) : "");
  const std::string group = text_at(rule, "remote_group_id"), prefix = text_at(rule, "remote_ip_prefix");
  if (!group.empty()) {
    const auto named = group_names.find(group);
    return words + from_group(named == group_names.end() ? group : named->second);
  }
  return words + " from " + (prefix.empty() ? "0.0.0.0/0" : prefix);
}

Value body_of(const Rule& rule) {
  Value body = {{"direction", "ingress"}, {"ethertype", "IPv4"}};
  const size_t from = rule.find(" from ");
  const std::string what = rule.substr(0, from), source = rule.substr(from + 6);
  const size_t blank = what.find(' ');
  const std::string protocol = what.substr(0, blank);
  body["protocol"] = protocol == "vrrp" ? vrrp : protocol;
  if (blank != std::string::npos) {
    const std::string ports = what.substr(blank + 1);
    const size_t dash = ports.find('-');
    int first = 0, last = 0;
    std::from_chars(ports.data(), ports.data() + std::min(dash, ports.size()), first);
    last = first;
    if (dash != std::string::npos) std::from_chars(ports.data() + dash + 1, ports.data() + ports.size(), last);
    body["port_range_min"] = first;
    body["port_range_max"] = last;
  }
  if (source.starts_with("group "))
    body["remote_group_name"] = source.substr(6);
  else
    body["remote_ip_prefix"] = source;
  return body;
}

}  // namespace slipway::openstack
