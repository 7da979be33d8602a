#pragma once
// What goes wrong, when. A fault plan is a list of rules; each names a fault, the calls that it strikes, and how often:
//
//   [{"fault": "throttle", "call": "cloud/create/machine/*", "times": 1, "seconds": 30},
//    {"fault": "unreachable", "call": "host/*/workers-2", "chance": 0.05}]
//
// Calls:  cloud/list/KIND  cloud/create/KIND/NAME  cloud/update/KIND/NAME  cloud/remove/KIND/ID
//         host/check/MACHINE  host/run/MACHINE  host/put/MACHINE  host/up/MACHINE  host/task/MACHINE/PLAYBOOK/NUMBER
//         cluster/METHOD/PATH  artifact/NAME

#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace slipway::simulated {

enum class Fault {
  refuse,          ///< Credentials are not accepted: unauthorised, nothing done.
  throttle,        ///< 429 with Retry-After `seconds`: nothing done.
  server_error,    ///< 500: nothing done.
  timeout_before,  ///< No answer within the deadline, and nothing done.
  timeout_after,   ///< Done, and no answer within the deadline.
  slow,            ///< Done, after `seconds`.
  cut,             ///< Done, and the connection breaks in the middle of the answer.
  quota,           ///< The project's limit is reached: nothing done.
  machine_error,   ///< The machine is made and ends in state error.
  unreachable,     ///< No connection to the host.
  reboot,          ///< The host restarts in the middle of the task.
  wrong_key,       ///< Another host key answers.
  disk_full,       ///< The host's disk is full.
  hang,            ///< The task never ends.
  fail,            ///< The task's command fails.
  clock_jump,      ///< The wall clock moves by `seconds`; the call is answered.
};
/// "throttle", "timeout-before", …
std::string_view name(Fault fault);

struct FaultRule {
  Fault fault = Fault::refuse;
  std::string call;   ///< * and ?
  int skip = 0;       ///< Calls that match and pass before the first is struck.
  int times = 1;      ///< Struck at most so often; -1: always.
  double chance = 1;  ///< Of those that are left, this part is struck, by the seed.
  int64_t seconds = 5;
};

/// What strikes one call.
struct Strike {
  Fault fault;
  Seconds span;
};

/// Threads: any.
class FaultPlan {
 public:
  explicit FaultPlan(std::vector<FaultRule> rules = {}, uint64_t seed = 1) : rules_(std::move(rules)), random_(seed) {
    counts_.resize(rules_.size());
  }
  /// Reads a plan from JSON text. Errors: bad_input.
  static Result<std::vector<FaultRule>> parse(const std::string& text, const std::string& path);

  /// The call is being made: what strikes it, if anything does. The first rule that fits counts.
  std::optional<Strike> strike(const std::string& call);

 private:
  struct Count {
    int matched = 0, struck = 0;
  };
  std::mutex mutex_;
  std::vector<FaultRule> rules_;
  std::vector<Count> counts_;
  std::mt19937_64 random_;
};

/// The error that an API's client makes of the fault; nothing where the call succeeds (slow, machine_error, …).
std::optional<Error> error_of(const Strike& strike, const std::string& call);
/// Whether the call takes effect all the same.
bool takes_effect(Fault fault);

}  // namespace slipway::simulated
