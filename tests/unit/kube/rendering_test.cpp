#include "kube/rendering.h"

#include <filesystem>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/ids.h"
#include "kube/manifest.h"
#include "ports/cluster.h"

#include "fake_api.h"

namespace slipway::testing {
namespace {

namespace fs = std::filesystem;

Rendering chart(const std::string& hooks = "refuse") {
  Rendering rendering;
  rendering.add_on = "shop";
  rendering.folder = "/charts/shop";
  rendering.chart = true;
  rendering.name_space = "shop";
  rendering.hooks = hooks;
  return rendering;
}

std::vector<std::string> keys(const std::vector<Value>& objects) {
  std::vector<std::string> keys;
  for (const Value& object : objects) keys.push_back(describe(key_of(object)));
  return keys;
}
using Keys = std::vector<std::string>;

TEST(Rendered, ObjectsGetTheNamespaceThatTheyDoNotName) {
  const Result<std::vector<Value>> settled = settle_rendered(
      chart(), yamls("{apiVersion: v1, kind: Service, metadata: {name: web}}\n---\n"
                     "{apiVersion: v1, kind: Service, metadata: {name: dns, namespace: kube-system}}\n---\n"
                     "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: web}}\n"));
  ASSERT_TRUE(settled.ok());
  EXPECT_EQ(keys(*settled), (Keys{"Service shop/web", "Service kube-system/dns", "ClusterRole web", "Namespace shop"}));
}

TEST(Rendered, KindsOfTheSameOutputLiveWhereTheirDefinitionSays) {
  const Result<std::vector<Value>> settled = settle_rendered(
      chart(),
      yamls(
          "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: zones.example.org}, "
          "spec: {scope: Cluster, names: {kind: Zone}}}\n---\n"
          "{apiVersion: example.org/v1, kind: Zone, metadata: {name: a}}\n---\n"
          "{apiVersion: example.org/v1, kind: Room, metadata: {name: b}}\n"));
  ASSERT_TRUE(settled.ok());
  EXPECT_EQ(keys(*settled),
            (Keys{"CustomResourceDefinition zones.example.org", "Zone a", "Room shop/b", "Namespace shop"}));
}

TEST(Rendered, ListsAreTakenApartAndAGivenNamespaceIsNotMadeTwice) {
  const Result<std::vector<Value>> settled = settle_rendered(
      chart(), yamls("{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Namespace, metadata: {name: shop}}, "
                     "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}]}"));
  ASSERT_TRUE(settled.ok());
  EXPECT_EQ(keys(*settled), (Keys{"Namespace shop", "ConfigMap shop/a"}));
}

const char* hooked =
    "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n---\n"
    "{apiVersion: batch/v1, kind: Job, metadata: {name: migrate, annotations: {helm.sh/hook: 'pre-install, "
    "pre-upgrade'}}}\n---\n"
    "{apiVersion: v1, kind: Pod, metadata: {name: try, annotations: {helm.sh/hook: test}}}\n---\n"
    "{apiVersion: batch/v1, kind: Job, metadata: {name: clean, annotations: {helm.sh/hook: pre-delete}}}\n";

TEST(Rendered, HooksOfInstallationAreTheUsersDecision) {
  const Result<std::vector<Value>> refused = settle_rendered(chart(), yamls(hooked));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(refused.error().found, "Job migrate (pre-install, pre-upgrade)");
  EXPECT_EQ(keys(*settle_rendered(chart("apply"), yamls(hooked))),
            (Keys{"ConfigMap shop/a", "Job shop/migrate", "Namespace shop"}));
  EXPECT_EQ(keys(*settle_rendered(chart("leave_out"), yamls(hooked))), (Keys{"ConfigMap shop/a", "Namespace shop"}));
}

TEST(Rendered, WorkloadsAreGates) {
  const Result<std::vector<Gate>> gates =
      workload_gates(yamls("{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}}\n---\n"
                           "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: shop}}\n---\n"
                           "{apiVersion: batch/v1, kind: Job, metadata: {name: fill, namespace: shop}}\n"));
  ASSERT_TRUE(gates.ok());
  ASSERT_EQ(gates->size(), 2u);
  EXPECT_EQ((*gates)[0].text, "ready: Deployment shop/web");
  EXPECT_EQ((*gates)[1].text, "ready: Job shop/fill");
}

TEST(RenderSection, NamesEitherAChartOrAKustomization) {
  const Result<Rendering> made =
      rendering_from({{"chart", "./chart"}, {"values", {{"a", 1}}}, {"hooks", "apply"}}, "shop", "/add-ons/shop");
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->folder, "/add-ons/shop/chart");
  EXPECT_EQ(made->name_space, "shop");
  EXPECT_EQ(made->release, "shop");
  for (const Value& wrong : {Value("chart"), Value::object(), Value{{"chart", "a"}, {"kustomize", "b"}},
                             Value{{"kustomize", "a"}, {"values", Value::object()}},
                             Value{{"chart", "a"}, {"hooks", "run"}}, Value{{"chart", "a"}, {"values", 5}}})
    EXPECT_EQ(rendering_from(wrong, "shop", "/").error().kind, ErrorKind::bad_input) << wrong;
}

/// A folder of add-ons, and programs that stand in for kustomize and helm where a test needs to see what they are told.
class RenderedFolder : public ::testing::Test {
 protected:
  RenderedFolder() : path(getenv("PATH")) {
    fs::create_directories(folder / "shop");
    fs::create_directories(folder / "bin");
  }
  ~RenderedFolder() override {
    setenv("PATH", path.c_str(), 1);
    fs::remove_all(folder);
  }
  void file(const std::string& name, const std::string& text) {
    ASSERT_TRUE(write_file_atomically((folder / name).string(), text).ok());
  }
  void program(const std::string& name, const std::string& script) {
    ASSERT_TRUE(write_file_atomically((folder / "bin" / name).string(), "#!/bin/sh\n" + script, 0755).ok());
    setenv("PATH", ((folder / "bin").string() + ":" + path).c_str(), 1);
  }
  Result<std::vector<Value>> objects(const Value& settings = Value::object(), Value variables = Value::object()) {
    Result<AddOn> add_on = read_add_on((folder / "shop").string(), "shop", settings, variables);
    if (!add_on) return std::move(add_on).error();
    return load_objects(*add_on, variables);
  }

