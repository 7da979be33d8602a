#pragma once
// An OpenNebula cloud in memory, written from the recorded facts: what oned keeps, and how it changes with time.
// Threads: one at a time (the server locks around it).

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "providers/opennebula/states.h"
#include "spec/network.h"

#include "tests/opennebula/template_parser.h"

namespace slipway::testing_support::one {

using Milliseconds = std::chrono::milliseconds;

struct Reply {
  bool ok = true;
  std::variant<int, std::string> value = 0;
  int code = 0;
  int object = -1;
};
inline Reply good(int id) { return {.ok = true, .value = id}; }
inline Reply good(std::string text) { return {.ok = true, .value = std::move(text)}; }
inline Reply bad(int code, std::string text, int object = -1) {
  return {.ok = false, .value = std::move(text), .code = code, .object = object};
}
constexpr int authentication = 256, authorization = 512, no_exists = 1024, action_error = 2048, rpc_api = 4096,
              internal_error = 8192, allocate_error = 16384;

struct Permissions {
  int owner_u = 1, owner_m = 1, owner_a = 0, group_u = 0, group_m = 0, group_a = 0, other_u = 0, other_m = 0,
      other_a = 0;
};

struct Object {
  int id = -1, uid = 0, gid = 0;
  std::string name;
  Permissions permissions;
};

struct Token {
  int64_t expires = -1;
  int group = -1;
};

struct Account {
  int id = 0, gid = 0;
  std::string name{}, password{}, group{};
  bool enabled = true, may_create = true;
  std::map<std::string, Token> tokens{};
  std::map<std::string, double> vm_limits{};  ///< "CPU" -> 2; absent: none.
  std::map<int, double> lease_limits{};       ///< Network -> leases.
};

struct SimImage : Object {
  int state = 1, type = 0;
  int64_t size_mb = 0, registered = 0;
  bool persistent = false;
  int datastore = 100;
  std::set<int> vms;
  Template attributes;
  int64_t ready_at = 0;  ///< While LOCKED.
  int64_t gone_at = 0;   ///< While DELETE.
};

struct Lease {
  int vm = -2;       ///< -1: on hold.
  int network = -1;  ///< A reservation's.
};

struct SimRange {
  int id = 0;
  Address first;
  uint32_t size = 0;
  std::optional<int> parent_range;
  uint32_t next_index = 0;
  std::map<uint32_t, Lease> leases;  ///< By index.
};

struct SimNetwork : Object {
  int state = 1;
  std::optional<int> parent;
  Template attributes;
  std::vector<SimRange> ranges;
  int64_t ready_at = 0, gone_at = 0;
};

struct SimSecurityGroup : Object {
  Template attributes;
};

struct SimVmGroup : Object {
  Template attributes;
  struct Role {
    std::string name, policy;
    std::set<int> vms;
  };
  std::vector<Role> roles;
};

struct SimTemplate : Object {
  Template attributes;
  int64_t registered = 0;
};

struct SimHost {
  int id = 0;
  std::string name;
  int state = 2;
  int64_t cpu = 800, memory_kb = 16777216;
};

struct SimLock {
  int level = 0, owner = -1;
  int64_t time = 0;
};

struct History {
  int host = -1;
  int64_t started = 0;
  bool planned = true;
};

/// What will happen to a machine.
struct Transition {
  int64_t at = 0;  ///< Milliseconds of the world's clock.
  int state = 0, lcm_state = 0;
  std::function<void()> then{};
};

struct SimVm : Object {
  int state = 1, lcm_state = 0, previous_state = 1, previous_lcm_state = 0;
  int64_t created = 0, ended = 0;
  Template body, user;
  std::vector<History> history;
  std::optional<SimLock> lock;
  std::vector<Transition> coming;
  int next_nic = 0, next_disk = 0;
  int64_t schedule_at = 0;
  bool hold = false;
  int template_id = -1;
  std::string deploy_id;
};

struct Delays {
  Milliseconds step{20};                  ///< Of each state on the way.
  Milliseconds scheduler{40};             ///< From one pass of the scheduler to the next.
  std::optional<Milliseconds> network{};  ///< Of each state of a network; as `step` where it is left out.
};

/// Which machine shall fail, how, and how often: "boot", "prolog", "epilog", "attach", "hang" (a shutdown that hangs).
struct Failure {
  std::string name, kind;
  int times = 1;
};

class World {
 public:
  explicit World(Delays delays = {});

