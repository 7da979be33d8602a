#pragma once
// The parts that STATE.json and the journal write alike: one step, one pool, and how a fault in them is told.

#include <array>
#include <string>

#include "base/result.h"
#include "state/json_reader.h"
#include "state/json_writer.h"
#include "state/state.h"

namespace slipway {

/// Fields with their usual value (empty, false, 0) are left out. The id is written by the journal only: in STATE.json
/// it is the key.
enum class StepIdField { written, left_out };
void append_step(std::string& out, const StepRecord& step, StepIdField id);
void append_pool(std::string& out, const PoolMembers& pool);

/// Gives the same id again for a text read not long ago: a machine's steps name each other, and many name the same
/// artifacts. Small on purpose: to keep all ids of a large state costs more in cache misses than it saves in memory.
class StepIds {
 public:
  StepId of(std::string_view text);

 private:
  std::array<StepId, 256> recent_;  ///< By the text's hash.
};

/// Fills `step`, which is fresh. `known`: for who reads many; null: every id has a text of its own.
void read_step(JsonReader& reader, StepRecord& step, StepIds* known = nullptr);
PoolMembers read_pool(JsonReader& reader);
std::vector<std::string> read_names(JsonReader& reader);

/// `fault` of `path`, whose JSON began at byte `offset` of the file. Kind corrupt; the place as "path:byte N".
Error unreadable(const std::string& path, size_t offset, const JsonReader::Fault& fault, std::string advice);

}  // namespace slipway
