#include "spec/yaml.h"

#include <gtest/gtest.h>
#include <random>

namespace slipway {
namespace {

struct Scalar {
  const char* text;
  Value expected;
};

TEST(YamlScalars, FollowTheNarrowedCoreSchema) {
  const Scalar rows[] = {
      {"", nullptr},
      {"~", nullptr},
      {"null", nullptr},
      {"true", true},
      {"True", true},
      {"false", false},
      {"yes", "yes"},
      {"no", "no"},
      {"on", "on"},
      {"Off", "Off"},
      {"y", "y"},
      {"0", 0},
      {"-7", -7},
      {"42", 42},
      {"+5", "+5"},
      {"0644", "0644"},
      {"0x1f", "0x1f"},
      {"0o17", "0o17"},
      {"1e3", "1e3"},
      {"1.5", 1.5},
      {"-0.25", -0.25},
      {"1.5e3", 1500.0},
      {"1.", "1."},
      {".5", ".5"},
      {"1_000", "1_000"},
      {"12:30", "12:30"},
      {"1.36.4", "1.36.4"},
      {"2026-11-21", "2026-11-21"},
      {".inf", ".inf"},
      {".nan", ".nan"},
      {"\"12\"", "12"},
      {"'true'", "true"},
      {"\"\"", ""},
      {"'it''s'", "it's"},
      {"!!str 12", "12"},
      {"!!int 12", 12},
      {"!!float 2", 2.0},
      {"a b", "a b"},
      {"SHA256:a/b+c", "SHA256:a/b+c"},
      {"9223372036854775807", INT64_MAX},
      {"18446744073709551615", UINT64_MAX},
      {"18446744073709551616", "18446744073709551616"},
  };
  for (const Scalar& row : rows) {
    const Result<Value> value = parse_yaml("f", std::string("k: ") + row.text + "\n");
    ASSERT_TRUE(value) << row.text << "\n" << describe(value.error());
    EXPECT_EQ(value->at("k"), row.expected) << row.text;
    EXPECT_EQ(value->at("k").type_name(), std::string(row.expected.type_name())) << row.text;
  }
}

TEST(Yaml, ReadsListsMapsAndBlocks) {
  const Result<Value> value = parse_yaml("f",
                                         "list:\n- a\n- {b: 1}\n-\n  - nested\n"
                                         "text: |\n  one\n  two\nfolded: >-\n  one\n  two\n\"quoted key\": [1, 2,]\n");
  ASSERT_TRUE(value) << describe(value.error());
  EXPECT_EQ(
      *value,
      Value::parse(R"({"list":["a",{"b":1},["nested"]],"text":"one\ntwo\n","folded":"one two","quoted key":[1,2]})"));
}

TEST(Yaml, AnchorsAndAliasesRepeatValues) {
  const Result<Value> value = parse_yaml("f", "a: &x {b: [1, 2]}\nc: *x\nd: [*x]\n&k key: 1\nother: *k\n");
  ASSERT_TRUE(value) << describe(value.error());
  EXPECT_EQ(value->at("c"), value->at("a"));
  EXPECT_EQ(value->at("d")[0], value->at("a"));
  EXPECT_EQ(value->at("other"), "key");
}

TEST(Yaml, EmptyFileIsNull) {
  for (const char* text : {"", "\n\n", "# nothing\n", "---\n", "\xEF\xBB\xBF"}) {
    const Result<Value> value = parse_yaml("f", text);
    ASSERT_TRUE(value) << text;
    EXPECT_TRUE(value->is_null()) << text;
  }
}

TEST(Yaml, ManifestsAreSeveralDocuments) {
  const Result<std::vector<Value>> values =
      parse_yaml_documents("f", "# head\n---\na: 1\n---\n---\nb: 2\n...\n---\n# end\n");
  ASSERT_TRUE(values) << describe(values.error());
  EXPECT_EQ(Value(*values), Value::parse(R"([{"a":1},{"b":2}])"));
}

struct Broken {
  const char* text;
  const char* where;
  const char* summary;
};

TEST(Yaml, FaultsAreNamedAtTheirPlace) {
  const Broken rows[] = {
      {"a: 1\na: 2\n", "f:2:1", "duplicate key 'a'"},
      {"a: {b: 1, b: 2}\n", "f:1:11", "duplicate key 'b'"},
      {"a:\n\tb: 1\n", "f:2:1", "a tab in the indentation"},
      {"a:\n  b: 1\n\tc: 2\n", "f:3:1", "a tab in the indentation"},
      {"a: {b: 1\n", "f:2:1", "a map that begins with '{' does not end here"},
      {"a: [1, 2\nb: 3\n", "f:2:2", "a list that begins with '[' does not end here"},
      {"a: b: c\n", "f:1:5", "a ':' where no key can end"},
      {"a:\n  b: 1\n c: 2\n", "f:3:2", "the indentation fits none of the keys above"},
      {"a: 1\n}\n", "f:2:1", "a closing bracket that nothing opened"},
      {"a: - b\n", "f:1:4", "a list item where none can begin"},
      {"a: @b\n", "f:1:4", "a character that cannot begin a value"},
      {"a: *nowhere\n", "f:1:4", "the alias names no anchor above it"},
      {"a: &x [*x]\n", "f:1:8", "the alias names a value that contains it"},
      {"a: \"never closed\nb: 1\n", "f:1:4", "the quotes are never closed"},
      {"a: 'never closed\n", "f:1:4", "the quotes are never closed"},
      {"a: b\nc\n", "f:2:1", "no ':' after 'c'"},
      {"? {a: b}\n: c\n", "f:1:3", "a key must be text"},
      {"~: c\n", "f:1:1", "a key must be text"},
      {"<<: {a: 1}\n", "f:1:1", "merge keys ('<<') are not part of YAML 1.2"},
      {"a: !mine b\n", "f:1:4", "a value that its tag does not allow"},
      {"a: !!int b\n", "f:1:4", "a value that its tag does not allow"},
      {"a: !mine {b: c}\n", "f:1:4", "unknown tag"},
      {"a: \"\\q\"\n", "f:1:7", "YAML syntax: unknown escape character: q"},
      {"---\na: 1\n---\nb: 2\n", "f:4:1", "a second document in the file"},
      {"a: \xFF\n", "f:1:4", "the file is not UTF-8"},
      {"a: \x01\n", "f:1:4", "a control character in the file"},
      {"\xC3\xA4\xC3\xB6: {x: 1, x: 2}\n", "f:1:12", "duplicate key 'x'"},
      {"a: 1\n---\n, b\n", "f:3:1", "a character that belongs to no value"},
      {"b: {c: ${x.y}}\n", "f:1:9", "a map that begins with '{' does not end here"},
  };
  for (const Broken& row : rows) {
    const Result<Value> value = parse_yaml("f", row.text);
    ASSERT_FALSE(value) << row.text;
    EXPECT_EQ(value.error().kind, ErrorKind::bad_input);
    EXPECT_EQ(value.error().where, row.where) << row.text;
    EXPECT_EQ(value.error().summary, row.summary) << row.text;
  }
}

TEST(Yaml, PlaceholderInBracesGetsTheAdviceToQuoteIt) {
  EXPECT_EQ(parse_yaml("f", "b: {c: ${x.y}}\n").error().advice,
            "inside { } and [ ] put a placeholder in quotes: \"${x.y}\"");
}

TEST(Yaml, AllFaultsComeTogether) {
  const Result<Value> value = parse_yaml("f", "a: 1\na: 2\nb: {c: 1, c: 2}\n");
  ASSERT_FALSE(value);
  const std::string& text = value.error().summary;
  EXPECT_NE(text.find("f:2:1: duplicate key 'a'"), std::string::npos) << text;
  EXPECT_NE(text.find("f:3:11: duplicate key 'c'"), std::string::npos) << text;
  EXPECT_NE(text.find("f: 2 faults"), std::string::npos) << text;
}

TEST(Yaml, AliasBombIsRefused) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    std::string before = "*a";
    before += std::to_string(i - 1);
    text.append("a").append(std::to_string(i)).append(": &a").append(std::to_string(i)).append(" [");
    for (int j = 0; j < 10; ++j) text.append(before).append(",");
    text += "]\n";
  }
  const Result<Value> value = parse_yaml("f", text);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().summary, "the aliases make the file too large");
}

