#pragma once
// An optional ability of a CloudReader: to answer for one object without handing over its whole list. A step looks for
// one of ten thousand machines; ten thousand steps that each copy the list make a hundred million copies.

#include "ports/cloud.h"

namespace slipway {

/// What is looked for. Empty members match nothing.
struct CloudKey {
  std::string id{};
  std::string mark{};
  std::string name{};  ///< The natural key, for kinds that have no room for a mark.
};

class CloudSearch {
 public:
  virtual ~CloudSearch() = default;
  /// Out of what `list` would answer, in its order: the objects with the id or the mark; where there is none, those
  /// without a mark that have the name. Errors and threads: as CloudReader.
  virtual Result<std::vector<CloudObject>> find(std::string_view kind, const CloudKey& key) = 0;
};

/// The same out of a list.
std::vector<CloudObject> matching(const std::vector<CloudObject>& objects, const CloudKey& key);
/// Asks the reader's CloudSearch, or its list where it has none.
Result<std::vector<CloudObject>> find_objects(CloudReader& cloud, std::string_view kind, const CloudKey& key);

}  // namespace slipway
