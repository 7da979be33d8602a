#pragma once
#include "spec/schema.h"

namespace slipway {

/// The rows of each provider's block; those of all others are in keys.cpp.
std::vector<Key> provider_keys();

}  // namespace slipway
