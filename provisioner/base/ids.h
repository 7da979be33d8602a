#pragma once
// Ids are types, so that three strings in a row cannot be mixed up.

#include <compare>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace slipway {

/// A name that is copied far more often than it is made: all copies share one text. Threads: as a value.
template <class Tag>
class Id {
 public:
  Id() = default;
  explicit Id(std::string text) {
    if (!text.empty()) text_ = std::make_shared<const Text>(std::move(text));
  }
  const std::string& text() const {
    static const std::string nothing;
    return text_ ? text_->text : nothing;
  }
  size_t hash() const { return text_ ? text_->hash : 0; }
  bool empty() const { return !text_; }
  bool operator==(const Id& other) const { return text_ == other.text_ || text() == other.text(); }
  auto operator<=>(const Id& other) const { return text() <=> other.text(); }

 private:
  struct Text {
    explicit Text(std::string its) : text(std::move(its)), hash(std::hash<std::string>{}(text)) {}
    const std::string text;
    const size_t hash;
  };
  std::shared_ptr<const Text> text_;  ///< Null: empty.
};

using StepId = Id<struct StepIdTag>;            ///< "host/workers-2/containerd"
using MachineName = Id<struct MachineNameTag>;  ///< "workers-2"
using RunId = Id<struct RunIdTag>;              ///< "20261121-093000-4f2a"

/// A fresh random lower-case hex id of `bytes` * 2 characters, from the operating system's generator.
std::string random_hex(size_t bytes);

}  // namespace slipway

template <class Tag>
struct std::hash<slipway::Id<Tag>> {
  // Not noexcept: the standard library then keeps each key's hash, and a lookup reads no other key's text.
  size_t operator()(const slipway::Id<Tag>& id) const { return id.hash(); }
};
