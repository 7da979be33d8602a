#include "state/json_reader.h"

#include <charconv>
#include <limits>

#include "state/json_writer.h"

namespace slipway {
namespace {

constexpr int deepest = 64;

/// Within a string: stands for itself and needs no closer look.
constexpr bool is_plain(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

/// What stands at `at`, short enough for an error's line.
std::string shown(std::string_view text, size_t at) {
  if (at >= text.size()) return "the end of the text";
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x20 || byte >= 0x7f) return "byte " + std::to_string(byte);
  size_t end = at;
  while (end < text.size() && end < at + 20 && text[end] >= 0x20 && text[end] < 0x7f) ++end;
  std::string quoted(1, '\'');
  quoted.append(text.substr(at, end - at));
  return quoted += '\'';
}

void append_utf8(std::string& out, unsigned code) {
  const auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

}  // namespace

void JsonReader::skip_blanks() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
    ++at_;
}

char JsonReader::peek() {
  skip_blanks();
  return at_ < text_.size() ? text_[at_] : '\0';
}

void JsonReader::fail_here(std::string_view expected) {
  if (!fault_) fault_ = Fault{at_, shown(text_, at_), std::string(expected)};
}

void JsonReader::refuse(std::string found, std::string expected) {
  if (!fault_) fault_ = Fault{token_, std::move(found), std::move(expected)};
}

void JsonReader::refuse_key(std::string_view key, std::string_view expected) {
  refuse("the key '" + std::string(key) + "'", std::string(expected));
}

bool JsonReader::begin(char bracket, std::string_view expected) {
  if (fault_) return false;
  if (peek() != bracket) {
    fail_here(expected);
    return false;
  }
  token_ = at_++;
  return true;
}

bool JsonReader::close(char bracket) {
  if (peek() != bracket) return false;
  ++at_;
  return true;
}

bool JsonReader::more(char bracket) {
  if (fault_) return false;
  const char next = peek();
  if (next == ',') {
    ++at_;
    return true;
  }
  if (next == bracket)
    ++at_;
  else
    fail_here(bracket == '}' ? "',' or '}'" : "',' or ']'");
  return false;
}

std::string_view JsonReader::key() {
  if (fault_) return {};
  if (peek() != '"') {
    fail_here("a key in quotes");
    return {};
  }
  const std::string_view name = quoted();
  const size_t began = token_;
  if (fault_) return {};
  if (peek() != ':') {
    fail_here("':'");
    return {};
  }
  ++at_;
  token_ = began;
  return name;
}

std::string_view JsonReader::quoted() {
  token_ = at_++;
  const size_t start = at_;
  const auto skip_plain = [&] {
    size_t at = at_;
    while (at < text_.size() && is_plain(text_[at])) ++at;
    at_ = at;
  };
  bool escaped = false;
  const auto copy_upto = [&](size_t from) { scratch_.append(text_.substr(from, at_ - from)); };
  size_t copied = start;
  for (skip_plain(); at_ < text_.size(); skip_plain()) {
    const auto byte = static_cast<unsigned char>(text_[at_]);
    if (byte == '"') {
      ++at_;
      if (!escaped) return text_.substr(start, at_ - 1 - start);
      scratch_.append(text_.substr(copied, at_ - 1 - copied));
      return scratch_;
    }
    if (byte == '\\') {
      if (!escaped) scratch_.clear();
      escaped = true;
      copy_upto(copied);
      if (!escape()) return {};
      copied = at_;
    } else if (byte < 0x20) {
      fail_here("a character of a string; control characters are written as \\u00xx");
      return {};
    } else if (!utf8()) {
      return {};
    }
  }
  fail_here("the closing '\"' of the string");
  return {};
}

bool JsonReader::utf8() {
  const size_t length = utf8_length(text_.substr(at_));
  if (length == 0) fail_here("UTF-8");
  at_ += length;
  return length > 0;
}

bool JsonReader::hex4(unsigned& code) {
  if (at_ + 4 > text_.size()) return false;
  const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + at_ + 4, code, 16);
  if (error != std::errc() || end != text_.data() + at_ + 4) return false;
  at_ += 4;
  return true;
}

