// What the repository publishes about the spec: the schema, the reference page, the samples.

#include <filesystem>
#include <gtest/gtest.h>

#include "base/file.h"
#include "spec/spec.h"
#include "spec/yaml.h"

#include "tests/golden.h"

namespace slipway {
namespace {

std::filesystem::path repository() { return SLIPWAY_SOURCE; }

void expect_published(const char* name, const std::string& text) {
  testing_support::expect_golden((repository() / "docs" / name).string(), text);
}

TEST(Published, JsonSchemaIsTheTables) { expect_published("spec.schema.json", spec_json_schema()); }

TEST(Published, ReferencePageIsTheTables) { expect_published("spec.md", spec_reference_markdown()); }

TEST(Published, SchemaAndReferenceNameEveryKeyOfTheSamples) {
  const std::string page = spec_reference_markdown();
  const Value schema = Value::parse(spec_json_schema()).at("$defs").at("spec");
  for (const char* key : {"name", "provider", "local", "existing", "openstack", "opennebula", "ssh", "network",
                          "kubernetes", "pools", "addons"}) {
    EXPECT_NE(page.find(std::string("| `") + key + "` |"), std::string::npos) << key;
    EXPECT_TRUE(schema.at("properties").contains(key)) << key;
  }
  EXPECT_EQ(schema.at("additionalProperties"), false);
  EXPECT_EQ(schema.at("required"), (Value{"name", "provider", "pools"}));
  EXPECT_EQ(schema.at("properties").at("provider").at("enum").size(), 5U);
}

TEST(Published, ExampleOfTheReferencePageIsValid) {
  const std::string page = spec_reference_markdown();
  const size_t start = page.find("```yaml\n") + 8;
  const Result<Spec> spec = parse_spec("docs/spec.md", page.substr(start, page.find("```\n", start) - start));
  EXPECT_TRUE(spec) << describe(spec.error());
}

TEST(Published, EverySampleIsValidAndNamesTheSchema) {
  size_t seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(repository() / "inventory")) {
    if (entry.path().extension() != ".yaml") continue;
    ++seen;
    const Result<Spec> spec = load_spec(entry.path().string());
    EXPECT_TRUE(spec) << describe(spec.error());
    const Result<std::string> text = read_file(entry.path().string());
    ASSERT_TRUE(text);
    EXPECT_TRUE(text->starts_with("# yaml-language-server: $schema=../docs/spec.schema.json\n")) << entry.path();
  }
  EXPECT_GE(seen, 4U);
}

TEST(Published, LocalSampleIsOneControlPlaneAndTwoWorkers) {
  const Result<Spec> spec = load_spec((repository() / "inventory/local.yaml").string());
  ASSERT_TRUE(spec) << describe(spec.error());
  EXPECT_EQ(spec->name, "demo");
  ASSERT_EQ(spec->pools.size(), 2U);
  EXPECT_EQ(spec->pools[0].count, 1);
  EXPECT_EQ(spec->pools[1].count, 2);
}

TEST(Published, TheLocalClusterFitsAMachineOfEightGibibytes) {
  const Result<Spec> spec = load_spec((repository() / "inventory/local.yaml").string());
  ASSERT_TRUE(spec.ok()) << describe(spec.error());
  uint64_t all = 0;
  for (const Pool& pool : spec->pools) all += pool.size.memory_bytes * static_cast<uint64_t>(pool.count);
  EXPECT_LE(all, 6ull << 30) << "two GiB are left to the machine itself and to builds";
}

}  // namespace
}  // namespace slipway
