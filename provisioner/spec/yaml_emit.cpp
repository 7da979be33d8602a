#include <algorithm>
#include <array>

#include "base/text.h"
#include "spec/yaml.h"
#include "spec/yaml_scalar.h"

namespace slipway {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return text;
}

/// True if every YAML reader, also of version 1.1, takes the bare text for the same text.
bool plain_is_safe(const std::string& text) {
  const auto word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.' || c == '/' || c == '+' || c == '=' || c == '@' || c == '$' || c == ' ' || c == ':';
  };
  if (text.empty() || !std::all_of(text.begin(), text.end(), word)) return false;
  // What begins with a letter or a slash is no number, date, sexagesimal, anchor or list item in any version.
  const char first = text.front();
  if (!((first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z') || first == '/')) return false;
  if (text.back() == ' ' || text.back() == ':' || text.find(": ") != std::string::npos) return false;
  constexpr std::array<std::string_view, 9> other_types{"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
  return std::find(other_types.begin(), other_types.end(), lower(text)) == other_types.end();
}

std::string quoted(const std::string& text) {
  // JSON's escapes are YAML's; only DEL, which JSON leaves as it is, may not stand in a YAML file.
  return replace_all(Value(text).dump(-1, ' ', false, Value::error_handler_t::replace), "\x7F", "\\u007f");
}

std::string scalar(const Value& value) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    return plain_is_safe(text) ? text : quoted(text);
  }
  std::string text = value.dump(-1, ' ', false, Value::error_handler_t::replace);
  if (value.is_number_float()) {
    // A float without a dot would be read back as text.
    const size_t exponent = text.find('e');
    if (exponent != std::string::npos && text.find('.') == std::string::npos) text.insert(exponent, ".0");
  }
  return text;
}

/// True if the text can stand as a literal block ("|") and come back byte for byte.
bool literal_is_safe(const std::string& text) {
  if (text.find('\n') == std::string::npos || text.front() == '\n' || text.front() == ' ' || text.front() == '\t')
    return false;
  if (std::any_of(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || static_cast<unsigned char>(c) >= 0x7F;
      }))
    return false;
  // A first line of blanks or blanks at a line's end read differently from parser to parser.
  return text.find(" \n") == std::string::npos && !text.ends_with("\n\n") && text.back() != ' ';
}

void emit(std::string& out, const Value& value, size_t indent, bool in_list);

void emit_literal(std::string& out, const std::string& text, size_t indent) {
  out += text.back() == '\n' ? " |\n" : " |-\n";
  size_t start = 0;
  while (start < text.size()) {
    const size_t end = std::min(text.find('\n', start), text.size());
    if (end > start) out.append(indent, ' ').append(text, start, end - start);
    out += '\n';
    start = end + 1;
  }
}

/// What follows "key:" or "-": a scalar on the same line, or a block below.
void emit_after_marker(std::string& out, const Value& value, size_t indent, bool list_item) {
  if (value.is_structured() && !value.empty()) {
    // A list item's first entry stands beside its dash.
    out += list_item ? " " : "\n";
    emit(out, value, indent, list_item);
  } else if (value.is_string() && literal_is_safe(value.get_ref<const std::string&>())) {
    emit_literal(out, value.get_ref<const std::string&>(), indent);
  } else {
    out += ' ';
    out += value.is_structured() ? (value.is_array() ? "[]" : "{}") : scalar(value);
    out += '\n';
  }
}

void emit(std::string& out, const Value& value, size_t indent, bool in_list) {
  bool first = in_list;
  const auto begin_line = [&] {
    if (!first) out.append(indent, ' ');
    first = false;
  };
  if (value.is_array()) {
    for (const Value& item : value) {
      begin_line();
      out += '-';
      emit_after_marker(out, item, indent + 2, true);
    }
    return;
  }
  for (const auto& [key, item] : value.items()) {
    begin_line();
    out += (plain_is_safe(key) ? key : quoted(key)) + ":";
    emit_after_marker(out, item, indent + 2, false);
  }
}

}  // namespace

std::string emit_yaml(const Value& value) {
  std::string out;
  if (value.is_structured() && !value.empty())
    emit(out, value, 0, false);
  else
    out = (value.is_structured() ? (value.is_array() ? "[]" : "{}") : scalar(value)) + "\n";
  return out;
}

}  // namespace slipway
