#pragma once
// For verbs that need the state and nothing else: no provider, no host, no cluster is looked at.

#include <memory>

#include "cli/session.h"
#include "spec/spec.h"
#include "state/store.h"

namespace slipway {

struct StateAccess {
  Spec spec;
  std::string directory;
  std::unique_ptr<StateStore> store;
};

/// Errors: bad_input (the spec), not_found (no state yet), and those of StateStore::open.
Result<StateAccess> open_state(const Options& options, const std::string& verb, Access access);

/// Whether the folder holds a state.
bool has_state(const std::string& directory);

/// When and where the last export was written. The note lies beside the state and tells of this machine only.
struct ExportNote {
  std::string file, created;
  uint64_t serial = 0;
};
Result<void> write_export_note(const std::string& directory, const ExportNote& note);
/// "Export    /home/u/demo.slipway-export, 3 days old, 12 changes since"; or how to make the first one.
std::string export_line(const std::string& directory, const std::string& spec_path, uint64_t serial);
/// With the state, when the cluster is destroyed.
void remove_export_note(const std::string& directory);

}  // namespace slipway
