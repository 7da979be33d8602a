#include "playbook/arguments.h"

#include <algorithm>

#include "base/text.h"
#include "playbook/module.h"

namespace slipway::playbook {
namespace {

std::string kind_of(const Value& value) {
  if (value.is_null()) return "nothing";
  if (value.is_object()) return "a map";
  if (value.is_array()) return "a list";
  return "'" + scalar_text(value) + "'";
}

std::string expected_of(const ArgumentRule& rule) {
  switch (rule.type) {
    case ArgumentType::text:
      return rule.choices.empty() ? "text" : join(rule.choices, " or ");
    case ArgumentType::number:
      return "a whole number";
    case ArgumentType::flag:
      return "true or false";
    case ArgumentType::mode:
      return "an octal file mode such as 0644";
    case ArgumentType::path:
      return "an absolute path such as /etc/motd";
    case ArgumentType::words:
      return "a list of texts, or one text";
    case ArgumentType::scalars:
      return "a map of names to values";
  }
  return "text";
}

bool is_scalar(const Value& value) { return value.is_string() || value.is_number() || value.is_boolean(); }

bool is_path(const std::string& text) {
  if (!text.starts_with('/') || text == "/" || text.ends_with('/')) return false;
  if (text.find("//") != std::string::npos || (text + "/").find("/../") != std::string::npos ||
      (text + "/").find("/./") != std::string::npos)
    return false;
  // These would need escapes in the answers of stat and sha256sum.
  return std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '|' || c == '\\' || c == 0x7f;
  });
}

bool is_mode(const std::string& text) {
  return text.size() >= 3 && text.size() <= 5 && text.find_first_not_of("01234567") == std::string::npos &&
         (text.size() < 5 || text[0] == '0');
}

bool fits(const ArgumentRule& rule, const Value& value) {
  switch (rule.type) {
    case ArgumentType::text:
      return is_scalar(value) && (rule.choices.empty() || std::find(rule.choices.begin(), rule.choices.end(),
                                                                    scalar_text(value)) != rule.choices.end());
    case ArgumentType::number:
      return value.is_number_integer() && value.get<int64_t>() >= 0;
    case ArgumentType::flag:
      return value.is_boolean();
    case ArgumentType::mode:
      return is_scalar(value) && is_mode(scalar_text(value));
    case ArgumentType::path:
      return value.is_string() && is_path(value.get<std::string>());
    case ArgumentType::words:
      return is_scalar(value) || (value.is_array() && std::all_of(value.begin(), value.end(), is_scalar));
    case ArgumentType::scalars:
      return value.is_object() && std::all_of(value.begin(), value.end(), is_scalar);
  }
  return false;
}

/// A value that placeholders will still change.
bool unknown_yet(const Value& value) {
  if (value.is_string()) return value.get<std::string>().find("${") != std::string::npos;
  if (value.is_object() && value.contains("$each")) return true;
  return value.is_structured() && std::any_of(value.begin(), value.end(), unknown_yet);
}

const ArgumentRule* find_rule(const Module& module, const std::string& name) {
  const auto found = std::find_if(module.arguments.begin(), module.arguments.end(),
                                  [&](const ArgumentRule& rule) { return rule.name == name; });
  return found == module.arguments.end() ? nullptr : &*found;
}

/// The arguments as a map, and the pointer at which a value of that map stands in the original.
struct Spelt {
  Value values = Value::object();
  bool short_form = false;
};

Spelt spell_out(const Module& module, const Value& arguments) {
  Spelt spelt;
  if (arguments.is_null()) return spelt;
  if (!arguments.is_object()) {
    spelt.short_form = true;
    if (!module.shorthand.empty()) spelt.values[module.shorthand] = arguments;
    return spelt;
  }
  for (const auto& [key, value] : arguments.items()) {
    if (!module.any_key.empty() && !find_rule(module, key))
      spelt.values[module.any_key][key] = value;
    else
      spelt.values[key] = value;
  }
  return spelt;
}

}  // namespace

std::string scalar_text(const Value& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

std::string Arguments::text(const std::string& name) const { return has(name) ? scalar_text(values_.at(name)) : ""; }

bool Arguments::flag(const std::string& name) const { return has(name) && values_.at(name).get<bool>(); }

std::vector<std::string> Arguments::words(const std::string& name) const {
  std::vector<std::string> words;
  if (!has(name)) return words;
  const Value& value = values_.at(name);
  if (!value.is_array()) return {scalar_text(value)};
  for (const Value& item : value) words.push_back(scalar_text(item));
  return words;
}

std::vector<std::pair<std::string, std::string>> Arguments::scalars(const std::string& name) const {
  std::vector<std::pair<std::string, std::string>> pairs;
  if (!has(name)) return pairs;
  for (const auto& [key, value] : values_.at(name).items()) pairs.emplace_back(key, scalar_text(value));
  return pairs;
}

std::vector<ArgumentFault> check_arguments(const Module& module, const Value& arguments, bool placeholders) {
  std::vector<ArgumentFault> faults;
  if (placeholders && arguments.is_string() && unknown_yet(arguments)) return faults;
  const Spelt spelt = spell_out(module, arguments);
  if (spelt.short_form && module.shorthand.empty())
    return {{.message = "module '" + module.name + "' takes a map of arguments", .found = kind_of(arguments)}};
  std::vector<std::string> known;
  for (const ArgumentRule& rule : module.arguments) known.push_back(rule.name);
  for (const auto& [key, value] : spelt.values.items()) {
    const std::string pointer = spelt.short_form || key == module.any_key ? "" : "/" + key;
    const ArgumentRule* rule = find_rule(module, key);
    if (!rule) {
      const std::optional<std::string> close = nearest(key, known);
      faults.push_back({.pointer = pointer,
                        .at_key = true,
                        .message = "unknown argument '" + key + "' of module '" + module.name + "'",
                        .expected = join(known, ", "),
                        .advice = close ? "did you mean '" + *close + "'?" : ""});
      continue;
    }
    if (placeholders && unknown_yet(value)) continue;
    if (value.is_null() && !rule->required) continue;
    if (!fits(*rule, value)) {
      std::optional<std::string> close;
      if (value.is_string() && !rule->choices.empty()) close = nearest(value.get<std::string>(), rule->choices);
      faults.push_back({.pointer = pointer,
                        .message = "'" + key + "' of module '" + module.name + "' does not fit",
                        .found = kind_of(value),
                        .expected = expected_of(*rule),
                        .advice = close ? "did you mean '" + *close + "'?" : ""});
    }
  }
  for (const ArgumentRule& rule : module.arguments)
    if (rule.required && !spelt.values.contains(rule.name))
      faults.push_back(
          {.message = "module '" + module.name + "' needs '" + rule.name + "'", .expected = expected_of(rule)});
  return faults;
}

Arguments complete_arguments(const Module& module, const Value& arguments) {
  Value values = spell_out(module, arguments).values;
  for (const ArgumentRule& rule : module.arguments) {
    if ((!values.contains(rule.name) || values.at(rule.name).is_null()) && !rule.fallback.is_null())
      values[rule.name] = rule.fallback;
    if (rule.type == ArgumentType::mode && values.contains(rule.name) && !values.at(rule.name).is_null()) {
      // As stat prints it.
      std::string mode = scalar_text(values.at(rule.name));
      while (mode.size() > 1 && mode[0] == '0') mode.erase(0, 1);
      values[rule.name] = mode;
    }
  }
  return Arguments(std::move(values));
}

}  // namespace slipway::playbook
