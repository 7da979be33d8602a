#include "artifacts/image_archive.h"

#include <gtest/gtest.h>

#include "artifacts/archive.h"
#include "artifacts/tar_writer.h"

#include "tests/unit/artifacts/site.h"

namespace slipway {
namespace {

using namespace slipway::testing;  // NOLINT: the fixtures.

/// Path -> content; of folders "/".
std::map<std::string, std::string> unpacked(const std::string& path) {
  std::map<std::string, std::string> files;
  const Result<void> read =
      read_archive(path, [&](const ArchiveEntry& entry, const ReadEntry& content) -> Result<Walk> {
        if (entry.kind != ArchiveEntry::Kind::file) {
          files[entry.path] = "/" + std::to_string(entry.mode);
          return Walk::on;
        }
        std::string& text = files[entry.path];
        Result<void> got = content([&](std::string_view piece) -> Result<void> {
          text += piece;
          return {};
        });
        if (!got) return std::move(got).error();
        EXPECT_EQ(text.size(), entry.size);
        return Walk::on;
      });
  EXPECT_TRUE(read.ok()) << describe(read.error());
  return files;
}

class ImageArchiveTest : public ::testing::Test {
 protected:
  void SetUp() override {
    site.write("one", std::string(300000, '1'));
    site.write("two", "two");
    std::ofstream layer(site.path("layer.tar"), std::ios::binary);
    TarWriter tar([&](std::string_view piece) -> Result<void> {
      layer << piece;
      return {};
    });
    ASSERT_TRUE(tar.add_text("usr/sbin/nft", 0755, "nft").ok());
    ASSERT_TRUE(tar.finish().ok());
    layer.close();
    base.tar_path = site.path("layer.tar");
    base.sha256 = *sha256_file(base.tar_path);
  }

  ImagePlan plan(const std::string& name, bool with_base) {
    ImagePlan image{.reference = "registry.example/" + name + ":v1", .architecture = "amd64", .layers = {}};
    if (with_base) image.layers.push_back(base);
    image.layers.push_back({.programs = {{"/usr/local/bin/" + name, site.path("data/" + name)}}, .base = !with_base});
    return image;
  }

  std::map<std::string, std::string> write(const std::vector<ImagePlan>& images) {
    const Result<ImageArchive> archive = write_image_archive(images, site.path("out.tar"));
    EXPECT_TRUE(archive.ok()) << describe(archive.error());
    EXPECT_EQ(archive->sha256, *sha256_file(site.path("out.tar")));
    EXPECT_EQ(archive->size, std::filesystem::file_size(site.path("out.tar")));
    return unpacked(site.path("out.tar"));
  }

