#pragma once
// Named places between two effects, where a test ends the process to see that the next run goes on. Without the
// environment variables below nothing happens there.
//
//   SLIPWAY_END_AT=KILL:journal/synced#3     raises SIGKILL (or INT, TERM) at the third pass of that place
//   SLIPWAY_BOUNDARY_LOG=FILE                appends each place's name, a line each

#include <memory>
#include <string_view>

#include "ports/cloud.h"
#include "state/file_layer.h"

namespace slipway {

/// The process passes the place `name`. Threads: any.
void pass_boundary(std::string_view name);
/// Whether any of the variables is set.
bool boundaries_watched();

/// The state's files with a boundary around each of their calls: "journal/torn" with half of a record written,
/// "journal/written", "journal/synced", "state/renamed", …
std::shared_ptr<FileLayer> watched_files(std::shared_ptr<FileLayer> files);

/// A provider's writes with a boundary before and after each.
class WatchedCloud final : public CloudWriter {
 public:
  explicit WatchedCloud(CloudWriter& writer) : writer_(writer) {}
  Result<CloudObject> create(const CloudRequest& request, const CloudProgress& progress, Deadline deadline) override;
  Result<CloudObject> update(const CloudObject& object, const Value& fields, const CloudProgress& progress,
                             Deadline deadline) override;
  Result<void> remove(std::string_view kind, const std::string& id, Deadline deadline) override;

 private:
  CloudWriter& writer_;
};

}  // namespace slipway
