#include "ssh/wire.h"

namespace slipway::ssh {

WireWriter& WireWriter::u32(uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes_ += static_cast<char>(value >> shift & 0xff);
  return *this;
}

WireWriter& WireWriter::string(std::string_view bytes) { return u32(static_cast<uint32_t>(bytes.size())).raw(bytes); }

WireWriter& WireWriter::raw(std::string_view bytes) {
  bytes_ += bytes;
  return *this;
}

std::optional<std::string_view> WireReader::raw(size_t count) {
  if (rest_.size() < count) return std::nullopt;
  const std::string_view taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

std::optional<uint8_t> WireReader::u8() {
  const auto byte = raw(1);
  if (!byte) return std::nullopt;
  return static_cast<uint8_t>((*byte)[0]);
}

std::optional<uint32_t> WireReader::u32() {
  const auto four = raw(4);
  if (!four) return std::nullopt;
  uint32_t value = 0;
  for (const char byte : *four) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

std::optional<std::string_view> WireReader::string() {
  const auto size = u32();
  if (!size) return std::nullopt;
  return raw(*size);
}

}  // namespace slipway::ssh
