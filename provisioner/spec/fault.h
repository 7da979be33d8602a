#pragma once
// Faults of a text file that a person wrote, each at its place. Whoever checks a file gathers them all and turns them
// into one error at the end.

#include <string>
#include <vector>

#include "base/error.h"

namespace slipway {

/// One fault of a spec file, at its place. Line and column count from 1; columns count characters, not bytes.
struct SpecFault {
  int line = 0, column = 0;
  std::string message;  ///< "unknown key 'versoin'"
  std::string found, expected, advice;
  std::string path{};  ///< Where it lies in another file than the one that is being checked (its base).
};

/// In file order, those of the base last; faults at one place keep their order.
void sort_faults(std::vector<SpecFault>& faults);

/// All of them as one bad_input error. A single fault fills the error's own fields; of several the summary lists each
/// as file:line:column with its details (the first 40). REQUIRES: not empty.
Error to_error(const std::string& path, std::vector<SpecFault> faults);

}  // namespace slipway
