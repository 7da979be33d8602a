#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "ssh/connection.h"
#include "ssh/exchange.h"
#include "ssh/login_key.h"

namespace slipway::ssh {

struct JumpHost;

/// All SSH traffic of the program: one thread, one poll, one connection per host that every call for the host shares.
/// Connections are made when first needed, kept, and made again after they broke.
/// Threads: every public method may be called from any thread.
class Loop {
 public:
  struct Settings {
    LoginKey key;
    std::string known_hosts;  ///< Path; for hosts without pinned keys.
    Milliseconds connect_timeout = Seconds(10);
    Milliseconds idle_limit = std::chrono::minutes(10);  ///< An unused connection is closed after it.
    size_t channels_per_host = 8;                        ///< sshd allows 10 unless told otherwise.
  };

  /// Errors: quota (no descriptors left).
  static Result<std::unique_ptr<Loop>> start(Settings settings);
  /// What still runs is answered with `cancelled`.
  ~Loop();

  /// Begins and returns; a host name is looked up first, in the calling thread. `completion` is called exactly once,
  /// at the deadline at the latest, by the loop's thread or, where the request cannot even begin, by this one. It and
  /// the request's callbacks hold up every other host while they run, and must not call `run`.
  void start(Request request, Deadline deadline, Completion completion);

  /// Begins and waits. The request's callbacks are called in the calling thread.
  Result<ScriptOutcome> run(Request request, Deadline deadline);

  /// Ends every connection that served the machine; what runs on it is answered with `unavailable`.
  void forget(const MachineName& machine);

 private:
  explicit Loop(Settings settings, FileDescriptor wake);

  void work();
  void wake();
  bool take_orders();
  void place(std::unique_ptr<Exchange> exchange);
  Result<std::shared_ptr<Connection>> connection_for(const Request& request);
  Result<std::shared_ptr<Connection>> pick_jump(const JumpHost& jump, const Request& request);
  std::shared_ptr<Connection> find(const std::string& key);
  bool pump_all();
  bool sweep();
  void wait(bool again_at_once);
  Result<std::vector<SocketAddress>> addresses_of(const HostAccess& host);

  const Settings settings_;
  FileDescriptor wake_;
  std::atomic<bool> stopping_ = false;

  std::mutex mutex_;
  std::vector<std::unique_ptr<Exchange>> new_exchanges_;  ///< Guarded by mutex_, as the two below.
  std::vector<MachineName> to_forget_;
  struct KnownAddresses {
    std::vector<SocketAddress> addresses;
    Instant until;
  };
  std::map<std::string, KnownAddresses> addresses_;

  std::vector<std::shared_ptr<Connection>> connections_;  ///< The loop thread's own.
  std::thread thread_;
};

}  // namespace slipway::ssh
