#pragma once
#include "state/file_layer.h"
#include "state/store.h"

namespace slipway {

/// As StateStore::open, lock included, on other files than this machine's plain ones.
Result<std::unique_ptr<StateStore>> open_store_on(const StoreOptions& options, std::shared_ptr<FileLayer> files);

}  // namespace slipway
