// The add-ons that talk to the provider's cloud: what they are given, and where it may be seen.

#include <filesystem>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/ids.h"
#include "cluster/expand.h"
#include "kube/objects_step.h"
#include "providers/existing/existing_provider.h"
#include "providers/openstack/openstack_provider.h"

namespace slipway {
namespace {

class CloudAddOns : public ::testing::Test {
 protected:
  CloudAddOns() {
    std::filesystem::create_directories(folder);
    EXPECT_TRUE(write_file_atomically(folder + "/clouds.yaml", R"(clouds:
  lab:
    region_name: north
    cacert: )" + folder + R"(/lab.pem
    auth: {auth_url: "https://lab.example:5000/v3", username: me, project_name: shop, password: 'a "quoted" \ word'}
)")
                    .ok());
    EXPECT_TRUE(write_file_atomically(folder + "/lab.pem", "-----BEGIN CERTIFICATE-----\nlab\n").ok());
    for (CertificateKeyPair* authority : {&identity.cluster_ca, &identity.front_proxy_ca, &identity.etcd_ca})
      *authority = *make_authority({.common_name = "test"});
    identity.service_account = *make_key_pair();
    identity.login.public_key = "ssh-ed25519 AAAA";
  }
  ~CloudAddOns() override { std::filesystem::remove_all(folder); }

  Result<void> load(const std::string& addons, const std::string& provider_lines) {
    Result<Spec> parsed =
        parse_spec(folder + "/lab.yaml", "name: lab\n" + provider_lines + "addons: {" + addons + "}\n");
    if (!parsed) return std::move(parsed).error();
    spec = std::move(*parsed);
    membership = *settle_members(spec, state);
    Result<std::unique_ptr<Provider>> made =
        spec.provider == "openstack"
            ? make_openstack_provider(
                  spec,
                  {.surroundings = {.variable = [](const std::string&) { return std::nullopt; }, .folders = {folder}}})
            : make_existing_provider(spec);
    if (!made) return std::move(made).error();
    provider = std::move(*made);
    store.reset();
    store = *StateStore::open({.directory = folder + "/state", .cluster = "lab", .key_file = folder + "/key"});
    Result<Platform> loaded =
        load_platform(*store, spec, membership, identity.cluster_ca, *provider, SLIPWAY_SOURCE, false);
    if (!loaded) return std::move(loaded).error();
    platform = std::move(*loaded);
    return {};
  }
  Result<void> load_on_openstack(
      const std::string& addons = "cinder: {type: fast, default: false}, cloud_controller: {}") {
    return load(addons, R"(provider: openstack
openstack: {cloud: lab, image: debian-12, external_network: public}
ssh: {user: debian, sudo: true}
pools: {control: {role: control-plane, count: 1}, workers: {role: worker, count: 1}}
)");
  }
  std::vector<Value> objects_of(const std::string& add_on) const {
    const Result<std::vector<Value>> loaded =
        load_objects(*platform.find(add_on), platform.variables_of(*platform.find(add_on)));
    EXPECT_TRUE(loaded.ok()) << describe(loaded.error());
    return *loaded;
  }

