#pragma once
// The first spec of somebody who has none: a few questions for the chosen provider, and a commented file out of the
// answers.

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace slipway {

struct StarterQuestion {
  std::string name;      ///< "image"; the same in `init --answer image=debian-12`.
  std::string about;     ///< The question, for people.
  std::string fallback;  ///< The answer where none is given; empty: it must be given.
};

/// Where the starter says that its JSON Schema is, seen from the spec's folder; `init` writes it there.
inline constexpr const char* starter_schema_path = ".slipway/spec.schema.json";

/// The providers that people may choose.
const std::vector<std::string>& starter_providers();

/// In the order in which they are asked. REQUIRES: `provider` is one of starter_providers().
std::vector<StarterQuestion> starter_questions(const std::string& provider);

/// The file's text, valid by parse_spec. Errors: bad_input (an unknown provider or answer with the nearest known name, a
/// missing answer; the faults of the spec that the answers would make). Pure.
Result<std::string> starter_spec(const std::string& provider, const std::map<std::string, std::string>& answers);

}  // namespace slipway
