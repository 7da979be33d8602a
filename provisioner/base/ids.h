#pragma once
// Ids are types, so that three strings in a row cannot be mixed up.

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace slipway {

template <class Tag>
class Id {
 public:
  Id() = default;
  explicit Id(std::string text) : text_(std::move(text)) {}
  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }
  auto operator<=>(const Id&) const = default;

 private:
  std::string text_;
};

using StepId = Id<struct StepIdTag>;            ///< "host/workers-2/containerd"
using MachineName = Id<struct MachineNameTag>;  ///< "workers-2"
using RunId = Id<struct RunIdTag>;              ///< "20261121-093000-4f2a"

/// A fresh random lower-case hex id of `bytes` * 2 characters, from the operating system's generator.
std::string random_hex(size_t bytes);

}  // namespace slipway

template <class Tag>
struct std::hash<slipway::Id<Tag>> {
  size_t operator()(const slipway::Id<Tag>& id) const noexcept { return std::hash<std::string>{}(id.text()); }
};
