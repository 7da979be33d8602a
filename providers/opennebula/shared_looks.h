#pragma once
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "providers/opennebula/client.h"
#include "providers/opennebula/documents.h"

namespace slipway::opennebula {

/// Looks at machines for many who wait at once: those who ask within one interval share a call, so that five hundred
/// machines that boot cost a call a second, and not five hundred.
/// Errors: those of OneClient; not_found. Threads: any.
class SharedLooks {
 public:
  /// `interval`: between the beginnings of two calls.
  SharedLooks(OneClient& client, Milliseconds interval) : client_(client), interval_(interval) {}
  /// The machine as it is after this call began.
  Result<Vm> look(int id);

 private:
  struct Batch {
    std::set<int> ids;
    std::optional<Error> error;
    std::map<int, Vm> found;
    bool answered = false;
  };
  void ask(Batch& batch);

  OneClient& client_;
  const Milliseconds interval_;
  std::mutex mutex_;
  std::condition_variable answered_;
  std::shared_ptr<Batch> next_ = std::make_shared<Batch>();  ///< Guarded by mutex_, as the next two.
  bool asking_ = false;
  Instant begun_{};
};

}  // namespace slipway::opennebula
