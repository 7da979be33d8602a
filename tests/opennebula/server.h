#pragma once
// The simulator's front: HTTP and XML-RPC as oned speaks them, strict about parameters; each method's entry tells what
// covers it. Faults are injected here, on the way in or out.

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/opennebula/world.h"

namespace slipway::testing_support::one {

/// What shall go wrong with calls of a method ("*": any), the next `times` after `skip` have passed.
struct CallFault {
  std::string method;
  /// "lose-call" (cut before anything happens), "lose-answer" (it happens, and the connection is cut), "http-500",
  /// "error" (a failed reply with code and text), "slow" (`code` milliseconds).
  std::string kind;
  int skip = 0, times = 1;
  int code = 0;
  std::string text;
};

/// The way to the front-end, and what a proxy before it lets through.
struct Traffic {
  Milliseconds latency{0};  ///< Of each call.
  int calls_per_second =
      0;  ///< As many at once, too, after a rest; what comes faster has "429, Retry-After: 1". 0: all.
};

/// One method that the simulator answers.
struct MethodInfo {
  std::string name, types, covered_by;
  size_t least = 0;  ///< Parameters without a default.
};

class Server {
 public:
  /// Listens on loopback, on a port of its own.
  explicit Server(Delays delays = {}, Traffic traffic = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::string url() const;
  /// The methodResponse to a methodCall: what the network part does with a body.
  std::string answer(const std::string& request);
  /// The world, while nobody else uses it.
  template <class Use>
  auto with_world(const Use& use) {
    const std::lock_guard lock(mutex_);
    world_.settle();
    return use(world_);
  }
  void add_fault(CallFault fault);
  /// What a POST to /control does, for tests in other processes. Takes and answers JSON:
  ///   {"fault": {"method", "kind", "skip", "times", "code", "text"}}   {"failure": {"name", "kind", "times"}}
  ///   {"calls": "forget"}; and always answers {"vms": [{"id", "name", "state", "address"}], "calls": [methods],
  ///   "throttled": how many never became calls}.
  std::string control(const std::string& request);
  /// Calls by method, in order.
  std::vector<std::string> calls() const;
  void forget_calls();
  static std::vector<MethodInfo> methods();

 private:
  struct Front;
  std::optional<CallFault> take_fault(const std::string& method);
  /// Whether the proxy lets one more through.
  bool let_through();

  mutable std::mutex mutex_;
  World world_;
  const Traffic traffic_;
  double room_;  ///< Calls that may come at once; guarded by mutex_, as the next.
  std::chrono::steady_clock::time_point filled_ = std::chrono::steady_clock::now();
  int throttled_ = 0;
  std::vector<CallFault> faults_;
  std::vector<std::string> calls_;
  std::unique_ptr<Front> front_;
};

/// The lab of the recordings: users oneadmin, prov, bare; two hosts; image, network, template.
void furnish(World& world);

}  // namespace slipway::testing_support::one
