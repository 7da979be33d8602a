#pragma once
// Result<T>: a value or an Error. The one way in which a failure crosses from room to room (no exceptions do).
//
//   Result<Config> load(const std::string& path) {
//     Result<std::string> text = read_file(path);
//     if (!text) return std::move(text).error().while_doing("loading " + path);
//     return parse(*text);
//   }
//
// Not for: broken preconditions of our own code (assert those), nor questions (return bool or optional).

#include <cassert>
#include <optional>
#include <utility>
#include <variant>

#include "base/error.h"

namespace slipway {

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit by design
  Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by design

  bool ok() const { return content_.index() == 0; }
  explicit operator bool() const { return ok(); }

  /// REQUIRES: ok().
  const T& value() const& {
    assert(ok());
    return std::get<0>(content_);
  }
  T& value() & {
    assert(ok());
    return std::get<0>(content_);
  }
  T&& value() && {
    assert(ok());
    return std::get<0>(std::move(content_));
  }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  /// REQUIRES: !ok().
  const Error& error() const& {
    assert(!ok());
    return std::get<1>(content_);
  }
  Error&& error() && {
    assert(!ok());
    return std::get<1>(std::move(content_));
  }

 private:
  std::variant<T, Error> content_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit by design
  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  /// REQUIRES: !ok().
  const Error& error() const& {
    assert(error_);
    return *error_;
  }
  Error&& error() && {
    assert(error_);
    return *std::move(error_);
  }

 private:
  std::optional<Error> error_;
};

}  // namespace slipway
