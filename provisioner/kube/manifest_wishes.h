#pragma once
// What an add-on wants made for it: secrets, certificates, volumes, facts, parts. The sections of addon.yaml of these
// names.

#include "kube/manifest.h"

namespace slipway {

// Each reads one section, its placeholders filled in; null is none. Errors: bad_input, its `where` a JSON pointer.
Result<std::vector<SecretWish>> secret_wishes(const Value& section);
Result<std::vector<CertificateWish>> certificate_wishes(const Value& section);
Result<std::vector<VolumeWish>> volume_wishes(const Value& section);
Result<std::vector<FactWish>> fact_wishes(const Value& section);
Result<std::vector<Part>> parts_from(const Value& section);
/// `objects: [artifact: NAME]`
Result<std::vector<std::string>> object_artifacts(const Value& section);

}  // namespace slipway
