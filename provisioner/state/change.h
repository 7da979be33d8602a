#pragma once
// One change of the state, as a journal record holds it. A change sets a value as a whole, so that applying it twice is
// the same as once.

#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "state/json_reader.h"
#include "state/state.h"

namespace slipway {

struct IntentRecorded {
  StepRecord step;
};
struct ResultRecorded {
  StepRecord step;
};
struct StepRemoved {
  StepId id;
};
struct PoolSet {
  std::string name;
  PoolMembers members;
};
struct PoolRemoved {
  std::string name;
};
struct AddressSet {
  std::string name, address;  ///< Empty address: freed.
};
struct FactSet {
  std::string name;
  Value value;  ///< Null: forgotten.
};
struct SecretSet {
  std::string name, sealed;  ///< Empty sealed text: forgotten.
};
using Change =
    std::variant<IntentRecorded, ResultRecorded, StepRemoved, PoolSet, PoolRemoved, AddressSet, FactSet, SecretSet>;

/// One line of JSON: `{"result": {"id": "machine/workers-1", …}}`.
std::string change_text(const Change& change);
/// What is wrong with `text` goes to `fault`; the answer then has no meaning.
Change read_change(std::string_view text, std::optional<JsonReader::Fault>& fault);
/// Does not touch the serial.
void apply(Change change, State& state);

}  // namespace slipway
