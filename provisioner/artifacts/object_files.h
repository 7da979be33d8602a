#pragma once
#include "artifacts/catalogue.h"
#include "base/json.h"

namespace slipway {

/// The objects that `files` names, out of the module's folder, as one `kind: List`; files by name, objects in file
/// order. Errors: not_found (a file is not there, or no object is left), bad_input (not YAML).
Result<Value> objects_of_module(const ObjectFiles& files, const std::string& folder);

}  // namespace slipway
