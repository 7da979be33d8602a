#include "cluster/variables.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

Spec spec_with(const std::string& more) {
  Result<Spec> spec = parse_spec(
      "test.yaml",
      "name: lab\nprovider: local\nlocal: {subnet: 10.99.5.0/24}\n"
      "network: {pods: 10.244.0.0/16, services: 10.96.0.0/16, endpoint: 10.99.5.10, endpoint_name: api.example.org}\n"
      "pools:\n"
      "  control: {role: control-plane, count: 3, size: {cpus: 2, memory: 2GiB, disk: 20GiB}}\n" +
          more);
  EXPECT_TRUE(spec.ok()) << describe(spec.error());
  return std::move(*spec);
}

Value variables_of_the_first(const Spec& spec) {
  const Membership membership = *settle_members(spec, State{});
  return host_variables(spec, membership, membership.members.front(), Versions{"1.36.4", "3.6.1", {}, {}});
}

TEST(Variables, ACertificateNamesEveryControlPlaneAndLeavesItsOwnAddressOut) {
  EXPECT_EQ(text_at(variables_of_the_first(spec_with("")), "certificate_names"),
            "10.96.0.1 10.99.5.10 10.99.5.12 10.99.5.13 127.0.0.1 api.example.org control-1 control-2 control-3 "
            "kubernetes kubernetes.default "
            "kubernetes.default.svc kubernetes.default.svc.cluster.local localhost");
}

TEST(Variables, KubeletArgumentsAreWordsOfASystemdUnit) {
  const Spec spec = spec_with("kubernetes: {extra_args: {kubelet: {v: \"3\", odd: 'a \"b\" $c %d \\e'}}}\n");
  EXPECT_EQ(variables_of_the_first(spec).at("kubelet_arguments"),
            (Value{{{"argument", R"("--odd=a \"b\" $$c %%d \\e")"}}, {{"argument", "\"--v=3\""}}}));
}

TEST(Variables, ACloudControllerMakesKubeletsLeaveAddressesToIt) {
  const Value external = Value::array({{{"argument", "\"--cloud-provider=external\""}}});
  EXPECT_EQ(variables_of_the_first(spec_with("addons: {cloud_controller: {}}\n")).at("kubelet_arguments"), external);
  EXPECT_EQ(variables_of_the_first(spec_with("addons: {cloud_controller: {enabled: false}}\n")).at("kubelet_arguments"),
            Value::array());
}

TEST(Variables, MirrorsAreSortedAsTheHostsSortThem) {
  const Spec spec = spec_with(
      "kubernetes: {registry_mirrors: {local: [\"http://10.0.0.1:5000\"], _default: [], local.example: "
      "[\"https://a.example\", \"https://b.example/v2/proxy\"]}}\n");
  EXPECT_EQ(text_at(variables_of_the_first(spec), "registry_mirrors"),
            "local.example=https://a.example,https://b.example/v2/proxy local=http://10.0.0.1:5000");
}

TEST(Variables, ArgumentsOfTheApiServerStandAsInItsManifest) {
  const Spec spec = spec_with("kubernetes: {extra_args: {apiserver: {audit: \"1\", audit-log-maxage: \"7\"}}}\n");
  const Value variables = variables_of_the_first(spec);
  const std::string lines = text_at(variables, "apiserver_arguments");
  EXPECT_TRUE(lines.starts_with("--audit-log-maxage=7 --audit-log-maxbackup=4 --audit-log-maxsize=50 ")) << lines;
  EXPECT_NE(lines.find(" --audit=1 "), std::string::npos) << "sorted as bytes: '=' comes after '-'";
  EXPECT_NE(lines.find("--encryption-provider-config="), std::string::npos);
  EXPECT_EQ(text_at(variables, "apiserver_argument_names").find("--"), std::string::npos);
}

TEST(Variables, AControlPlaneSavesEtcdAsTheSpecSays) {
  EXPECT_EQ(variables_of_the_first(spec_with("")).at("backup"), (Value{{"keep", "12"}, {"seconds", "21300"}}));
  EXPECT_EQ(variables_of_the_first(spec_with("kubernetes: {etcd_backup: {every_hours: 1, keep: 48}}\n")).at("backup"),
            (Value{{"keep", "48"}, {"seconds", "3300"}}));
}

TEST(Variables, WithoutThoseKeysNothingIsAsked) {
  const Value variables = variables_of_the_first(spec_with(""));
  EXPECT_EQ(variables.at("kubelet_arguments"), Value::array());
  EXPECT_EQ(text_at(variables, "registry_mirrors", "?"), "");
}

}  // namespace
}  // namespace slipway