  const std::string folder = std::filesystem::temp_directory_path() / ("slipway-cloud-" + random_hex(6));
  Identity identity;
  Spec spec;
  State state;
  Membership membership;
  std::unique_ptr<Provider> provider;
  std::unique_ptr<StateStore> store;
  Platform platform;
};

Value object(const std::vector<Value>& objects, const std::string& kind, const std::string& name) {
  for (const Value& one : objects)
    if (text_at(one, "kind") == kind && text_at(one.at("metadata"), "name") == name) return one;
  ADD_FAILURE() << "no " << kind << " " << name;
  return Value::object();
}

TEST_F(CloudAddOns, GetTheProvidersCredentialsInASecretAndNowhereElse) {
  const Result<void> loaded = load_on_openstack();
  ASSERT_TRUE(loaded.ok()) << describe(loaded.error());
  int secrets = 0;
  for (const char* add_on : {"cinder", "cloud_controller"})
    for (const Value& one : objects_of(add_on)) {
      if (text_at(one, "kind") != "Secret") {
        EXPECT_EQ(one.dump().find("quoted"), std::string::npos) << one.dump();
        continue;
      }
      ++secrets;
      EXPECT_EQ(one.at("stringData").at("cloud.conf"), R"([Global]
auth-url = "https://lab.example:5000/v3"
region = "north"
os-endpoint-type = "public"
password = "a \"quoted\" \\ word"
tenant-name = "shop"
tenant-domain-id = "default"
username = "me"
user-domain-id = "default"
ca-file = "/etc/cloud/ca.crt"
[LoadBalancer]
enabled = "false"
)");
      EXPECT_EQ(one.at("stringData").at("ca.crt"), "-----BEGIN CERTIFICATE-----\nlab\n");
    }
  EXPECT_EQ(secrets, 2);
  EXPECT_EQ(platform.variables.dump().find("quoted"), std::string::npos) << "other add-ons see none of it";
  EXPECT_FALSE(platform.variables_of(*platform.find("flannel")).contains("cloud"));
}

TEST_F(CloudAddOns, TellNoCredentialInAPlanAndGiveNodesNone) {
  ASSERT_TRUE(load_on_openstack().ok());
  Graph graph;
  const Result<void> expanded = expand(graph, {spec, state, membership, identity, platform, *provider, SLIPWAY_SOURCE});
  ASSERT_TRUE(expanded.ok()) << describe(expanded.error());
  ASSERT_TRUE(graph.finish().ok());
  size_t steps = 0;
  for (const Node& node : graph.nodes()) {
    const std::string& id = node.info.id.text();
    if (!id.starts_with("addon/c")) continue;
    ++steps;
    const Diff forecast = node.step->forecast(Inputs());
    for (const FieldChange& field : forecast.fields)
      EXPECT_EQ((field.field + field.old_value.dump() + field.new_value.dump()).find("quoted"), std::string::npos)
          << id;
    EXPECT_EQ(node.info.removal.data.dump().find("quoted"), std::string::npos) << id;
  }
  EXPECT_GE(steps, 4U);
  EXPECT_EQ(object(objects_of("cinder"), "DaemonSet", "cinder-node").dump().find("secretName"), std::string::npos);
  EXPECT_EQ(redact("says " + platform.cloud.at("files").at("cloud.conf").get<std::string>()).find("quoted"),
            std::string::npos)
      << "neither does a message";
  const Node& node = graph.nodes()[*graph.find(StepId("node/workers-1"))];
  EXPECT_EQ(node.info.inputs.at("id").step, StepId("machine/workers-1"));
}

TEST_F(CloudAddOns, TheSpecsSettingsReachTheStorageClass) {
  ASSERT_TRUE(load_on_openstack().ok());
  const std::vector<Value> prepared =
      (*ObjectsStep::make({.owner = {"lab", StepId("addon/cinder")}, .objects = objects_of("cinder")}))->objects();
  const Value storage = object(prepared, "StorageClass", "cinder");
  EXPECT_EQ(storage.at("parameters").at("type"), "fast");
  EXPECT_EQ(storage.at("metadata").at("annotations").at("storageclass.kubernetes.io/is-default-class"), "false");
}

TEST_F(CloudAddOns, AreRefusedWithAnotherProvider) {
  for (const char* add_on : {"cinder", "cloud_controller"}) {
    const Result<void> loaded = load(std::string(add_on) + ": {}", R"(provider: existing
network: {endpoint: 10.99.5.10}
pools: {control: {role: control-plane, hosts: [{name: c1, address: 10.99.5.11}]}}
)");
    ASSERT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.error().kind, ErrorKind::bad_input);
    EXPECT_EQ(loaded.error().summary, std::string("the add-on ") + add_on + " is for provider openstack only");
    EXPECT_EQ(loaded.error().found, "provider: existing");
  }
}

TEST_F(CloudAddOns, WithoutACloudControllerNodesAreNobodysBusiness) {
  ASSERT_TRUE(load_on_openstack("cinder: {}").ok());
  Graph graph;
  ASSERT_TRUE(expand(graph, {spec, state, membership, identity, platform, *provider, SLIPWAY_SOURCE}).ok());
  ASSERT_TRUE(graph.finish().ok());
  EXPECT_FALSE(graph.nodes()[*graph.find(StepId("node/workers-1"))].info.inputs.contains("id"));
}

}  // namespace
}  // namespace slipway