bool JsonReader::escape() {
  const size_t began = at_++;
  const char letter = at_ < text_.size() ? text_[at_++] : '\0';
  constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
  if (const size_t which = letters.find(letter); which != std::string_view::npos && letter != '\0') {
    scratch_ += meanings[which];
    return true;
  }
  unsigned code = 0;
  bool good = letter == 'u' && hex4(code) && !(code >= 0xdc00 && code < 0xe000);
  if (good && code >= 0xd800 && code < 0xdc00) {
    unsigned low = 0;
    good = text_.substr(at_, 2) == "\\u";
    at_ += good ? 2 : 0;
    good = good && hex4(low) && low >= 0xdc00 && low < 0xe000;
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }
  if (!good) {
    at_ = began;
    fail_here("an escape such as \\n or \\u00e9");
    return false;
  }
  append_utf8(scratch_, code);
  return true;
}

std::string JsonReader::text() { return std::string(text_in_place()); }

std::string_view JsonReader::text_in_place() {
  if (fault_) return {};
  if (peek() != '"') {
    fail_here("a string");
    return {};
  }
  return quoted();
}

bool JsonReader::word(std::string_view expected) {
  if (text_.substr(at_, expected.size()) != expected) return false;
  token_ = at_;
  at_ += expected.size();
  return true;
}

bool JsonReader::boolean() {
  if (fault_) return false;
  skip_blanks();
  if (word("true")) return true;
  if (!word("false")) fail_here("true or false");
  return false;
}

uint64_t JsonReader::natural() {
  if (fault_) return 0;
  const char next = peek();
  if (next < '0' || next > '9') {
    fail_here("a whole number, 0 or more");
    return 0;
  }
  const Value found = number();
  if (!fault_ && !found.is_number_unsigned()) refuse("the number " + found.dump(), "a whole number, 0 or more");
  return fault_ ? 0 : found.get<uint64_t>();
}

Value JsonReader::number() {
  token_ = at_;
  size_t end = at_;
  const auto digits = [&] {
    const size_t first = end;
    while (end < text_.size() && text_[end] >= '0' && text_[end] <= '9') ++end;
    return end - first;
  };
  const auto have = [&](std::string_view any) { return end < text_.size() && any.find(text_[end]) != any.npos; };
  const bool negative = have("-");
  end += negative ? 1 : 0;
  const bool leading_zero = have("0");
  const size_t whole_digits = digits();
  bool good = whole_digits > 0 && !(leading_zero && whole_digits > 1);
  bool whole = true;
  if (good && have(".")) {
    whole = false;
    ++end;
    good = digits() > 0;
  }
  if (good && have("eE")) {
    whole = false;
    ++end;
    end += have("+-") ? 1 : 0;
    good = digits() > 0;
  }
  if (!good) {
    fail_here("a number");
    return {};
  }
  const char* const from = text_.data() + at_;
  const char* const to = text_.data() + end;
  Value result;
  bool fits = false;
  if (whole && !negative) {
    uint64_t number = 0;
    fits = std::from_chars(from, to, number).ec == std::errc();
    if (fits) result = number;
  } else if (whole) {
    int64_t number = 0;
    fits = std::from_chars(from, to, number).ec == std::errc();
    if (fits) result = number;
  }
  if (!fits) {
    double number = 0;
    if (std::from_chars(from, to, number).ec != std::errc()) {
      fail_here("a number within the range of a double");
      return {};
    }
    result = number;
  }
  at_ = end;
  return result;
}

Value JsonReader::value() { return value_at(0); }

Value JsonReader::value_at(int depth) {
  if (fault_) return {};
  if (depth > deepest) {
    fail_here("at most " + std::to_string(deepest) + " levels of nesting");
    return {};
  }
  switch (peek()) {
    case '{': {
      Value result = Value::object();
      auto& members = result.get_ref<Value::object_t&>();
      object([&](std::string_view key) {
        const size_t began = token_;
        std::string name(key);
        Value member = value_at(depth + 1);
        if (fault_) return;
        // Files of ours are sorted, so the end is nearly always the place.
        const size_t before = members.size();
        const auto place = members.emplace_hint(members.end(), std::move(name), std::move(member));
        if (members.size() == before) {
          token_ = began;
          refuse("the key '" + place->first + "' twice", "each key once");
        }
      });
      return result;
    }
    case '[': {
      Value result = Value::array();
      array([&] { result.push_back(value_at(depth + 1)); });
      return result;
    }
    case '"':
      return Value(std::string(quoted()));
    case 't':
    case 'f':
      return Value(boolean());
    case 'n':
      if (!word("null")) fail_here("a value");
      return {};
    default: {
      const char next = peek();
      if (next == '-' || (next >= '0' && next <= '9')) return number();
      fail_here("a value");
      return {};
    }
  }
}

void JsonReader::end() {
  if (fault_) return;
  skip_blanks();
  if (at_ != text_.size()) fail_here("the end of the text");
}

}  // namespace slipway
