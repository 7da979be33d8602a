#pragma once
// The XML bodies of OpenNebula's answers, read into plain data. Text may stand plain or in CDATA; both are taken.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "spec/network.h"

namespace slipway::opennebula {

/// One attribute of a template: a value, or a vector's parts.
struct Attribute {
  std::string name, value;
  std::vector<std::pair<std::string, std::string>> parts{};
  bool vector = false;
  /// A part's value, or "".
  std::string part(std::string_view key) const;
};

struct Nic {
  int id = -1;
  std::string name, network, network_id, ip, mac, parent;
  std::vector<int> security_groups;
  bool alias = false;       ///< A NIC_ALIAS: one more address of the NIC `parent`.
  bool filters_ip = false;  ///< FILTER_IP_SPOOFING: packets from other addresses than its own are dropped.
  bool filters_mac = false;
};

struct Disk {
  int id = -1;
  std::string image, image_id, type;
  int64_t size_mb = 0;
  bool persistent = false;
};

struct Vm {
  int id = -1;
  std::string name;
  int state = 0, lcm_state = 0;
  int64_t created = 0;  ///< STIME
  double cpu = 0;
  int vcpu = 0;
  int64_t memory_mb = 0;
  std::vector<Disk> disks;
  std::vector<Nic> nics;
  std::map<std::string, std::string> context;
  std::map<std::string, std::string> tags;  ///< USER_TEMPLATE's plain attributes.
  std::string template_id, group_id, host;  ///< host: the last history record's.

  std::string tag(const std::string& key) const;
  std::string context_value(const std::string& key) const;
};

struct AddressLease {
  Address ip;
  int vm = -2;       ///< -1: on hold; -2: not a VM's.
  int network = -1;  ///< The reservation that has it, or -1.
  int router = -1;
};

struct AddressRangeOf {
  int id = 0;
  Address first;
  uint64_t size = 0;
  std::vector<AddressLease> leases;  ///< Of one.vn.info only; the pool tells none.
  bool contains(Address address) const { return address.bits >= first.bits && address.bits - first.bits < size; }
};

struct VirtualNetwork {
  int id = -1, owner = -1, state = 0;
  std::string owner_name, name;
  std::optional<int> parent;  ///< Of a reservation.
  bool filters_ip = false, filters_mac = false;
  std::vector<int> security_groups;
  std::map<std::string, std::string> attributes;  ///< TEMPLATE's plain attributes.
  std::vector<AddressRangeOf> ranges;
};

struct SecurityGroup {
  int id = -1, owner = -1;
  std::string name;
  std::vector<Attribute> rules;
};

struct VmGroup {
  int id = -1, owner = -1;
  std::string name;
  std::map<std::string, std::string> policies;  ///< Role -> policy.
};

struct Image {
  int id = -1, owner = -1, state = 0, type = 0;
  std::string name, error;
  int64_t size_mb = 0, created = 0;
  bool persistent = false;
  std::vector<int> vms;
  std::map<std::string, std::string> attributes;
};

struct VmTemplate {
  int id = -1, owner = -1;
  std::string name;
  std::vector<Attribute> attributes;
};

struct Datastore {
  int id = -1, type = 0;
  std::string name;
  int64_t free_mb = 0;
};

struct Host {
  int id = -1, state = 0;
  std::string name;
  int64_t cpu_free = 0;  ///< Hundredths of a CPU.
  int64_t memory_free_kb = 0;
};

/// A limit and what is used of it; no limit: nothing.
struct Quota {
  std::string what;  ///< "VMS", "CPU", "MEMORY", "LEASES in network 0"
  double limit = 0, used = 0;
};

struct User {
  int id = -1, group = -1;
  std::string name;
  std::vector<Quota> quotas;
  std::map<std::string, int64_t> tokens;  ///< Token -> when it expires, in Unix seconds; -1: never.
};

/// Each reads a pool (…_POOL) or a single object's document. DONE machines are in the answer. Errors: corrupt.
Result<std::vector<Vm>> read_vms(std::string text);
Result<std::vector<VirtualNetwork>> read_networks(std::string text);
Result<std::vector<SecurityGroup>> read_security_groups(std::string text);
Result<std::vector<VmGroup>> read_vm_groups(std::string text);
Result<std::vector<Image>> read_images(std::string text);
Result<std::vector<VmTemplate>> read_templates(std::string text);
Result<std::vector<Datastore>> read_datastores(std::string text);
Result<std::vector<Host>> read_hosts(std::string text);
Result<User> read_user(std::string text);

}  // namespace slipway::opennebula
