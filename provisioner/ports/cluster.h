#pragma once
// The Kubernetes API as steps see it. https://kubernetes.io/docs/reference/using-api/server-side-apply/

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace slipway {

/// Names one object: ("apps/v1", "Deployment", "kube-system", "coredns"). `name_space` is empty for cluster-wide kinds.
struct ObjectKey {
  std::string api_version;
  std::string kind;
  std::string name_space;
  std::string name;
  auto operator<=>(const ObjectKey&) const = default;
};
/// The key of a full object. REQUIRES: it has apiVersion, kind and metadata.name.
ObjectKey key_of(const Value& object);
/// "Deployment kube-system/coredns"
std::string describe(const ObjectKey& key);

/// Errors of both ports: unavailable, timeout, unauthorised, not_found, conflict (another writer; 409), bad_input (the
/// API refused the object; its message in the error), throttled.
/// Threads: any.
class ClusterReader {
 public:
  virtual ~ClusterReader() = default;
  /// The raw body of a GET of `path`, e.g. "/readyz".
  virtual Result<std::string> probe(const std::string& path, Deadline deadline) = 0;
  virtual Result<Value> get(const ObjectKey& key, Deadline deadline) = 0;
  /// The items of one list call; `selector` as in `kubectl -l`. `key.name` is ignored; an empty name_space lists all.
  virtual Result<std::vector<Value>> list(const ObjectKey& key, const std::string& selector, Deadline deadline) = 0;
  /// One object, or nothing where it, or its kind, does not exist. For observing many objects: a caching reader answers
  /// out of the list of the whole kind, which it asks for once a run. `get` asks for one object now.
  virtual Result<std::optional<Value>> listed(const ObjectKey& key, Deadline deadline);
  /// What a server-side apply of `object` would leave, by a dry run; nothing is changed.
  virtual Result<Value> preview(const Value& object, Deadline deadline) = 0;
};

class ClusterWriter {
 public:
  virtual ~ClusterWriter() = default;
  /// Server-side apply with field manager "slipway", forced for the fields that `object` sets.
  virtual Result<Value> apply(const Value& object, Deadline deadline) = 0;
  /// JSON merge patch (RFC 7386) of an existing object.
  virtual Result<Value> patch(const ObjectKey& key, const Value& merge_patch, Deadline deadline) = 0;
  /// Deletes and waits until it is gone. A missing object is success.
  virtual Result<void> remove(const ObjectKey& key, Deadline deadline) = 0;
  /// Evicts a pod, respecting disruption budgets: conflict or throttled while a budget refuses.
  virtual Result<void> evict(const std::string& name_space, const std::string& pod, Deadline deadline) = 0;
};

}  // namespace slipway
