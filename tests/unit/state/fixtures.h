#pragma once
#include <filesystem>
#include <string>

#include "base/ids.h"
#include "state/snapshot.h"
#include "state/store.h"

namespace slipway::testing {

struct TemporaryFolder {
  std::string path = (std::filesystem::temp_directory_path() / ("slipway-state-" + random_hex(6))).string();
  TemporaryFolder() { std::filesystem::create_directories(path); }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
};

inline StepRecord step(const std::string& id, const std::string& output = "") {
  StepRecord record;
  record.id = StepId(id);
  record.machine = "workers-1";
  record.layer = "cloud";
  if (!output.empty()) record.outputs = {{"id", output}};
  record.removal_kind = "simulated/machine";
  record.removal_data = {{"name", "workers-1"}};
  record.needs = {StepId("network/main"), StepId("keys/ssh")};
  record.updated = "2026-11-21T09:30:00Z";
  record.milliseconds = 1200;
  return record;
}

/// Everything a state says except its serial, as text that can be compared and printed.
inline std::string content_of(State state) {
  state.serial = 0;
  return snapshot_text(state);
}

}  // namespace slipway::testing
