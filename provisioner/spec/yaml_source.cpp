#include "spec/yaml_source.h"

#include <algorithm>
#include <array>

namespace slipway {
namespace {

constexpr std::string_view blanks = " \t";

bool continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// The length of the UTF-8 character at `at`, or 0 where there is none.
size_t character_length(std::string_view text, size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i)
    if (!continuation(text[at + i])) return 0;
  const auto second = static_cast<unsigned char>(text[at + 1]);
  // Overlong forms, surrogates, and what lies above U+10FFFF.
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) || (lead == 0xF0 && second < 0x90) ||
      (lead == 0xF4 && second > 0x8F))
    return 0;
  return length;
}

struct Wording {
  std::string_view parser;
  const char* message;
  const char* expected;
  const char* advice;
};

constexpr std::array<Wording, 15> wordings{{
    {"end of map flow not found", "a map that begins with '{' does not end here", "',' or '}'",
     "close the braces; put text that holds { } [ ] or , in quotes"},
    {"end of sequence flow not found", "a list that begins with '[' does not end here", "',' or ']'",
     "close the brackets; put text that holds { } [ ] or , in quotes"},
    {"end of map not found", "the indentation fits none of the keys above", "a key in line with one above",
     "indent with the same number of spaces as the key's neighbours"},
    {"end of sequence not found", "the indentation fits none of the list items above", "'- ' in line with one above",
     "indent with the same number of spaces as the item's neighbours"},
    {"illegal map value", "a ':' where no key can end", "one 'key: value' a line, in line with its neighbours",
     "put the value in quotes if ': ' belongs to it; check the indentation"},
    {"illegal map key", "a key where none can begin", "", "check the indentation"},
    {"illegal block entry", "a list item where none can begin", "'- ' on a line of its own", ""},
    {"illegal flow end", "a closing bracket that nothing opened", "", "remove it, or put the text in quotes"},
    {"illegal tab when looking for indentation", "a tab in the indentation", "spaces", ""},
    {"unknown token", "a character that cannot begin a value", "", "put the value in quotes"},
    {"the referenced anchor is not defined", "the alias names no anchor above it", "an anchor '&name' above",
     "text that begins with '*' needs quotes"},
    {"illegal document indicator", "a document marker inside a quoted text", "", "close the quotes before it"},
    {"illegal EOF in scalar", "the quotes are never closed", "the same quote at the end of the text", ""},
    {"cannot assign multiple anchors to the same node", "two anchors on one value", "one anchor", ""},
    {"cannot assign multiple tags to the same node", "two tags on one value", "no tag", ""},
}};

}  // namespace

YamlSource::YamlSource(const std::string& text) : text_(text) {
  if (text.starts_with("\xEF\xBB\xBF")) mark_bytes_ = 3;
  line_starts_.push_back(mark_bytes_);
  for (size_t i = mark_bytes_; i < text.size(); ++i)
    if (text[i] == '\n') line_starts_.push_back(i + 1);
}

std::optional<SpecFault> YamlSource::unreadable_byte() {
  for (size_t i = mark_bytes_; i < text_.size();) {
    const size_t length = character_length(text_, i);
    const auto byte = static_cast<unsigned char>(text_[i]);
    const bool control = (byte < 0x20 && byte != '\n' && byte != '\t' && byte != '\r') || byte == 0x7F;
    if (length == 0 || control) {
      const auto line = std::upper_bound(line_starts_.begin(), line_starts_.end(), i) - line_starts_.begin() - 1;
      const Mark mark = place(static_cast<int>(line), static_cast<int>(i - line_starts_[static_cast<size_t>(line)]));
      constexpr const char* hex = "0123456789abcdef";
      return SpecFault{mark.line,
                       mark.column,
                       length == 0 ? "the file is not UTF-8" : "a control character in the file",
                       std::string("byte 0x") + hex[byte >> 4] + hex[byte & 15],
                       "UTF-8 text",
                       ""};
    }
    i += length;
  }
  return std::nullopt;
}

std::string_view YamlSource::line_text(int line) const {
  if (line < 0 || static_cast<size_t>(line) >= line_starts_.size()) return {};
  const size_t start = line_starts_[static_cast<size_t>(line)];
  std::string_view rest = std::string_view(text_).substr(start);
  return rest.substr(0, rest.find('\n'));
}

Mark YamlSource::place(int line, int byte_column) {
  if (line != last_line_ || byte_column < last_byte_) {
    last_line_ = line;
    last_byte_ = last_character_ = 0;
  }
  if (line < 0 || static_cast<size_t>(line) >= line_starts_.size()) return {std::max(line, 0) + 1, byte_column + 1};
  const size_t start = line_starts_[static_cast<size_t>(line)];
  for (; last_byte_ < byte_column; ++last_byte_) {
    const size_t at = start + static_cast<size_t>(last_byte_);
    if (at >= text_.size() || !continuation(text_[at])) ++last_character_;
  }
  return {line + 1, last_character_ + 1};
}

size_t YamlSource::offset(int position) const { return mark_bytes_ + static_cast<size_t>(std::max(position, 0)); }

bool YamlSource::quotes_closed(int position) const {
  size_t at = offset(position);
  const auto skip_blanks = [&] {
    while (at < text_.size() &&
           (blanks.find(text_[at]) != std::string_view::npos || text_[at] == '\n' || text_[at] == '\r'))
      ++at;
  };
  while (at < text_.size() && (text_[at] == '&' || text_[at] == '!')) {
    at = std::min(text_.find_first_of(" \t\r\n", at), text_.size());
    skip_blanks();
  }
  if (at >= text_.size() || (text_[at] != '"' && text_[at] != '\'')) return true;
  const char quote = text_[at];
  for (size_t i = at + 1; i < text_.size(); ++i) {
    if (quote == '"' && text_[i] == '\\')
      ++i;
    else if (text_[i] == quote && quote == '\'' && i + 1 < text_.size() && text_[i + 1] == quote)
      ++i;
    else if (text_[i] == quote)
      return true;
  }
  return false;
}

SpecFault YamlSource::syntax_fault(int line, int byte_column, const std::string& complaint) {
  const std::string_view whole = line_text(line);
  const std::string_view indentation = whole.substr(0, whole.find_first_not_of(blanks));
  if (const size_t tab = indentation.find('\t'); tab != std::string_view::npos)
    return {line + 1, static_cast<int>(tab) + 1, "a tab in the indentation", "a tab", "spaces", ""};
  const Mark mark = place(std::max(line, 0), std::max(byte_column, 0));
  SpecFault fault{mark.line, mark.column, "YAML syntax: " + complaint, "", "", ""};
  for (const Wording& wording : wordings) {
    if (!complaint.starts_with(wording.parser)) continue;
    fault.message = wording.message;
    fault.expected = wording.expected;
    fault.advice = wording.advice;
  }
  const size_t placeholder = whole.find("${");
  if (complaint.starts_with("end of ") && placeholder != std::string_view::npos)
    fault.advice = "inside { } and [ ] put a placeholder in quotes: \"" +
                   std::string(whole.substr(placeholder, whole.find('}', placeholder) - placeholder)) + "}\"";
  return fault;
}

}  // namespace slipway
