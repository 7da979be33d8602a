#pragma once
// What a provider's API holds, as steps see it: objects of a kind ("machine", "network", "port", …), each with an id
// and an ownership mark. One shape for every provider, so that one step class serves them all
// (providers/object_step.h).

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace slipway {

/// One thing in the provider's world, as it is now.
struct CloudObject {
  std::string kind;  ///< "machine", "network", …; each provider documents its own.
  std::string id;    ///< The provider's id.
  std::string name;
  std::string mark;  ///< Ours: "CLUSTER/INTENT"; empty if the object is not ours.
  Value fields;      ///< Comparable fields; "state" of a machine is absent|creating|running|stopped|error.
};

/// What shall be made. `mark` goes into the creating call itself, so that a crash right after it loses nothing.
struct CloudRequest {
  std::string kind;
  std::string name;
  std::string mark;
  Value fields;
};

using CloudProgress = std::function<void(std::string_view text)>;

/// Errors: unavailable, throttled, timeout, unauthorised, quota, not_found, conflict, bad_input.
/// Threads: any.
class CloudReader {
 public:
  virtual ~CloudReader() = default;
  /// Every object of the kind that carries this cluster's mark. One call per kind and run: answers are kept until
  /// `forget`, which each write to the kind implies.
  virtual Result<std::vector<CloudObject>> list(std::string_view kind) = 0;
};

class CloudWriter {
 public:
  virtual ~CloudWriter() = default;
  /// Makes the object and waits until it is usable. REQUIRES: the caller looked for the mark and found none.
  virtual Result<CloudObject> create(const CloudRequest& request, const CloudProgress& progress, Deadline deadline) = 0;
  /// Changes the named fields of a living object (e.g. starts a stopped machine).
  virtual Result<CloudObject> update(const CloudObject& object, const Value& fields, const CloudProgress& progress,
                                     Deadline deadline) = 0;
  /// Deletes and waits until it is gone. A thing that is gone already is success.
  virtual Result<void> remove(std::string_view kind, const std::string& id, Deadline deadline) = 0;
};

}  // namespace slipway