TEST(Yaml, DeepNestingIsAnErrorAndNoCrash) {
  EXPECT_FALSE(parse_yaml("f", std::string(20000, '[')));
  EXPECT_FALSE(parse_yaml("f", std::string(20000, '{')));
}

TEST(YamlDocument, TellsThePlaceOfAPointer) {
  const Result<YamlDocument> document =
      read_yaml("book.yaml", "tasks:\n  - file: {path: /a, mode: \"0644\"}\n  - \"a/b~c\": 1\n");
  ASSERT_TRUE(document) << describe(document.error());
  EXPECT_EQ(document->where(""), "book.yaml:1:1");
  EXPECT_EQ(document->where("/tasks/0/file/mode"), "book.yaml:2:28");
  EXPECT_EQ(document->where_key("/tasks/0/file/mode"), "book.yaml:2:22");
  EXPECT_EQ(document->where("/tasks/1/a~1b~0c"), "book.yaml:3:14");
  EXPECT_EQ(document->where("/tasks/0/file/owner"), "book.yaml:2:11");
  EXPECT_EQ(document->where("/nothing"), "book.yaml:1:1");
  const SpecFault fault = document->fault_at("/tasks/0/file/path", "no");
  EXPECT_EQ(fault.line, 2);
  EXPECT_EQ(fault.column, 18);
}

