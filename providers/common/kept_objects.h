#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ports/cloud_search.h"

namespace slipway {

/// A list of cloud objects in which one is found without going through the others. One thread at a time.
class KeptObjects {
 public:
  explicit KeptObjects(const std::vector<CloudObject>& objects);

  /// In the order in which they came.
  std::vector<CloudObject> all() const;
  /// As CloudSearch::find.
  std::vector<CloudObject> find(const CloudKey& key) const;
  /// Takes the place of those with its id; comes last.
  void put(const CloudObject& object);
  void remove(const std::string& id);

 private:
  /// A word and the numbers of the objects that have it.
  using Index = std::set<std::pair<std::string, uint64_t>>;
  static std::vector<uint64_t> numbers(const Index& index, const std::string& word);

  std::map<uint64_t, CloudObject> objects_;  ///< By the number of their coming.
  Index by_id_, by_mark_, by_name_;          ///< by_name_: those without a mark.
  uint64_t next_ = 0;
};

}  // namespace slipway
