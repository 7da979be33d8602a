#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway {

/// SHA-256 of `data` as 64 lower-case hex digits.
std::string sha256(std::string_view data);
/// SHA-256 of a file's content. Errors: not_found, unavailable.
Result<std::string> sha256_file(const std::string& path);

/// SHA-256 of what is fed piece by piece. One thread.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::string_view data);
  /// The digest in hex of all fed so far; the object is spent afterwards.
  std::string finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string to_hex(std::string_view bytes);
std::string base64_encode(std::string_view bytes);
/// Errors: corrupt.
Result<std::string> base64_decode(std::string_view text);

}  // namespace slipway
