#include "artifacts/catalogue.h"

#include <gtest/gtest.h>

#include "base/text.h"

#include "tests/unit/artifacts/site.h"

namespace slipway {
namespace {

using testing::Site;

const std::string sum_a(64, 'a'), sum_b(64, 'b');

/// Small, and with one of everything.
std::string versions(const std::string& more = {}) {
  return "kubernetes: {default: 1.36.4}\n"
         "go: {minimum: \"1.20\", flags: [-trimpath], ldflags: [\"-s\"]}\n"
         "binaries:\n"
         "  tool:\n"
         "    version: 2.3.4\n"
         "    release: {url: \"https://site.example/v{version}/{arch}/tool-{major}.{minor}-{kubernetes}\", sha256: "
         "{amd64: " +
         sum_a + "}}\n" +
         "    go: {module: tools, package: example.org/tool/v2, ldflags: [\"-X main.version=v{version}\"], tags: [a, "
         "b]}\n"
         "  still: {version: \"1\", c: {source: builds/still.c, flags: [-Os]}}\n"
         "hosts: {all: {tool: /usr/bin/tool}, debian: [runc]}\n"
         "layers: {net: {suite: bookworm, packages: [nftables]}}\n"
         "images:\n"
         "  still: {reference: \"registry.example/still:{still}\", binaries: {/still: still}, roles: [worker, "
         "control-plane]}\n"
         "  tool: {reference: \"registry.example/tool:v{tool}\", layer: net, binaries: {/bin/tool: tool}, roles: "
         "[worker]}\n" +
         more;
}

class CatalogueTest : public ::testing::Test {
 protected:
  void SetUp() override {
    site.write("versions.yaml", versions());
    site.write("builds/tools/go.mod", "module x\n");
    site.write("builds/still.c", "int main(void) { return 0; }\n");
  }
  Catalogue load(const std::string& architecture = "amd64") {
    Result<Catalogue> catalogue = Catalogue::load(site.path("data"), architecture);
    if (!catalogue) throw std::runtime_error(describe(catalogue.error()));
    return std::move(*catalogue);
  }
  Site site;
};

TEST_F(CatalogueTest, FillsInPlaceholders) {
  const Catalogue catalogue = load();
  const Binary& tool = catalogue.binaries().at("tool");
  EXPECT_EQ(tool.release->url, "https://site.example/v2.3.4/amd64/tool-2.3-1.36.4");
  EXPECT_EQ(tool.go->ldflags, std::vector<std::string>{"-X main.version=v2.3.4"});
  EXPECT_EQ(catalogue.images().at("tool").reference, "registry.example/tool:v2.3.4");
  EXPECT_EQ(catalogue.kubernetes(), "1.36.4");
}

TEST_F(CatalogueTest, AReleaseOfKubernetesDecidesVersionModuleAndChecksum) {
  site.write("versions.yaml",
             "kubernetes:\n  default: 1.36.4\n  releases:\n    1.36.4: {module: tools}\n"
             "    1.35.8: {module: older, sha256: {kube: {amd64: " +
                 sum_b +
                 "}}}\n"
                 "binaries:\n"
                 "  kube: {version: \"{kubernetes}\", release: {url: \"https://site.example/v{version}/kube\"}, "
                 "go: {module: \"{kubernetes-module}\", package: example.org/kube, ldflags: [\"-X minor={minor}\"]}}\n"
                 "  still: {version: \"1\", c: {source: builds/still.c}}\n"
                 "images: {kube: {reference: \"registry.example/kube:v{kube}\", binaries: {/kube: kube}}}\n");
  site.write("builds/older/go.mod", "module y\n");
  const Catalogue now = load();
  const Binary& kube = now.binaries().at("kube");
  EXPECT_EQ(now.kubernetes(), "1.36.4");
  EXPECT_EQ(kube.version, "1.36.4");
  EXPECT_EQ(kube.go->module, "tools");
  EXPECT_FALSE(kube.release) << "no checksum of this release is known";
  const Result<Catalogue> before = Catalogue::load(site.path("data"), "amd64", "1.35.8");
  ASSERT_TRUE(before.ok()) << describe(before.error());
  const Binary& older = before->binaries().at("kube");
  EXPECT_EQ(older.version, "1.35.8");
  EXPECT_EQ(older.go->module, "older");
  EXPECT_EQ(older.go->ldflags, std::vector<std::string>{"-X minor=35"});
  ASSERT_TRUE(older.release);
  EXPECT_EQ(older.release->url, "https://site.example/v1.35.8/kube");
  EXPECT_EQ(older.release->sha256, sum_b);
  EXPECT_EQ(before->images().at("kube").reference, "registry.example/kube:v1.35.8");
  EXPECT_NE(before->recipe("binary/kube"), now.recipe("binary/kube"));
  EXPECT_EQ(before->recipe("binary/still"), now.recipe("binary/still"));
}

TEST_F(CatalogueTest, AReleaseThatIsNotOfferedIsRefusedByName) {
  const Result<Catalogue> catalogue = Catalogue::load(SLIPWAY_SOURCE "/playbooks", "amd64", "1.34.0");
  ASSERT_FALSE(catalogue.ok());
  EXPECT_EQ(catalogue.error().kind, ErrorKind::bad_input);
  EXPECT_NE(catalogue.error().expected.find("1.35.8"), std::string::npos);
}

TEST_F(CatalogueTest, AListInAListStandsForItsElements) {
  site.write("versions.yaml", replace_all(versions(), "layers: {net: {suite: bookworm, packages: [nftables]}}",
                                          "layers: {net: {suite: bookworm, packages: [nftables, [curl, [jq]]]}}"));
  EXPECT_EQ(load().layers().at("net").packages, (std::vector<std::string>{"nftables", "curl", "jq"}));
}

TEST_F(CatalogueTest, NamesEveryArtifactAndItsVersion) {
  const Catalogue catalogue = load();
  EXPECT_EQ(catalogue.names(), (std::vector<std::string>{"binary/still", "binary/tool", "image/still", "image/tool",
                                                         "images/control-plane", "images/worker", "layer/net"}));
  EXPECT_EQ(catalogue.version("binary/tool"), "2.3.4");
  EXPECT_EQ(catalogue.version("image/tool"), "v2.3.4");
  EXPECT_EQ(catalogue.version("layer/net"), "bookworm");
  EXPECT_EQ(catalogue.bundles().at("worker"), (std::vector<std::string>{"still", "tool"}));
  EXPECT_EQ(catalogue.host_binaries(), std::vector<std::string>{"tool"});
}

TEST_F(CatalogueTest, ArchitectureWithoutChecksumHasNoRelease) {
  const Catalogue catalogue = load("arm64");
  EXPECT_FALSE(catalogue.binaries().at("tool").release);
  EXPECT_TRUE(catalogue.binaries().at("tool").go);
}

TEST_F(CatalogueTest, RecipeStaysWhileOnlyCommentsChange) {
  const Catalogue before = load();
  site.write("versions.yaml", "# a comment\n" + versions());
  const Catalogue after = load();
  for (const std::string& name : before.names()) EXPECT_EQ(before.recipe(name), after.recipe(name)) << name;
}

TEST_F(CatalogueTest, RecipeFollowsEverythingThatDecidesTheContent) {
  const Catalogue before = load();
  const auto changed = [&](const std::string& from, const std::string& to) {
    site.write("versions.yaml", replace_all(versions(), from, to));
    const Catalogue after = load();
    std::vector<std::string> names;
    for (const std::string& name : before.names())
      if (before.recipe(name) != after.recipe(name)) names.push_back(name);
    return names;
  };
  const std::vector<std::string> of_tool = {"binary/tool", "image/tool", "images/worker"};
  EXPECT_EQ(changed("2.3.4", "2.3.5"), of_tool);
  EXPECT_EQ(changed(sum_a, sum_b), of_tool);
  EXPECT_EQ(changed("-trimpath", "-race"), of_tool);
  EXPECT_EQ(changed("[a, b]", "[a]"), of_tool);
  EXPECT_EQ(changed("-Os", "-O2"),
            (std::vector<std::string>{"binary/still", "image/still", "images/control-plane", "images/worker"}));
  EXPECT_EQ(changed("[nftables]", "[iptables]"),
            (std::vector<std::string>{"image/tool", "images/worker", "layer/net"}));
  EXPECT_EQ(changed("suite: bookworm", "suite: bookworm, revision: \"2\""),
            (std::vector<std::string>{"image/tool", "images/worker", "layer/net"}));
}

TEST_F(CatalogueTest, RecipeFollowsTheBuildFolder) {
  const std::string tool = load().recipe("binary/tool"), still = load().recipe("binary/still");
  site.write("builds/tools/go.sum", "example.org/tool v2.3.4 h1:x\n");
  EXPECT_NE(load().recipe("binary/tool"), tool);
  EXPECT_EQ(load().recipe("binary/still"), still);
  site.write("builds/still.c", "int main(void) { return 1; }\n");
  EXPECT_NE(load().recipe("binary/still"), still);
}

TEST_F(CatalogueTest, RecipeFollowsTheArchitecture) {
  EXPECT_NE(load("amd64").recipe("binary/still"), load("arm64").recipe("binary/still"));
}

TEST_F(CatalogueTest, UnknownNameHasNoRecipeAndAnAdvice) {
  const Catalogue catalogue = load();
  EXPECT_EQ(catalogue.recipe("binary/nope"), "");
  EXPECT_EQ(catalogue.unknown("binary/tol").advice, "did you mean 'binary/tool'?");
}

TEST_F(CatalogueTest, MissingBuildFolderIsSaid) {
  std::filesystem::remove_all(site.path("data/builds/tools"));
  const Result<Catalogue> catalogue = Catalogue::load(site.path("data"), "amd64");
  ASSERT_FALSE(catalogue.ok());
  EXPECT_EQ(catalogue.error().kind, ErrorKind::not_found);
}

struct Fault {
  const char* name;
  std::string yaml;
  std::string message;
};
class CatalogueFaults : public ::testing::TestWithParam<Fault> {};
TEST_P(CatalogueFaults, AreToldAtTheirPlace) {
  Site site;
  site.write("versions.yaml", GetParam().yaml);
  const Result<Catalogue> catalogue = Catalogue::load(site.path("data"), "amd64");
  ASSERT_FALSE(catalogue.ok());
  EXPECT_EQ(catalogue.error().kind, ErrorKind::bad_input);
  EXPECT_NE(describe(catalogue.error()).find(GetParam().message), std::string::npos) << describe(catalogue.error());
  EXPECT_NE(describe(catalogue.error()).find("versions.yaml:"), std::string::npos) << describe(catalogue.error());
}
INSTANTIATE_TEST_SUITE_P(
    Kinds, CatalogueFaults,
    ::testing::Values(
        Fault{"NoBinaries", "images: {}\n", "'binaries' is missing"},
        Fault{"UnknownKey", "binaries:\n  x: {version: \"1\", relase: 1, c: {source: a.c}}\n", "unknown key 'relase'"},
        Fault{"NoVersion", "binaries:\n  x: {c: {source: a.c}}\n", "'version' is missing"},
        Fault{"VersionIsNumber", "binaries:\n  x: {version: 1.20, c: {source: a.c}}\n", "not text"},
        Fault{"NoSource", "binaries:\n  x: {version: \"1\"}\n", "no source"},
        Fault{"BadChecksum", "binaries:\n  x: {version: \"1\", release: {url: u, sha256: {amd64: abc}}}\n",
              "not a SHA-256 checksum"},
        Fault{"BadPlaceholder",
              "binaries:\n  x: {version: \"1\", release: {url: \"{versoin}\", sha256: {amd64: " + sum_a + "}}}\n",
              "unknown placeholder '{versoin}'"},
        Fault{"BadModule", "binaries:\n  x: {version: \"1\", go: {module: ../../etc, package: .}}\n",
              "not a folder name"},
        Fault{"BadName", "binaries:\n  ../x: {version: \"1\", c: {source: a.c}}\n", "not a name"},
        Fault{"ImageOfNothing",
              "binaries: {x: {version: \"1\", c: {source: a.c}}}\nimages: {y: {reference: \"r/y:1\"}}\n",
              "empty image"},
        Fault{"ImageOfUnknownBinary",
              "binaries: {x: {version: \"1\", c: {source: a.c}}}\nimages: {y: {reference: \"r/y:1\", binaries: {/z: "
              "z}}}\n",
              "no such binary"},
        Fault{"ImageWithoutTag",
              "binaries: {x: {version: \"1\", c: {source: a.c}}}\nimages: {y: {reference: \"r:5000/y\", binaries: {/x: "
              "x}}}\n",
              "image reference without a tag"},
        Fault{"BundleOfUnknownImage", "binaries: {x: {version: \"1\", c: {source: a.c}}}\nbundles: {b: [nope]}\n",
              "no such image"}),
    [](const auto& row) { return row.param.name; });

class ShippedVersions : public ::testing::TestWithParam<const char*> {};
TEST_P(ShippedVersions, AreWhole) {
  for (const char* release : {"", "1.36.4", "1.35.8"}) {
    const Result<Catalogue> of_release = Catalogue::load(SLIPWAY_SOURCE "/playbooks", GetParam(), release);
    ASSERT_TRUE(of_release.ok()) << describe(of_release.error());
    EXPECT_TRUE(of_release->binaries().at("kubelet").release) << release;
    EXPECT_EQ(of_release->binaries().at("kubelet").version, of_release->kubernetes());
  }
  const Result<Catalogue> catalogue = Catalogue::load(SLIPWAY_SOURCE "/playbooks", GetParam());
  ASSERT_TRUE(catalogue.ok()) << describe(catalogue.error());
  for (const char* name : {"binary/kubelet", "binary/kubeadm", "binary/kubectl", "binary/containerd", "binary/runc",
                           "images/worker", "images/control-plane", "image/pause", "image/etcd"})
    EXPECT_EQ(catalogue->recipe(name).size(), 64u) << name;
  EXPECT_FALSE(catalogue->go().toolchain.empty());
  // Whatever is fetched is also to be had where no release site is reached.
  for (const auto& [name, binary] : catalogue->binaries()) EXPECT_TRUE(binary.go || binary.debian || binary.c) << name;
}
INSTANTIATE_TEST_SUITE_P(Architectures, ShippedVersions, ::testing::Values("amd64", "arm64"));

}  // namespace
}  // namespace slipway
