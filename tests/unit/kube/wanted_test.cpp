#include "kube/wanted.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "kube/kubeconfig.h"
#include "kube/order.h"
#include "spec/yaml.h"

#include "fake_api.h"

namespace slipway::testing {
namespace {

const ObjectOwner owner{"demo", StepId("addon/metallb/objects")};

std::vector<Value> prepared(const std::string& text) {
  Result<std::vector<Value>> objects = prepare_objects(yamls(text), owner);
  EXPECT_TRUE(objects.ok()) << describe(objects.error());
  return objects ? *objects : std::vector<Value>();
}

TEST(PrepareObjects, OwnershipLabelsAreAddedToTheManifestsOwn) {
  const Value object = prepared("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {mine: x}}}")[0];
  EXPECT_EQ(object["metadata"]["labels"], yaml("{app.kubernetes.io/managed-by: slipway, slipway.dev/cluster: demo, "
                                               "slipway.dev/step: addon.metallb.objects, mine: x}"));
  EXPECT_TRUE(carries_our_label(object, "demo"));
  EXPECT_FALSE(carries_our_label(object, "other"));
}

TEST(PrepareObjects, NullsStatusAndWhatTheServerKeepsAreDropped) {
  const Value object = prepared(
      "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, creationTimestamp: null, resourceVersion: '1'}, "
      "data: {b: null, c: d}, status: {x: y}}")[0];
  EXPECT_EQ(object["data"], yaml("{c: d}"));
  EXPECT_FALSE(object.contains("status"));
  EXPECT_FALSE(object["metadata"].contains("creationTimestamp"));
  EXPECT_FALSE(object["metadata"].contains("resourceVersion"));
}

TEST(PrepareObjects, ASecretsStringDataBecomesData) {
  const Value secret =
      prepared("{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {x: eA==}, stringData: {p: hello}}")[0];
  EXPECT_EQ(secret["data"], (Value{{"x", "eA=="}, {"p", base64_encode("hello")}}));
  EXPECT_FALSE(secret.contains("stringData"));
}

TEST(PrepareObjects, LabelsAndAnnotationsAreText) {
  const Value metadata =
      prepared("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {n: 3}, annotations: {b: true}}}")[0].at(
          "metadata");
  EXPECT_EQ(metadata.at("annotations"), yaml("{b: 'true'}"));
  EXPECT_EQ(metadata.at("labels").at("n"), "3");
}

TEST(PrepareObjects, ListsAreTakenApart) {
  EXPECT_EQ(prepared("{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}, "
                     "{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}]}")
                .size(),
            2u);
}

TEST(PrepareObjects, WhatCannotBeNamedOrIsNamedTwiceIsBadInput) {
  EXPECT_EQ(prepare_objects({yaml("{kind: ConfigMap, metadata: {name: a}}")}, owner).error().kind,
            ErrorKind::bad_input);
  EXPECT_EQ(prepare_objects({yaml("{apiVersion: v1, kind: ConfigMap}")}, owner).error().kind, ErrorKind::bad_input);
  EXPECT_EQ(prepare_objects({yaml("just text")}, owner).error().kind, ErrorKind::bad_input);
  const Value object = yaml("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: x}}");
  EXPECT_EQ(prepare_objects({object, object}, owner).error().found, "ConfigMap x/a");
}

TEST(PrepareObjects, AreSortedForApplying) {
  std::vector<std::string> kinds;
  for (const Value& object : prepared(R"(
{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: a}}
---
{apiVersion: metallb.io/v1beta1, kind: IPAddressPool, metadata: {name: a}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}}
---
{apiVersion: v1, kind: Service, metadata: {name: a}}
---
{apiVersion: v1, kind: Secret, metadata: {name: a}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: a}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: a}}
---
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: a}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: a}}
)"))
    kinds.push_back(object["kind"]);
  EXPECT_EQ(kinds, (std::vector<std::string>{"Namespace", "CustomResourceDefinition", "ServiceAccount", "ClusterRole",
                                             "ClusterRoleBinding", "Secret", "Service", "Deployment", "IPAddressPool",
                                             "ValidatingWebhookConfiguration"}));
}

TEST(Order, DeletingGoesTheOtherWayRound) {
  std::vector<ObjectKey> keys = {
      {"v1", "Namespace", "", "n"}, {"v1", "ConfigMap", "n", "c"}, {"apps/v1", "Deployment", "n", "d"}};
  sort_for_delete(keys);
  EXPECT_EQ(keys[0].kind, "Deployment");
  EXPECT_EQ(keys[2].kind, "Namespace");
}

TEST(LabelValue, IsAlwaysOneThatTheApiTakes) {
  EXPECT_EQ(label_value("addon/metallb/objects"), "addon.metallb.objects");
  EXPECT_EQ(label_value("/x/"), "x");
  const std::string longest = label_value("addon/" + std::string(100, 'a'));
  EXPECT_LE(longest.size(), 63u);
  EXPECT_NE(longest, label_value("addon/" + std::string(101, 'a')));
}

TEST(ObjectKeys, SurviveTheStateFile) {
  const std::vector<ObjectKey> keys = {{"v1", "Namespace", "", "n"}, {"apps/v1", "Deployment", "n", "d"}};
  Value list = Value::array();
  for (const ObjectKey& key : keys) list.push_back(to_value(key));
  EXPECT_EQ(object_keys_from(list).value(), keys);
  EXPECT_EQ(object_keys_from(Value::array({Value::object()})).error().kind, ErrorKind::corrupt);
}

TEST(Kubeconfig, HoldsAllThatKubectlNeeds) {
  const std::string text = kubeconfig_text({.server = "https://10.0.0.10:6443",
                                            .tls_name = "api.demo.internal",
                                            .ca_pem = "CA",
                                            .client_certificate_pem = "CERT",
                                            .client_key_pem = Secret("KEY-MATERIAL")},
                                           "demo");
  const Value config = parse_yaml("kubeconfig", text).value();
  EXPECT_EQ(config["current-context"], "slipway@demo");
  EXPECT_EQ(config["contexts"][0]["context"], yaml("{cluster: demo, user: slipway-demo}"));
  EXPECT_EQ(config["clusters"][0]["cluster"]["server"], "https://10.0.0.10:6443");
  EXPECT_EQ(config["clusters"][0]["cluster"]["tls-server-name"], "api.demo.internal");
  EXPECT_EQ(config["clusters"][0]["cluster"]["certificate-authority-data"], base64_encode("CA"));
  EXPECT_EQ(config["users"][0]["user"]["client-key-data"], base64_encode("KEY-MATERIAL"));
}

}  // namespace
}  // namespace slipway::testing