  Site site;
  ImageLayer base;
};

/// Follows every digest from index.json down and compares it, its size and its media type.
void expect_consistent(const std::map<std::string, std::string>& layout) {
  EXPECT_EQ(Value::parse(layout.at("oci-layout")), Value({{"imageLayoutVersion", "1.0.0"}}));
  const auto blob = [&](const Value& descriptor) {
    const std::string digest = descriptor.at("digest").get<std::string>().substr(7);
    const std::string& text = layout.at("blobs/sha256/" + digest);
    EXPECT_EQ(sha256(text), digest);
    EXPECT_EQ(descriptor.at("size").get<size_t>(), text.size());
    return text;
  };
  const Value index = Value::parse(layout.at("index.json"));
  EXPECT_EQ(index.at("schemaVersion"), 2);
  for (const Value& entry : index.at("manifests")) {
    EXPECT_EQ(entry.at("mediaType"), "application/vnd.oci.image.manifest.v1+json");
    const Value manifest = Value::parse(blob(entry));
    EXPECT_EQ(manifest.at("config").at("mediaType"), "application/vnd.oci.image.config.v1+json");
    const Value config = Value::parse(blob(manifest.at("config")));
    EXPECT_EQ(config.at("os"), "linux");
    EXPECT_EQ(config.at("architecture"), entry.at("platform").at("architecture"));
    Value digests = Value::array();
    for (const Value& layer : manifest.at("layers")) {
      EXPECT_EQ(layer.at("mediaType"), "application/vnd.oci.image.layer.v1.tar");
      blob(layer);
      digests.push_back(layer.at("digest"));
    }
    EXPECT_EQ(config.at("rootfs").at("diff_ids"), digests);
  }
}

TEST_F(ImageArchiveTest, EveryDigestAndSizeIsRight) {
  expect_consistent(write({plan("one", false), plan("two", true)}));
}

TEST_F(ImageArchiveTest, NamesTheImageForContainerd) {
  const auto layout = write({plan("one", false)});
  const Value annotations = Value::parse(layout.at("index.json")).at("manifests")[0].at("annotations");
  EXPECT_EQ(annotations.at("io.containerd.image.name"), "registry.example/one:v1");
  EXPECT_EQ(annotations.at("org.opencontainers.image.ref.name"), "registry.example/one:v1");
}

TEST_F(ImageArchiveTest, ConfigHoldsWhatTheImageRuns) {
  ImagePlan image = plan("one", false);
  image.entrypoint = {"/usr/local/bin/one"};
  image.command = {"--help"};
  image.user = "65532:65532";
  image.environment = {{"MODE", "quiet"}};
  const auto layout = write({image});
  const Value manifest = Value::parse(
      layout.at("blobs/sha256/" +
                Value::parse(layout.at("index.json")).at("manifests")[0].at("digest").get<std::string>().substr(7)));
  const Value config =
      Value::parse(layout.at("blobs/sha256/" + manifest.at("config").at("digest").get<std::string>().substr(7)));
  EXPECT_EQ(config.at("config").at("Entrypoint"), Value({"/usr/local/bin/one"}));
  EXPECT_EQ(config.at("config").at("Cmd"), Value({"--help"}));
  EXPECT_EQ(config.at("config").at("User"), "65532:65532");
  EXPECT_EQ(config.at("config").at("Env"),
            Value({"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "MODE=quiet"}));
}

TEST_F(ImageArchiveTest, ImageWithoutALayerGetsTheLeastAFileSystemNeeds) {
  const auto layout = write({plan("two", false)});
  for (const auto& [path, text] : layout) {
    if (!path.starts_with("blobs/sha256/") || text.starts_with("{")) continue;
    site.write("inner.tar", text);
    const auto files = unpacked(site.path("data/inner.tar"));
    EXPECT_EQ(files.at("usr/local/bin/two"), "two");
    EXPECT_EQ(files.at("usr/local"), "/" + std::to_string(0755));
    EXPECT_EQ(files.at("tmp"), "/" + std::to_string(01777));
    EXPECT_TRUE(files.at("etc/passwd").starts_with("root:x:0:0:"));
    EXPECT_TRUE(files.contains("etc/group"));
    return;
  }
  FAIL() << "no layer found";
}

TEST_F(ImageArchiveTest, SharedLayersAreHeldOnce) {
  const auto layout = write({plan("one", true), plan("two", true)});
  size_t blobs = 0;
  for (const auto& [path, text] : layout) blobs += path.starts_with("blobs/sha256/") ? 1 : 0;
  // Two manifests, two configurations, two layers of programs, one of Debian.
  EXPECT_EQ(blobs, 7u);
}

TEST_F(ImageArchiveTest, SameInputGivesTheSameBytes) {
  const std::vector<ImagePlan> images = {plan("one", true), plan("two", false)};
  const Result<ImageArchive> first = write_image_archive(images, site.path("a.tar"));
  std::filesystem::last_write_time(site.path("data/one"), std::filesystem::file_time_type::clock::now());
  std::filesystem::permissions(site.path("data/one"), std::filesystem::perms(0600));
  const Result<ImageArchive> second = write_image_archive(images, site.path("b.tar"));
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->sha256, second->sha256);
}

TEST_F(ImageArchiveTest, MissingProgramIsAnError) {
  ImagePlan image = plan("one", false);
  image.layers[0].programs["/x"] = site.path("data/nothing");
  const Result<ImageArchive> archive = write_image_archive({image}, site.path("out.tar"));
  ASSERT_FALSE(archive.ok());
  EXPECT_EQ(archive.error().kind, ErrorKind::not_found);
}

TEST(ImageArtifact, IsPutTogetherFromItsBinaries) {
  Site site;
  site.write("builds/a.c", c_program("a"));
  site.write("builds/b.c", c_program("b"));
  site.write(
      "versions.yaml",
      "binaries:\n  a: {version: \"1\", c: {source: builds/a.c}}\n  b: {version: \"2\", c: {source: builds/b.c}}\n"
      "images:\n  a: {reference: \"r.example/a:{a}\", binaries: {/a: a}, entrypoint: [/a], roles: [worker]}\n"
      "  b: {reference: \"r.example/b:{b}\", binaries: {/b: b, /also/a: a}, roles: [worker]}\n");
  const auto store = site.open();
  const Result<ArtifactFile> worker = store->acquire("images/worker", quietly, soon());
  ASSERT_TRUE(worker.ok()) << describe(worker.error());
  EXPECT_EQ(worker->source, "built here");
  const auto layout = unpacked(worker->path);
  expect_consistent(layout);
  EXPECT_EQ(Value::parse(layout.at("index.json")).at("manifests").size(), 2u);
  EXPECT_TRUE(store->find("binary/a"));
  EXPECT_TRUE(store->find("binary/b"));
  const Result<ArtifactFile> single = store->acquire("image/a", quietly, soon());
  ASSERT_TRUE(single.ok());
  EXPECT_EQ(single->version, "1");
}

TEST(ImageArtifact, FailsWithTheNameOfThePartThatIsMissing) {
  Site site;
  site.write("builds/a.c", "not C at all");
  site.write("versions.yaml",
             "binaries:\n  a: {version: \"1\", c: {source: builds/a.c}}\n"
             "images:\n  a: {reference: \"r.example/a:1\", binaries: {/a: a}}\n");
  const Result<ArtifactFile> image = site.open()->acquire("image/a", quietly, soon());
  ASSERT_FALSE(image.ok());
  EXPECT_EQ(image.error().kind, ErrorKind::internal);
  EXPECT_NE(describe(image.error()).find("getting binary/a"), std::string::npos) << describe(image.error());
}

}  // namespace
}  // namespace slipway
