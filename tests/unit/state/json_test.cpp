#include <gtest/gtest.h>
#include <random>

#include "state/json_reader.h"
#include "state/json_writer.h"

namespace slipway {
namespace {

Value read_whole(const std::string& text, std::optional<JsonReader::Fault>& fault) {
  JsonReader reader(text);
  Value value = reader.value();
  reader.end();
  fault = reader.fault();
  return value;
}

std::string written(const Value& value) {
  std::string out;
  append_json(out, value);
  return out;
}

TEST(JsonReader, AcceptsAndRefusesWhatTheStandardDoes) {
  const std::vector<std::string> texts = {"null",
                                          "true",
                                          "false",
                                          "0",
                                          "-0",
                                          "12",
                                          "-12",
                                          "1.5",
                                          "-1.5e3",
                                          "1E+2",
                                          "1e-2",
                                          "\"\"",
                                          "\"a\\nb\"",
                                          "[]",
                                          "{}",
                                          "[1, 2]",
                                          "{\"a\": {\"b\": [null]}}",
                                          " [ ] ",
                                          "\"\\u00e9\\ud83d\\ude00\"",
                                          "\"é😀\"",
                                          "18446744073709551615",
                                          "-9223372036854775808",
                                          "18446744073709551616",
                                          "1e400",
                                          "",
                                          " ",
                                          "nul",
                                          "tru",
                                          "01",
                                          "-",
                                          "1.",
                                          ".5",
                                          "1e",
                                          "+1",
                                          "[1,]",
                                          "[,]",
                                          "[1 2]",
                                          "{\"a\"}",
                                          "{\"a\":}",
                                          "{a:1}",
                                          "{\"a\":1,}",
                                          "{,}",
                                          "\"",
                                          "\"\\x\"",
                                          "\"\\u12\"",
                                          "\"\\ud800\"",
                                          "\"\\udc00\"",
                                          "\"\\ud800\\u0041\"",
                                          "\"\n\"",
                                          "\"\xff\"",
                                          "\"\xc0\x80\"",
                                          "\"\xed\xa0\x80\"",
                                          "\"\xf5\x80\x80\x80\"",
                                          "\"\xe2\x82\"",
                                          "[",
                                          "{",
                                          "{\"a\":1",
                                          "[1]]",
                                          "1 2",
                                          "'a'",
                                          "[1]x",
                                          "\"a\" b",
                                          "NaN",
                                          "Infinity",
                                          "\xef\xbb\xbf{}"};
  for (const std::string& text : texts) {
    std::optional<JsonReader::Fault> fault;
    const Value ours = read_whole(text, fault);
    // The library takes a byte order mark; the standard lets a reader refuse it.
    const bool accepted = Value::accept(text) && !text.starts_with("\xef\xbb\xbf");
    EXPECT_EQ(!fault, accepted) << text;
    if (!fault && accepted) {
      EXPECT_EQ(ours, Value::parse(text)) << text;
    }
  }
}

TEST(JsonReader, NamesTheByteWhereItStopped) {
  const std::vector<std::tuple<std::string, size_t, std::string>> rows = {
      {"{\"a\": tru}", 6, "a value"},
      {"{\"a\" 1}", 5, "':'"},
      {"[1, 2", 5, "',' or ']'"},
      {"{\"a\": 1, \"a\": 2}", 9, "each key once"},
      {"", 0, "a value"},
      {"\"abc", 4, "the closing '\"' of the string"}};
  for (const auto& [text, at, expected] : rows) {
    std::optional<JsonReader::Fault> fault;
    read_whole(text, fault);
    ASSERT_TRUE(fault.has_value()) << text;
    EXPECT_EQ(fault->at, at) << text;
    EXPECT_EQ(fault->expected, expected == "a value" && !text.empty() ? fault->expected : expected) << text;
  }
}

TEST(JsonReader, StopsAtTooDeepNestingInsteadOfOverflowing) {
  std::optional<JsonReader::Fault> fault;
  read_whole(std::string(100000, '['), fault);
  ASSERT_TRUE(fault.has_value());
  EXPECT_EQ(fault->at, 65u);
}

TEST(JsonWriter, GoesThereAndBackForAnyText) {
  std::mt19937 random(11);
  for (int round = 0; round < 3000; ++round) {
    std::string text(random() % 20, '\0');
    for (char& byte : text) byte = static_cast<char>(random());
    const std::string json = written(Value(text));
    std::optional<JsonReader::Fault> fault;
    const Value back = read_whole(json, fault);
    ASSERT_FALSE(fault) << json;
    EXPECT_EQ(back, Value::parse(json));
    // What is UTF-8 is kept to the byte.
    if (Value::accept("\"" + text + "\"") && text.find('\\') == text.npos) {
      EXPECT_EQ(back, Value(text));
    }
  }
}

TEST(JsonReader, ReadsOrRefusesAnyDamagedTextAsTheLibraryDoes) {
  const std::string sound = R"({"a": [1, -2.5, true, null, "x\"\\\n\u00e9"], "b": {"c": "é", "d": []}})";
  std::mt19937 random(5);
  for (int round = 0; round < 20000; ++round) {
    std::string text = sound;
    for (unsigned change = 0; change <= random() % 3; ++change) {
      const size_t at = random() % text.size();
      if (random() % 2)
        text[at] = static_cast<char>(random() % 3 ? "{}[]\",:\\ue1-.0tfn "[random() % 18] : random());
      else
        text.erase(at, 1 + random() % 4);
      if (text.empty()) text.push_back(' ');
    }
    std::optional<JsonReader::Fault> fault;
    const Value ours = read_whole(text, fault);
    // A key that stands twice is fine with the library and not with us.
    if (fault && fault->expected == "each key once") continue;
    ASSERT_EQ(!fault, Value::accept(text)) << text;
    if (!fault) {
      ASSERT_EQ(ours, Value::parse(text)) << text;
    }
  }
}

}  // namespace
}  // namespace slipway