  const fs::path folder = fs::temp_directory_path() / ("slipway-rendering-" + random_hex(6));
  const std::string path;
};

TEST_F(RenderedFolder, AChartIsRenderedWithTheSpecsValuesTwice) {
  file("shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n");
  program("helm", "echo \"$@\" >>" + (folder / "told").string() +
                      "\nfor word; do case $word in */values.json) cat $word >" + (folder / "values").string() +
                      ";; esac; done\nprintf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: a}\\n'\n");
  program("kustomize", "cat \"$2/rendered.yaml\"\n");
  const Result<std::vector<Value>> made =
      objects({{"path", "x"}, {"namespace", "front"}, {"values", {{"replicas", 3}, {"on", "yes"}}}},
              {{"kubernetes", {{"version", "1.36.4"}}}});
  ASSERT_TRUE(made.ok()) << describe(made.error());
  EXPECT_EQ(keys(*made), (Keys{"ConfigMap front/a", "Namespace front"}));
  const std::string told = *read_file((folder / "told").string());
  EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 2);
  EXPECT_TRUE(
      told.starts_with("template shop " + (folder / "shop").string() + " --namespace front --include-crds --values "));
  EXPECT_NE(told.find("--kube-version 1.36.4"), std::string::npos);
  EXPECT_EQ(*read_file((folder / "values").string()), R"({"on":"yes","replicas":3})");
}

TEST_F(RenderedFolder, AChartThatIsDifferentEachTimeIsRefused) {
  file("shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n");
  program("helm",
          "printf '# Source: shop/templates/secret.yaml\\napiVersion: v1\\nkind: Secret\\nmetadata: {name: \"'; date "
          "+%N; echo '\"}'\n");
  const Result<std::vector<Value>> made = objects();
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(made.error().found, "a random value or a time in shop/templates/secret.yaml");
}

TEST_F(RenderedFolder, AMissingProgramIsNamedWithWhatToInstall) {
  setenv("PATH", (folder / "bin").c_str(), 1);
  file("shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n");
  const Result<std::vector<Value>> no_helm = objects();
  ASSERT_FALSE(no_helm.ok());
  EXPECT_EQ(no_helm.error().kind, ErrorKind::not_found);
  EXPECT_NE(no_helm.error().advice.find("install helm"), std::string::npos);
  fs::remove(folder / "shop/Chart.yaml");
  file("shop/kustomization.yaml", "resources: []\n");
  const Result<std::vector<Value>> no_kustomize = objects();
  ASSERT_FALSE(no_kustomize.ok());
  EXPECT_EQ(no_kustomize.error().kind, ErrorKind::not_found);
  EXPECT_NE(no_kustomize.error().advice.find("slipway artifacts get binary/kubectl"), std::string::npos);
}

TEST_F(RenderedFolder, WhatTheProgramSaysIsTheError) {
  file("shop/kustomization.yaml", "resources: [missing.yaml]\n");
  program("kustomize", "echo 'accumulating resources: missing.yaml: no such file' >&2\nexit 1\n");
  const Result<std::vector<Value>> made = objects();
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(made.error().found, "accumulating resources: missing.yaml: no such file");
}

TEST_F(RenderedFolder, AnAddOnOfOnesOwnMayRenderAndHaveSecretsAndGates) {
  file("shop/addon.yaml",
       "name: shop\nsecrets: {password: {length: 20}}\nrender: {chart: ./chart, values: {password: "
       "\"${secrets.password}\"}}\n"
       "gates: [{probe: /readyz}]\n");
  fs::create_directories(folder / "shop/chart");
  program("helm",
          "for word; do case $word in */values.json) p=$(cat $word);; esac; done\n"
          "printf 'apiVersion: v1\\nkind: Secret\\nmetadata: {name: a}\\nstringData: {values: %s}\\n' \"'$p'\"\n");
  program("kustomize", "cat \"$2/rendered.yaml\"\n");
  const Result<std::vector<Value>> made = objects(Value::object(), {{"secrets", {{"password", "sesame"}}}});
  ASSERT_TRUE(made.ok()) << describe(made.error());
  EXPECT_EQ((*made)[0]["stringData"]["values"], R"({"password":"sesame"})");
}

TEST_F(RenderedFolder, AFolderOfNeitherKindIsNoAddOn) {
  file("shop/notes.txt", "");
  const Result<std::vector<Value>> made = objects();
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace slipway::testing
