#pragma once
// Quantities with their units, as people write them in YAML.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway {

/// "2GiB", "500MiB", "1.5GiB", "2Gi", "20GB", "512B" as bytes. Binary units are KiB MiB GiB TiB (1024; also without the
/// B, as Kubernetes writes them), decimal ones KB MB GB TB (1000). A number without a unit is refused, and so are the
/// one-letter units, which mean 1000 to Kubernetes and 1024 to most people. Errors: bad_input.
Result<uint64_t> parse_bytes(std::string_view text);

/// The shortest exact text that parse_bytes reads back: "2GiB", "1536MiB", "20GB", "12345B".
std::string bytes_text(uint64_t bytes);

}  // namespace slipway
