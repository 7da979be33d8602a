#pragma once
#include "base/result.h"
#include "base/secret.h"
#include "cli/options.h"
#include "state/sealing.h"

namespace slipway {

/// Where a passphrase may come from, in this order: a file, an environment variable, the terminal.
struct PassphraseSource {
  std::string what;      ///< "the export demo.slipway-export", for the question.
  std::string file{};    ///< A file whose first line it is; empty: none was named.
  std::string variable;  ///< Taken out of the environment once read, so that no program we start inherits it.
  bool chosen = false;   ///< A new one: long enough, and typed twice on a terminal.
};

/// Errors: unauthorised (none given and no terminal to ask at), bad_input (too short; typed differently), not_found.
Result<Secret> read_passphrase(const PassphraseSource& source);
/// For StoreOptions: SLIPWAY_PASSPHRASE or the terminal, asked once.
AskPassphrase key_passphrase();

}  // namespace slipway
