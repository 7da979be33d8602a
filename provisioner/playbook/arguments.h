#pragma once
// What a module may be told: its arguments' names, types and defaults, in one table that the checks, the error texts
// and the guide are made from.

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace slipway::playbook {

enum class ArgumentType {
  text,
  number,
  flag,    ///< true or false
  mode,    ///< Octal: 0644, "1777"
  path,    ///< Absolute, in plain form.
  words,   ///< A list of texts, or one text.
  scalars  ///< A map of names to texts or numbers.
};

struct ArgumentRule {
  std::string name;
  ArgumentType type = ArgumentType::text;
  bool required = false;
  Value fallback{};                    ///< Null: absent unless given.
  std::vector<std::string> choices{};  ///< Of a text; empty: any.
};

/// The checked arguments of one task, with defaults in place.
class Arguments {
 public:
  explicit Arguments(Value values) : values_(std::move(values)) {}
  bool has(const std::string& name) const { return values_.contains(name) && !values_.at(name).is_null(); }
  /// Text, mode (without leading zeros, as stat prints it), path; empty where absent. Numbers as text.
  std::string text(const std::string& name) const;
  bool flag(const std::string& name) const;
  std::vector<std::string> words(const std::string& name) const;
  /// Name -> text.
  std::vector<std::pair<std::string, std::string>> scalars(const std::string& name) const;

 private:
  Value values_;
};

/// A fault within a task's arguments; `pointer` leads to it from the arguments ("/mode", or "" for all of them).
struct ArgumentFault {
  std::string pointer{};
  bool at_key = false;  ///< The key is wrong, not its value.
  std::string message{};
  std::string found{}, expected{}, advice{};
};

struct Module;
/// Everything wrong with `arguments`. With `placeholders` a text that holds "${" passes for any type: its value is not
/// known yet.
std::vector<ArgumentFault> check_arguments(const Module& module, const Value& arguments, bool placeholders);
/// The arguments with shorthand spelt out and defaults in place. REQUIRES: check_arguments found nothing.
Arguments complete_arguments(const Module& module, const Value& arguments);

/// A scalar as text: numbers as written, booleans as true and false.
std::string scalar_text(const Value& value);

}  // namespace slipway::playbook
