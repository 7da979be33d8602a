#pragma once
// The data types of the SSH protocol (RFC 4251, section 5), as far as keys and greetings need them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace slipway::ssh {

/// Appends values to a byte string.
class WireWriter {
 public:
  WireWriter& u32(uint32_t value);
  WireWriter& string(std::string_view bytes);  ///< Its length, then its bytes.
  WireWriter& raw(std::string_view bytes);
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// Takes values off the front of bytes that it does not own; nothing once too few bytes are left.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}
  std::optional<uint8_t> u8();
  std::optional<uint32_t> u32();
  std::optional<std::string_view> string();
  std::optional<std::string_view> raw(size_t count);
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace slipway::ssh
