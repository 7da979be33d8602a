#include "state/checksum.h"

#include <array>

namespace slipway {
namespace {

using Tables = std::array<std::array<uint32_t, 256>, 8>;

/// Table k holds the checksum of a byte followed by k zero bytes, so that eight bytes are taken in one turn.
constexpr Tables make_tables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78u : 0u);
    tables[0][byte] = crc;
  }
  for (size_t k = 1; k < tables.size(); ++k)
    for (size_t byte = 0; byte < 256; ++byte)
      tables[k][byte] = (tables[k - 1][byte] >> 8) ^ tables[0][tables[k - 1][byte] & 0xff];
  return tables;
}

constexpr Tables tables = make_tables();

}  // namespace

uint32_t crc32c(std::string_view data) {
  uint32_t crc = ~0u;
  const auto byte_at = [&](size_t at) { return static_cast<uint32_t>(static_cast<unsigned char>(data[at])); };
  size_t at = 0;
  for (; at + 8 <= data.size(); at += 8) {
    const uint32_t low = crc ^ (byte_at(at) | byte_at(at + 1) << 8 | byte_at(at + 2) << 16 | byte_at(at + 3) << 24);
    crc = tables[7][low & 0xff] ^ tables[6][low >> 8 & 0xff] ^ tables[5][low >> 16 & 0xff] ^ tables[4][low >> 24] ^
          tables[3][byte_at(at + 4)] ^ tables[2][byte_at(at + 5)] ^ tables[1][byte_at(at + 6)] ^
          tables[0][byte_at(at + 7)];
  }
  for (; at < data.size(); ++at) crc = (crc >> 8) ^ tables[0][(crc ^ byte_at(at)) & 0xff];
  return ~crc;
}

}  // namespace slipway
