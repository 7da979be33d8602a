#include "spec/yaml_scalar.h"

#include <charconv>

namespace slipway {
namespace {

bool digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool whole_number(std::string_view text) { return digits(text) && (text.size() == 1 || text[0] != '0'); }

std::optional<Value> integer(std::string_view text) {
  if (!whole_number(text.starts_with('-') ? text.substr(1) : text)) return std::nullopt;
  const char* end = text.data() + text.size();
  int64_t value = 0;
  if (const auto read = std::from_chars(text.data(), end, value); read.ec == std::errc() && read.ptr == end)
    return Value(value);
  uint64_t large = 0;
  if (const auto read = std::from_chars(text.data(), end, large); read.ec == std::errc() && read.ptr == end)
    return Value(large);
  return std::nullopt;
}

std::optional<Value> real(std::string_view text) {
  std::string_view rest = text.starts_with('-') ? text.substr(1) : text;
  const size_t dot = rest.find('.');
  if (dot == std::string_view::npos || !whole_number(rest.substr(0, dot))) return std::nullopt;
  rest.remove_prefix(dot + 1);
  const size_t exponent = rest.find_first_of("eE");
  if (!digits(rest.substr(0, exponent))) return std::nullopt;
  if (exponent != std::string_view::npos) {
    std::string_view power = rest.substr(exponent + 1);
    if (power.starts_with('-') || power.starts_with('+')) power.remove_prefix(1);
    if (!digits(power)) return std::nullopt;
  }
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc()) return std::nullopt;
  return Value(value);
}

std::optional<Value> boolean(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return Value(true);
  if (text == "false" || text == "False" || text == "FALSE") return Value(false);
  return std::nullopt;
}

bool null(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

}  // namespace

Value typed_scalar(std::string_view text) {
  if (null(text)) return nullptr;
  if (std::optional<Value> value = boolean(text)) return *value;
  if (std::optional<Value> value = integer(text)) return *value;
  if (std::optional<Value> value = real(text)) return *value;
  return std::string(text);
}

std::optional<Value> tagged_scalar(std::string_view tag, const std::string& text) {
  constexpr std::string_view core = "tag:yaml.org,2002:";
  if (tag == "!") return Value(text);
  if (!tag.starts_with(core)) return std::nullopt;
  tag.remove_prefix(core.size());
  if (tag == "str") return Value(text);
  if (tag == "int") return integer(text);
  if (tag == "bool") return boolean(text);
  if (tag == "null" && null(text)) return Value();
  if (tag == "float") {
    if (std::optional<Value> whole = integer(text)) return Value(whole->get<double>());
    return real(text);
  }
  return std::nullopt;
}

}  // namespace slipway
