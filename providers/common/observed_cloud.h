#pragma once
// "Observe once", for clouds: the lists of a run are kept, so that a hundred steps that look at ports cost one call.

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ports/cloud_search.h"
#include "providers/common/kept_objects.h"

namespace slipway {

/// Two views of a provider's lists, and the writer that keeps the first one true.
///
///   list            asks once a run. What is written through here is put into the kept list as the cloud answered it;
///   a
///                   write that failed drops the list, since it may have taken effect.
///   fresh().list    never answers from before the question: it waits for a call that begins after it asked. Those who
///                   ask at once share that call, so fifty machines that look before they are made cost two calls or
///                   three.
/// A create whose answer was lost is not repeated before `list_lag` has passed since: until then the object is looked
/// for, and where it shows, the create ends in a conflict, so that the step looks again and takes it up.
/// Threads: any. Lifetime: reader and writer outlive it. Failures are never kept.
class ObservedCloud final : public CloudReader, public CloudSearch, public CloudWriter {
 public:
  ObservedCloud(CloudReader& reader, CloudWriter& writer, Milliseconds list_lag = Milliseconds(0))
      : reader_(reader), writer_(writer), list_lag_(list_lag), fresh_(*this) {}

  Result<std::vector<CloudObject>> list(std::string_view kind) override;
  Result<std::vector<CloudObject>> find(std::string_view kind, const CloudKey& key) override;
  CloudReader& fresh() { return fresh_; }

  Result<CloudObject> create(const CloudRequest& request, const CloudProgress& progress, Deadline deadline) override;
  Result<CloudObject> update(const CloudObject& object, const Value& fields, const CloudProgress& progress,
                             Deadline deadline) override;
  Result<void> remove(std::string_view kind, const std::string& id, Deadline deadline) override;
  /// Drops the kept list, where something else than this has changed the kind.
  void forget(std::string_view kind);

 private:
  using Objects = std::vector<CloudObject>;

  struct Fresh final : CloudReader, CloudSearch {
    explicit Fresh(ObservedCloud& owner) : owner(owner) {}
    Result<std::vector<CloudObject>> list(std::string_view kind) override { return owner.ask(kind); }
    Result<std::vector<CloudObject>> find(std::string_view kind, const CloudKey& key) override {
      return owner.ask(kind, [&](const Objects& all) { return matching(all, key); });
    }
    ObservedCloud& owner;
  };

  struct Shelf {
    std::mutex mutex;
    std::condition_variable answered;
    std::optional<KeptObjects> kept;
    std::optional<Result<Objects>> latest;  ///< The answer to call number `finished`.
    uint64_t begun = 0, finished = 0;       ///< Calls, numbered from 1.
    bool asking = false;
    uint64_t writes = 0;  ///< A call that overlapped one is not kept: it may have missed it.
  };

  Shelf& shelf(std::string_view kind);
  /// What `take` makes of a list that was asked for after this call began, and of the kept one.
  Result<Objects> ask(std::string_view kind, const std::function<Objects(const Objects&)>& take = {});
  Result<Objects> kept(std::string_view kind, const std::function<Objects(const KeptObjects&)>& take,
                       const std::function<Objects(const Objects&)>& take_fresh);
  void put(const CloudObject& object);
  Result<void> wait_out_lost_create(const CloudRequest& request, Deadline deadline);

  CloudReader& reader_;
  CloudWriter& writer_;
  const Milliseconds list_lag_;
  Fresh fresh_;
  std::mutex mutex_;
  std::map<std::string, Instant> lost_creates_;  ///< Mark -> when its answer was lost. Guarded by mutex_.
  std::map<std::string, std::unique_ptr<Shelf>, std::less<>> shelves_;  ///< Guarded by mutex_.
};

}  // namespace slipway
