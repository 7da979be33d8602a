#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "graph/diff.h"
#include "ports/cluster.h"

namespace slipway {

/// How a wanted object stands in the cluster.
enum class Standing {
  absent,   ///< It is not there, or is being deleted.
  foreign,  ///< An object of this name is there, and it is not ours: shown, not fought.
  same,     ///< Applying it would change nothing.
  changed,  ///< Applying it would change `changes`.
  remade,   ///< The API refuses the change (an immutable field): it must be deleted and made again.
};

struct ObjectView {
  ObjectKey key;
  Standing standing = Standing::absent;
  Value wanted;                        ///< What is to be applied.
  bool adopted = false;                ///< Somebody else made it; we keep our fields and never delete it.
  bool leaving = false;                ///< It is being deleted right now.
  std::vector<FieldChange> changes{};  ///< Each field begins with the object's short name.
  Reason reason = Reason::none;
  std::string note{};
};

struct ViewRules {
  std::string cluster;
  bool adopt = false;              ///< Take over what is not ours.
  std::set<ObjectKey> recorded{};  ///< What state says we made.
};

/// Compares one prepared object with what is there. Asks the API for a dry run only where our own look cannot tell that
/// nothing would change; where admission webhooks forbid a dry run, the comparison is our own.
/// Errors: as ClusterReader::preview; bad_input where the API refuses the object.
Result<ObjectView> view_object(ClusterReader& reader, const Value& wanted, const std::optional<Value>& live,
                               const ViewRules& rules, Deadline deadline);

/// Whether `live` was made by us and may be deleted by us.
bool is_ours_to_delete(const Value& live, const ViewRules& rules);

}  // namespace slipway
