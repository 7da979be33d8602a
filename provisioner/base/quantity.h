#pragma once
#include <optional>
#include <string_view>

namespace slipway {

/// A Kubernetes quantity ("500m", "1Gi", "2e3") in units of 1e-9, so that "1024Mi" and "1Gi" compare equal; nothing for
/// other text and for what does not fit.
/// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
std::optional<__int128> parse_quantity(std::string_view text);

}  // namespace slipway
