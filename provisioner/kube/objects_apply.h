#pragma once
#include <set>
#include <string>
#include <vector>

#include "graph/step.h"
#include "kube/object_view.h"
#include "kube/observed.h"

namespace slipway {

/// One apply of a set of objects. Each is looked at again and changed only as far as the permitted diff goes.
/// Errors: as ClusterWriter; world_changed (an object asks for more than the diff holds); cancelled; timeout (a
/// definition not established, a webhook not answering, a deletion not finished).
/// Threads: one. Lifetime: writer and recorder outlive it.
class ObjectsApply {
 public:
  ObjectsApply(Writer& writer, Recorder& recorder, const ViewRules& rules, Deadline deadline);
  /// Nothing is permitted before this is called.
  void permit(const Diff& diff) { permitted_ = diff; }
  /// The mark that the first creating call's intent carries.
  void mark(std::string mark) { mark_ = std::move(mark); }

  /// REQUIRES: `objects` is in the order of applying. Answers what is now ours to delete.
  Result<std::vector<ObjectKey>> apply(const std::vector<Value>& objects);
  /// Deletes those of `keys` that the diff names and that are ours. REQUIRES: in the order of deleting.
  Result<void> prune(const std::vector<ObjectKey>& keys);

 private:
  bool names(const ObjectKey& key) const;
  Result<void> settle(const ObjectView& view);
  Result<void> check_permitted(const ObjectView& view) const;
  Result<void> make(const ObjectView& view);
  Result<void> write(const Value& object);
  Result<void> wait_for_definitions();
  Result<void> pause(Milliseconds span, const char* doing);
  Deadline call_deadline() const;

  Writer& writer_;
  Recorder& recorder_;
  const ViewRules& rules_;
  Deadline deadline_;
  ObservedCluster seen_;  ///< The lists as they were when this apply began; nothing is written through it.
  Diff permitted_{};
  std::string mark_;
  bool intent_recorded_ = false;
  std::vector<ObjectKey> new_definitions_;
  size_t done_ = 0, total_ = 0;
};

}  // namespace slipway
