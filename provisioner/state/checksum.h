#pragma once
#include <cstdint>
#include <string_view>

namespace slipway {

/// CRC-32C (Castagnoli): finds torn and rotten bytes; no defence against a forger.
uint32_t crc32c(std::string_view data);

}  // namespace slipway
