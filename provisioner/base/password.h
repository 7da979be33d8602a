#pragma once
// Passwords that Slipway makes for others to check.

#include "base/result.h"
#include "base/secret.h"

namespace slipway {

/// Random letters and digits from the kernel's generator: 5.9 bits each.
Secret random_password(int length);
/// The password's bcrypt hash with a fresh salt ("$2b$10$…"), as htpasswd files hold it. Errors: internal.
Result<Secret> bcrypt_hash(const Secret& password);

}  // namespace slipway