TEST(YamlDocument, KeepsTheOrderOfKeys) {
  const Result<YamlDocument> document = read_yaml("f", "m: {z: 1, a: 2, k: 3}\n");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->keys("/m"), (std::vector<std::string>{"z", "a", "k"}));
  EXPECT_TRUE(document->keys("/m/z").empty());
  EXPECT_TRUE(document->keys("/n").empty());
}

TEST(YamlEmit, WritesBlockStyle) {
  const Value value = Value::parse(
      R"({"name":"demo","list":[{"a":1,"b":[true,null]},"x",[1,2]],"empty":{},"none":[],"mode":"0644","text":"one\ntwo\n","yes":"no"})");
  EXPECT_EQ(emit_yaml(value),
            "empty: {}\nlist:\n  - a: 1\n    b:\n      - true\n      - null\n  - x\n  - - 1\n    - 2\nmode: \"0644\"\n"
            "name: demo\nnone: []\ntext: |\n  one\n  two\n\"yes\": \"no\"\n");
}

/// Any value, also with strings that look like something else.
Value random_value(std::mt19937& random, int depth) {
  const char* const odd[] = {"",     "~",   "null", "true",   "0644",     "1e3",   "1.5",   "- a",  "a: b",  "a #b",
                             "#a",   " a",  "a ",   "a\n",    "\n",       "a\n\n", "a\nb",  "\ta",  "a\n b", " a\nb",
                             "é\n€", "\"",  "'",    "<<",     "${a}",     "{",     "[",     "*a",   "&a",    "!a",
                             "|",    ">",   "%",    "@",      "`",        "a:",    "12:30", "\x7F", "\x01",  "yes",
                             "---",  "...", "? a",  "a\r\nb", "a b\nc d", "=",     "a, b",  "a \nb"};
  switch (random() % (depth > 0 ? 8 : 6)) {
    case 0:
      return nullptr;
    case 1:
      return random() % 2 == 0;
    case 2:
      return static_cast<int64_t>(random()) - 2'000'000'000;
    case 3:
      return static_cast<double>(random()) * 1e15 / 7;
    case 4:
    case 5:
      return odd[random() % std::size(odd)];
    case 6: {
      Value list = Value::array();
      for (size_t i = random() % 4; i > 0; --i) list.push_back(random_value(random, depth - 1));
      return list;
    }
    default: {
      Value map = Value::object();
      for (size_t i = random() % 4; i > 0; --i) map[odd[random() % std::size(odd)]] = random_value(random, depth - 1);
      return map;
    }
  }
}

TEST(YamlEmit, ReadsBackTheSameValue) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    std::mt19937 random(seed);
    const Value value = random_value(random, 4);
    const std::string text = emit_yaml(value);
    const Result<Value> read = parse_yaml("f", text);
    ASSERT_TRUE(read) << "seed " << seed << "\n" << text << describe(read.error());
    ASSERT_EQ(*read, value) << "seed " << seed << "\n" << text;
  }
}

TEST(Yaml, AnyBytesGiveAValueOrAnError) {
  const std::string seedling =
      "a: &x {b: [1, \"c\", 'd'], ? e : f}\n- g\n--- |\n  h\n*x : !!str >\n\t% @ # ~\xC3\xA4\n";
  for (unsigned seed = 0; seed < 3000; ++seed) {
    std::mt19937 random(seed);
    std::string text;
    for (size_t i = random() % 60; i > 0; --i) text += seedling[random() % seedling.size()];
    const Result<std::vector<Value>> values = parse_yaml_documents("f", text);
    if (!values) {
      EXPECT_EQ(values.error().kind, ErrorKind::bad_input) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace slipway
