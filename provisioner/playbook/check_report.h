#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "graph/diff.h"
#include "playbook/program.h"
#include "ports/hosts.h"

namespace slipway::playbook {

/// What a check said.
struct CheckReport {
  Value facts = Value::object();
  std::string busy{};                  ///< The id of an apply at work; nothing else was looked at then.
  std::optional<std::string> stamp{};  ///< The cluster that the host says it belongs to.
  std::string applied{};               ///< Digest of the playbook as it was last applied here, or empty.
  std::vector<FieldChange> drift{};    ///< Tasks' fields, then handlers that would run ("handler/NAME").
  std::string note{};                  ///< Where a text file differs, in a sentence.
};

/// Errors: unauthorised (not root), bad_input (no systemd), unavailable (the answer is cut off).
Result<CheckReport> read_check_report(const Program& program, const ScriptOutcome& outcome);

/// `bytes` as valid UTF-8, other bytes as "?": hosts may hold anything, JSON may not.
std::string clean_text(std::string_view bytes);

}  // namespace slipway::playbook
