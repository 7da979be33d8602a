#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ports/cluster.h"

namespace slipway {

/// "Observe once": the lists of a run are kept, so that a hundred steps that look at Deployments cost one list call.
///
/// Kept:     lists of a whole kind (no namespace, no selector), until a write to that kind goes through here. Lists of
///           one namespace are answered out of such a list where there is one. Failures are not kept, save that a kind
///           is not served.
///           After a write, single objects are asked for one by one at first: a step for each of a thousand nodes looks
///           at its own and labels it, and would otherwise list all thousand each time.
/// Not kept: get, lists with a selector, probe, preview: they ask the API each time.
/// Threads:  any; those who want the same list at once wait for one call.
/// Lifetime: reader and writer outlive it.
class ObservedCluster final : public ClusterReader, public ClusterWriter {
 public:
  ObservedCluster(ClusterReader& reader, ClusterWriter& writer) : reader_(reader), writer_(writer) {}

  Result<std::string> probe(const std::string& path, Deadline deadline) override;
  Result<Value> get(const ObjectKey& key, Deadline deadline) override;
  Result<std::vector<Value>> list(const ObjectKey& key, const std::string& selector, Deadline deadline) override;
  Result<std::optional<Value>> listed(const ObjectKey& key, Deadline deadline) override;
  Result<Value> preview(const Value& object, Deadline deadline) override;

  Result<Value> apply(const Value& object, Deadline deadline) override;
  Result<Value> patch(const ObjectKey& key, const Value& merge_patch, Deadline deadline) override;
  Result<void> remove(const ObjectKey& key, Deadline deadline) override;
  Result<void> evict(const std::string& name_space, const std::string& pod, Deadline deadline) override;

  /// Drops every list, e.g. because a wait is over and controllers have acted since.
  void forget();

 private:
  struct Shelf {
    std::mutex mutex;  ///< Held while the list is asked for.
    std::optional<Result<std::vector<Value>>> items;
    std::map<std::pair<std::string, std::string>, size_t> places;  ///< Namespace and name -> index of the item.
    size_t gets_left = 0;          ///< How many objects may be asked for alone before the list is; 0 on a first look.
    std::atomic<size_t> size = 0;  ///< How long the list is, or was before the write that emptied the shelf.
  };

  /// Fills the shelf if it is empty. REQUIRES: its mutex is held. Errors: the list's, where that is not kept.
  Result<void> fill(Shelf& shelf, const ObjectKey& key, Deadline deadline);
  std::shared_ptr<Shelf> shelf(const std::string& api_version, const std::string& kind, bool make);
  void forget(const std::string& api_version, const std::string& kind);

  ClusterReader& reader_;
  ClusterWriter& writer_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<Shelf>> shelves_;  ///< Guarded by mutex_.
};

}  // namespace slipway
