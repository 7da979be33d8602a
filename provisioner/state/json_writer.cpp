#include "state/json_writer.h"

namespace slipway {
namespace {

bool continues(std::string_view text, size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\r':
      out += "\\r";
      return;
    default:
      out += "\\u00";
      out += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[static_cast<unsigned char>(c) & 15];
  }
}

}  // namespace

size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const auto first = static_cast<unsigned char>(text[0]);
  const auto second = text.size() > 1 ? static_cast<unsigned char>(text[1]) : 0u;
  if (first < 0x80) return 1;
  // 0xc0, 0xc1 and some second bytes would encode a shorter character, a surrogate, or nothing in Unicode.
  if (first >= 0xc2 && first < 0xe0) return continues(text, 1) ? 2 : 0;
  if (first >= 0xe0 && first < 0xf0) {
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second >= 0xa0)) return 0;
    return continues(text, 1) && continues(text, 2) ? 3 : 0;
  }
  if (first >= 0xf0 && first < 0xf5) {
    if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second >= 0x90)) return 0;
    return continues(text, 1) && continues(text, 2) && continues(text, 3) ? 4 : 0;
  }
  return 0;
}

void append_json(std::string& out, std::string_view text) {
  out += '"';
  size_t plain = 0;
  const auto flush = [&](size_t upto) { out.append(text.substr(plain, upto - plain)); };
  for (size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte >= 0x80) {
      if (const size_t length = utf8_length(text.substr(at)); length > 0) {
        at += length;
        continue;
      }
      flush(at);
      out += "\xef\xbf\xbd";
      plain = ++at;
    } else if (byte < 0x20 || byte == '"' || byte == '\\') {
      flush(at);
      append_escaped(out, text[at]);
      plain = ++at;
    } else {
      ++at;
    }
  }
  flush(text.size());
  out += '"';
}

void append_json(std::string& out, const Value& value) {
  if (value.is_string()) {
    append_json(out, std::string_view(value.get_ref<const std::string&>()));
  } else if (value.is_object()) {
    ObjectWriter object(out);
    for (const auto& [key, member] : value.items()) object.value(key, member);
  } else if (value.is_array()) {
    out += '[';
    bool first = true;
    for (const Value& element : value) {
      if (!first) out += ", ";
      first = false;
      append_json(out, element);
    }
    out += ']';
  } else {
    out += value.dump();
  }
}

std::string& ObjectWriter::key(std::string_view name) {
  if (!first_) out_ += ", ";
  first_ = false;
  append_json(out_, name);
  out_ += ": ";
  return out_;
}

}  // namespace slipway
