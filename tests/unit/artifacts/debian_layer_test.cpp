#include "artifacts/debian_layer.h"

#include <gtest/gtest.h>

#include "artifacts/archive.h"
#include "artifacts/tar_writer.h"

#include "tests/unit/artifacts/site.h"

namespace slipway {
namespace {

using namespace slipway::testing;  // NOLINT: the fixtures.

class DebianLayerTest : public ::testing::Test {
 protected:
  void unpack(const std::function<void(TarWriter&)>& fill) {
    std::ofstream file(site.path("unpacked.tar"), std::ios::binary);
    TarWriter tar([&](std::string_view piece) -> Result<void> {
      file << piece;
      return {};
    });
    fill(tar);
    ASSERT_TRUE(tar.finish().ok());
  }
  /// "PATH" -> "MODE content" or "-> target".
  std::map<std::string, std::string> trim(const DebianLayer& layer) {
    std::filesystem::remove(site.path("spool"));
    std::filesystem::remove(site.path("layer.tar"));
    const Result<void> trimmed =
        trim_debian_layer(layer, site.path("unpacked.tar"), site.path(""), site.path("layer.tar"));
    EXPECT_TRUE(trimmed.ok()) << describe(trimmed.error());
    std::map<std::string, std::string> entries;
    const Result<void> read =
        read_archive(site.path("layer.tar"), [&](const ArchiveEntry& entry, const ReadEntry& content) -> Result<Walk> {
          std::string text = std::to_string(entry.mode) + " ";
          if (entry.kind == ArchiveEntry::Kind::link) text = "-> " + entry.target;
          Result<void> got = content([&](std::string_view piece) -> Result<void> {
            text += piece;
            return {};
          });
          if (!got) return std::move(got).error();
          entries[entry.path] = text;
          return Walk::on;
        });
    EXPECT_TRUE(read.ok());
    return entries;
  }
  static std::string mode(int bits) { return std::to_string(bits) + " "; }

  Site site;
};

TEST_F(DebianLayerTest, LeavesOutWhatIsExcludedWithAllBelow) {
  unpack([](TarWriter& tar) {
    for (const char* folder : {"./usr", "./usr/share", "./usr/share/doc", "./usr/share/doc/x"})
      ASSERT_TRUE(tar.add_directory(folder, 0755).ok());
    for (const char* file : {"./usr/share/doc/x/copyright", "./usr/share/documents", "./etc/cron.d/x", "./etc/crontab",
                             "./usr/lib/x86_64-linux-gnu/perl/a", "./usr/lib/deep/er/perl", "./usr/bin/nft"})
      ASSERT_TRUE(tar.add_text(file, 0644, "x").ok());
  });
  const auto entries = trim(
      {.name = "n", .suite = "s", .packages = {}, .exclude = {"/usr/share/doc", "/etc/cron*", "/usr/lib/*/perl*"}});
  std::vector<std::string> names;
  for (const auto& [name, text] : entries) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"usr", "usr/bin/nft", "usr/lib/deep/er/perl", "usr/share",
                                             "usr/share/documents"}));
}

TEST_F(DebianLayerTest, AddsFoldersLinksAndFiles) {
  unpack([](TarWriter& tar) {
    ASSERT_TRUE(tar.add_text("./usr/sbin/iptables", 0755, "legacy").ok());
    ASSERT_TRUE(tar.add_text("./etc/group", 0644, "from the package").ok());
  });
  const auto entries = trim({.name = "n",
                             .suite = "s",
                             .packages = {},
                             .directories = {"/tmp", "/run"},
                             .links = {{"/usr/sbin/iptables", "iptables-nft"}, {"/bin/sh", "busybox"}},
                             .files = {{"/etc/passwd", "root:x:0:0::/root:/bin/sh\n"}, {"/etc/group", "ours"}}});
  EXPECT_EQ(entries.at("tmp"), mode(01777));
  EXPECT_EQ(entries.at("run"), mode(0755));
  EXPECT_EQ(entries.at("usr/sbin/iptables"), "-> iptables-nft");
  EXPECT_EQ(entries.at("bin"), mode(0755));
  EXPECT_EQ(entries.at("bin/sh"), "-> busybox");
  EXPECT_EQ(entries.at("etc/passwd"), mode(0644) + "root:x:0:0::/root:/bin/sh\n");
  EXPECT_EQ(entries.at("etc/group"), mode(0644) + "from the package");
}

TEST_F(DebianLayerTest, PutsNothingBelowALink) {
  unpack([](TarWriter& tar) {
    ASSERT_TRUE(tar.add_link("./bin", "usr/bin").ok());
    ASSERT_TRUE(tar.add_directory("./usr/bin", 0755).ok());
  });
  const auto entries = trim({.name = "n", .suite = "s", .packages = {}, .links = {{"/bin/sh", "busybox"}}});
  EXPECT_EQ(entries.at("bin"), "-> usr/bin");
  EXPECT_EQ(entries.at("usr/bin/sh"), "-> busybox");
  EXPECT_FALSE(entries.contains("bin/sh"));
}

TEST_F(DebianLayerTest, OrderAndTimesOfTheInputDoNotMatter) {
  const DebianLayer layer{.name = "n", .suite = "s", .packages = {}, .directories = {"/tmp"}};
  unpack([](TarWriter& tar) {
    ASSERT_TRUE(tar.add_text("./b", 0644, "b").ok());
    ASSERT_TRUE(tar.add_text("./a", 0755, "a").ok());
  });
  trim(layer);
  const std::string first = *sha256_file(site.path("layer.tar"));
  unpack([](TarWriter& tar) {
    ASSERT_TRUE(tar.add_text("a", 0755, "a").ok());
    ASSERT_TRUE(tar.add_text("b", 0644, "b").ok());
  });
  trim(layer);
  EXPECT_EQ(*sha256_file(site.path("layer.tar")), first);
}

}  // namespace
}  // namespace slipway