  // What is there; ids are the keys.
  std::map<int, Account> users;
  std::map<int, SimImage> images;
  std::map<int, SimNetwork> networks;
  std::map<int, SimSecurityGroup> security_groups;
  std::map<int, SimVmGroup> vm_groups;
  std::map<int, SimTemplate> templates;
  std::map<int, SimHost> hosts;
  std::map<int, SimVm> vms;
  std::vector<Failure> failures;
  int next_image = 0, next_network = 0, next_security_group = 100, next_vm_group = 0, next_template = 0, next_vm = 0;
  bool queries = false;  ///< Whether the database can search (MySQL): SQLite cannot.

  /// Lets everything happen that is due.
  void settle();
  int64_t now() const;           ///< Milliseconds; grows with the machine's clock.
  int64_t wall_seconds() const;  ///< Unix time.
  void skip(Milliseconds span) { skipped_ += span.count(); }

  Reply allocate_vm(const Account& caller, const Template& text, bool hold, int template_id = -1,
                    const std::string& name = {});
  Reply act(SimVm& vm, const std::string& action);
  Reply deploy(SimVm& vm, int host, bool enforce);
  Reply recover(SimVm& vm, int operation);
  Reply attach_disk(SimVm& vm, const Template& text);
  Reply detach_disk(SimVm& vm, int disk);
  Reply resize_disk(SimVm& vm, int disk, const std::string& size);
  Reply attach_nic(SimVm& vm, const Template& text, const Account& caller);
  Reply detach_nic(SimVm& vm, int nic);
  Reply change_security_group(SimVm& vm, int nic, int group, bool attach);
  Reply resize(SimVm& vm, const Template& text, bool enforce);
  Reply update_configuration(SimVm& vm, const Template& text, bool append);

  Reply reserve(const Account& caller, SimNetwork& from, const Template& text);
  Reply hold(SimNetwork& network, const Template& text, bool take);
  Reply remove_network(SimNetwork& network);
  /// Taken addresses of a network.
  int used_leases(const SimNetwork& network) const;

  int64_t cpu_used(int host) const;  ///< Hundredths.
  int64_t memory_used_kb(int host) const;
  std::vector<int> vms_on(int host) const;
  const Account& account(int uid) const { return users.at(uid); }

 private:
  friend class VmBuilder;
  void go(SimVm& vm, std::vector<std::pair<int, int>> states, std::function<void()> then = {});
  void enter(SimVm& vm, int state, int lcm_state);
  void start_on(SimVm& vm, int host, bool planned);
  void schedule();
  void finish(SimVm& vm);
  bool fails(const SimVm& vm, const std::string& kind);
  std::optional<std::string> room_complaint(const SimVm& vm, int host) const;
  Reply terminate(SimVm& vm, const std::string& action);
  Reply resume(SimVm& vm);
  void write_context_network(SimVm& vm);
  std::optional<std::string> quota_complaint(const Account& caller, const Template& body, size_t nics,
                                             const std::vector<int>& networks_wanted) const;
  /// The lease's IP, or nothing.
  std::optional<Address> take_lease(SimNetwork& network, const std::string& wanted, int vm);
  void free_leases(int vm, const std::string& ip = {});
  opennebula::Attribute nic_of(SimNetwork& network, Address ip, int vm, int nic_id, const opennebula::Attribute& asked);

  Delays delays_;
  int64_t begun_ = 0, skipped_ = 0, next_pass_ = 0;
};

std::string mac_of(Address address);

}  // namespace slipway::testing_support::one
