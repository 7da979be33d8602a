#include <set>

#include "base/text.h"

#include "tests/opennebula/documents_out.h"
#include "tests/opennebula/methods.h"

namespace slipway::testing_support::one {
namespace {

constexpr Kind a_network{"virtual network", "NET"};
constexpr Kind a_security_group{"security group", "SECGROUP"};

Reply allocate_security_group(Call& call) {
  if (const auto no = may_create(call, "SECGROUP")) return *no;
  return with_template(call, 0, [&](const Template& text) {
    static const std::set<std::string> protocols = {"TCP", "UDP", "ICMP", "ICMPV6", "IPSEC", "ALL"};
    const std::string name = value_of(text, "NAME");
    for (const opennebula::Attribute& line : text)
      if (line.name == "RULE" && !protocols.contains(line.part("PROTOCOL")))
        return bad(internal_error, "Wrong PROTOCOL in rule. Valid options: TCP, UDP, ICMP, ICMPV6, IPSEC, ALL.");
    for (const opennebula::Attribute& line : text)
      if (line.name == "RULE") {
        size_t ports = 0;
        for (const std::string& part : split(line.part("RANGE"), ','))
          ports += part.empty() ? 0 : part.find(':') == std::string::npos ? 1 : 2;
        if (ports > 15) return bad(internal_error, "Wrong RANGE in rule: more than 15 ports");
      }
    for (const auto& [id, group] : call.world.security_groups)
      if (group.name == name && group.uid == call.caller.id)
        return bad(internal_error, "NAME is already taken by SECGROUP " + std::to_string(id) + ".");
    SimSecurityGroup group = made_by<SimSecurityGroup>(call, call.world.next_security_group, name);
    group.attributes = text;
    drop(group.attributes, "NAME");
    call.world.security_groups[group.id] = group;
    return good(group.id);
  });
}

template <class Use>
Reply with_network(Call& call, Right right, const Use& use) {
  return with_object(call, call.world.networks, a_network, right, use);
}

}  // namespace

void add_network_methods(Methods& methods) {
  add(methods, "one.vnpool.info", "iii", "vnpool-info", [](Call& call) {
    return pool(call, call.world.networks, "VNET_POOL", "NET",
                [&](const SimNetwork& network) { return document(call.world, network, false); });
  });
  add(methods, "one.vn.info", "i|b", "vn-info-held", [](Call& call) {
    return with_network(call, Right::use,
                        [&](SimNetwork& network) { return good(document(call.world, network, true)); });
  });
  add(methods, "one.vn.reserve", "is", "vn-reserve", [](Call& call) {
    return with_template(call, 1, [&](const Template& text) {
      return with_network(call, Right::use,
                          [&](SimNetwork& network) { return call.world.reserve(call.caller, network, text); });
    });
  });
  add(methods, "one.vn.hold", "is", "vn-hold", [](Call& call) {
    return with_template(call, 1, [&](const Template& text) {
      return with_network(call, Right::manage,
                          [&](SimNetwork& network) { return call.world.hold(network, text, true); });
    });
  });
  add(methods, "one.vn.release", "is", "vn-release", [](Call& call) {
    return with_template(call, 1, [&](const Template& text) {
      return with_network(call, Right::manage,
                          [&](SimNetwork& network) { return call.world.hold(network, text, false); });
    });
  });
  add(methods, "one.vn.update", "isi", "vn-update-tag", [](Call& call) {
    return with_template(call, 1, [&](const Template& text) {
      return with_network(call, Right::manage, [&](SimNetwork& network) {
        return update(network.attributes, text, call.number(2), network.id);
      });
    });
  });
  add(methods, "one.vn.delete", "i", "vn-delete", [](Call& call) {
    return with_network(call, Right::manage, [&](SimNetwork& network) { return call.world.remove_network(network); });
  });
  add(methods, "one.secgrouppool.info", "iii", "public method list: pools take filter, start and end", [](Call& call) {
    return pool(call, call.world.security_groups, "SECURITY_GROUP_POOL", "SECGROUP",
                [&](const SimSecurityGroup& group) { return document(call.world, group); });
  });
  add(methods, "one.secgroup.allocate", "s", "secgroup-allocate", allocate_security_group);
  add(methods, "one.secgroup.info", "i|b", "secgroup-info", [](Call& call) {
    return with_object(call, call.world.security_groups, a_security_group, std::nullopt,
                       [&](SimSecurityGroup& group) { return good(document(call.world, group)); });
  });
  add(methods, "one.secgroup.update", "isi", "method table of the facts", [](Call& call) {
    return with_object(call, call.world.security_groups, a_security_group, Right::manage, [&](SimSecurityGroup& group) {
      return with_template(
          call, 1, [&](const Template& text) { return update(group.attributes, text, call.number(2), group.id); });
    });
  });
  add(methods, "one.secgroup.delete", "i", "method table of the facts",
      [](Call& call) { return delete_object(call, call.world.security_groups, a_security_group); });
}

}  // namespace slipway::testing_support::one
