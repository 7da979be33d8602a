#pragma once
// One encrypted file that holds all that a second machine needs: the state with its journal, the key of its secrets
// (and with it CAs and SSH keys, which are sealed in the state), the spec, and key files that the spec names.
//
//   slipway-export 1\n
//   {"cluster", "lineage", "serial", "created", "operations", "memory", "salt"}\n     readable, and authenticated
//   24 bytes                                                                          header of the stream
//   chunks of up to 65,536 bytes, each sealed; the last one carries the final tag     libsodium secretstream
//
// The key of the stream comes from a passphrase by argon2id. A changed, missing, swapped or added byte is refused.

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"
#include "state/passphrase.h"
#include "state/sealing.h"
#include "state/state.h"

namespace slipway {

struct ExportContent {
  State state;
  std::string key;                           ///< The key file's text as it stands, protected or not.
  std::string spec_name, spec;               ///< File name and text of the spec.
  std::map<std::string, std::string> files;  ///< Path -> content of the key files that the spec names.
  std::string created;                       ///< "2026-11-21T09:30:00Z"
};

/// What can be read without the passphrase.
struct ExportLabel {
  std::string cluster, lineage, created;
  uint64_t serial = 0;
};

/// Errors: quota (no memory for the passphrase's key).
Result<std::string> seal_export(const ExportContent& content, const Secret& passphrase,
                                const PassphraseCost& cost = {});
/// Errors: corrupt (no export, or damaged), bad_input (of a newer Slipway). `path` is for messages.
Result<ExportLabel> read_export_label(std::string_view bytes, const std::string& path);
/// Errors also: unauthorised (wrong passphrase).
Result<ExportContent> open_export(std::string_view bytes, const Secret& passphrase, const std::string& path);

/// What import did.
enum class Imported {
  state_and_key,  ///< There was no state, or an older one of the same lineage.
  key_only,       ///< The state here is as new or newer: only its key was put back.
};

struct ImportOptions {
  std::string directory{};  ///< The state folder.
  std::string key_file{};   ///< Empty: the usual place.
  Milliseconds wait{0};
};
/// Puts state and key in their places, under the lock. Another key file of that name is kept as KEY.before-import.
/// Errors: bad_input (a state of another lineage lies there; a newer state that has a key file), locked, unauthorised,
/// unavailable, quota.
Result<Imported> import_state(const ExportContent& content, const ImportOptions& options);

}  // namespace slipway
