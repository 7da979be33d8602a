// One suite for the API in memory and for a real one, so that the fake cannot drift from the truth. The real one is
// taken from a kubeconfig named in SLIPWAY_TEST_KUBECONFIG (client certificate and CA as files or inline); it is
// written to in a namespace of its own, which is deleted at the end.

#include <cstdlib>
#include <gtest/gtest.h>

#include "base/ids.h"
#include "kube/compare.h"
#include "kube/managed_fields.h"
#include "kube/object_view.h"
#include "kube/status.h"
#include "kube/wanted.h"

#include "fake_api.h"
#include "real_api.h"

namespace slipway::testing {
namespace {

Deadline soon() { return Deadline::in(Seconds(30)); }

class ApiContract : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) {
      const char* path = real_kubeconfig();
      if (!path) GTEST_SKIP() << "no real API server: SLIPWAY_TEST_KUBECONFIG is not set";
      client = std::make_unique<KubeClient>(access_from(path));
    } else {
      client = fake.client();
    }
    space = "slipway-test-" + random_hex(4);
    const Result<Value> made =
        client->apply(yaml("{apiVersion: v1, kind: Namespace, metadata: {name: " + space + "}}"), soon());
    ASSERT_TRUE(made.ok()) << describe(made.error());
  }
  void TearDown() override {
    if (!client) return;
    // A real namespace takes seconds to go; nobody here needs to see it go.
    const Deadline deadline = GetParam() ? Deadline::in(Milliseconds(200)) : soon();
    const Result<void> gone = client->remove({"v1", "Namespace", "", space}, deadline);
    EXPECT_TRUE(gone.ok() || gone.error().kind == ErrorKind::timeout) << describe(gone.error());
  }

  ObjectKey deployment_key() const { return {"apps/v1", "Deployment", space, "web"}; }

  Value deployment(const std::string& replicas = "replicas: 2") const {
    return yaml(R"(
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: )" +
                space + R"(, labels: {a: b}}
spec:
  )" + replicas +
                R"(
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: registry.invalid/web:1
        args: [serve, "--quiet"]
        ports: [{containerPort: 80}]
        env: [{name: A, value: "1"}]
        resources: {requests: {cpu: 1000m, memory: 1024Mi}}
      volumes:
      - {name: scratch, emptyDir: {}}
)");
  }

  Value applied(const Value& object) {
    Result<Value> result = client->apply(object, soon());
    EXPECT_TRUE(result.ok()) << describe(result.error());
    return result ? *result : Value();
  }
  Value live(const ObjectKey& key) {
    Result<Value> result = client->get(key, soon());
    EXPECT_TRUE(result.ok()) << describe(result.error());
    return result ? *result : Value();
  }
  /// As `kubectl edit` would: another field manager takes what it changes.
  void edit_as_someone_else(const ObjectKey& key, const Value& patch) {
    if (!GetParam()) return fake.edit(key, patch);
    const std::string command = "kubectl --kubeconfig \"$SLIPWAY_TEST_KUBECONFIG\" -n " + space +
                                " --field-manager=kubectl-edit patch " + key.kind + " " + key.name +
                                " --type=merge -p '" + patch.dump() + "' >/dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0);
  }
  std::vector<std::string> changed(const Value& wanted) {
    Result<Value> preview = client->preview(wanted, soon());
    EXPECT_TRUE(preview.ok()) << describe(preview.error());
    std::vector<std::string> fields;
    if (!preview) return fields;
    const Value now = live(key_of(wanted));
    for (const ObjectChange& change : changes_between(now, *preview))
      // A real controller writes fields of its own in between.
      if (sets_field(wanted, change.path) || owned_by_us(now, change.path)) fields.push_back(text_of(change.path));
    return fields;
  }

  FakeApi fake;
  std::unique_ptr<KubeClient> client;
  std::string space;
};

INSTANTIATE_TEST_SUITE_P(, ApiContract, ::testing::Values(false, true),
                         [](const auto& info) { return info.param ? "Real" : "InMemory"; });

using Fields = std::vector<std::string>;

TEST_P(ApiContract, WhatWasAppliedIsKnownToBeTheSameWithoutADryRun) {
  applied(deployment());
  const Value now = live(deployment_key());
  EXPECT_TRUE(holds_all_of(now, deployment())) << now["spec"].dump(1);
  EXPECT_TRUE(owned_exactly(now, deployment())) << now["metadata"].dump(1);
}

TEST_P(ApiContract, DefaultsAndQuantitiesOfTheServerAreNoDifference) {
  applied(deployment());
  EXPECT_EQ(changed(deployment()), Fields{});
}

TEST_P(ApiContract, PreviewShowsEachChangedFieldAndChangesNothing) {
  applied(deployment());
  const Value before = live(deployment_key());
  EXPECT_EQ(changed(deployment("replicas: 3")), Fields{"spec.replicas"});
  EXPECT_EQ(live(deployment_key())["spec"], before["spec"]);
}

TEST_P(ApiContract, AFieldThatWeNoLongerSetIsSeenAndGivenUp) {
  applied(deployment("replicas: 2\n  minReadySeconds: 7"));
  EXPECT_FALSE(owned_exactly(live(deployment_key()), deployment()));
  EXPECT_EQ(changed(deployment()), Fields{"spec.minReadySeconds"});
  applied(deployment());
  EXPECT_FALSE(live(deployment_key())["spec"].contains("minReadySeconds"));
}

TEST_P(ApiContract, AnotherManagersChangeIsSeenNamedAndTakenBack) {
  applied(deployment());
  edit_as_someone_else(deployment_key(), {{"spec", {{"replicas", 5}}}});
  const Value now = live(deployment_key());
  const FieldPath replicas = {{.name = "spec"}, {.name = "replicas"}};
  EXPECT_FALSE(owned_by_us(now, replicas));
  EXPECT_EQ(other_owners(now, replicas), std::vector<std::string>{"kubectl-edit"});
  EXPECT_TRUE(touched_since_our_apply(now));
  EXPECT_EQ(changed(deployment()), Fields{"spec.replicas"});
  applied(deployment());
  EXPECT_EQ(live(deployment_key())["spec"]["replicas"], 2);
  EXPECT_TRUE(owned_exactly(live(deployment_key()), deployment()));
}

TEST_P(ApiContract, AnotherManagersOwnFieldsAreLeftAlone) {
  applied(deployment());
  edit_as_someone_else(deployment_key(),
                       {{"metadata", {{"annotations", {{"theirs", "yes"}}}}}, {"spec", {{"revisionHistoryLimit", 4}}}});
  EXPECT_TRUE(holds_all_of(live(deployment_key()), deployment()));
  EXPECT_TRUE(owned_exactly(live(deployment_key()), deployment()));
  applied(deployment());
  EXPECT_EQ(live(deployment_key())["spec"]["revisionHistoryLimit"], 4);
  EXPECT_EQ(live(deployment_key())["metadata"]["annotations"]["theirs"], "yes");
}

TEST_P(ApiContract, AnElementInsideAKeyedListIsComparedByItsName) {
  applied(deployment());
  Value wanted = deployment();
  wanted["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.invalid/web:2";
  EXPECT_EQ(changed(wanted), Fields{"spec.template.spec.containers[web].image"});
}

TEST_P(ApiContract, AnImmutableFieldIsToldApart) {
  applied(deployment());
  Value wanted = deployment();
  wanted["spec"]["selector"]["matchLabels"]["app"] = "other";
  wanted["spec"]["template"]["metadata"]["labels"]["app"] = "other";
  const Result<Value> preview = client->preview(wanted, soon());
  ASSERT_FALSE(preview.ok());
  EXPECT_EQ(preview.error().kind, ErrorKind::bad_input);
  EXPECT_TRUE(asks_for_new_object(preview.error())) << describe(preview.error());
}

TEST_P(ApiContract, AnUnknownFieldIsRefusedAsBadInput) {
  Value wanted = deployment();
  wanted["spec"]["replicsa"] = 2;
  const Result<Value> result = client->apply(wanted, soon());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().kind, ErrorKind::bad_input);
  EXPECT_NE(result.error().found.find("replicsa"), std::string::npos) << result.error().found;
}

TEST_P(ApiContract, MissingThingsAreNotFoundAndMissingKindsAreToldApart) {
  const Result<Value> object = client->get({"v1", "ConfigMap", space, "nope"}, soon());
  ASSERT_FALSE(object.ok());
  EXPECT_EQ(object.error().kind, ErrorKind::not_found);
  EXPECT_FALSE(is_unknown_kind(object.error()));
  const Result<std::vector<Value>> kind = client->list({"none.example/v1", "Nothing", "", ""}, "", soon());
  ASSERT_FALSE(kind.ok());
  EXPECT_TRUE(is_unknown_kind(kind.error()));
  const Result<Value> home =
      client->apply(yaml("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: no-such}}"), soon());
  ASSERT_FALSE(home.ok());
  EXPECT_EQ(home.error().kind, ErrorKind::not_found);
  EXPECT_NE(home.error().found.find("namespaces \"no-such\" not found"), std::string::npos) << home.error().found;
}

TEST_P(ApiContract, ListsCarryKindAndVersionAndObeySelectors) {
  for (const char* name : {"a", "b"})
    applied(yaml(std::string("{apiVersion: v1, kind: ConfigMap, metadata: {name: ") + name + ", namespace: " + space +
                 ", labels: {which: " + name + "}}}"));
  const auto both = client->list({"v1", "ConfigMap", space, ""}, "which", soon());
  ASSERT_TRUE(both.ok()) << describe(both.error());
  ASSERT_EQ(both->size(), 2u);
  EXPECT_EQ(key_of((*both)[0]), (ObjectKey{"v1", "ConfigMap", space, "a"}));
  const auto one = client->list({"v1", "ConfigMap", "", ""}, "which=b", soon());
  ASSERT_TRUE(one.ok());
  ASSERT_EQ(one->size(), 1u);
  EXPECT_EQ(key_of((*one)[0]).name, "b");
}

TEST_P(ApiContract, SecretsAreComparedByTheirData) {
  const Result<std::vector<Value>> prepared =
      prepare_objects({yaml("{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: " + space +
                            "}, type: Opaque, stringData: {password: hunter22}}")},
                      {"demo", StepId("addon/x")});
  ASSERT_TRUE(prepared.ok());
  const Value& wanted = prepared->front();
  applied(wanted);
  const Value now = live(key_of(wanted));
  EXPECT_TRUE(holds_all_of(now, wanted));
  EXPECT_TRUE(owned_exactly(now, wanted)) << now["metadata"].dump(1);
}

TEST_P(ApiContract, MergePatchRespectsTheVersionThatWasLookedAt) {
  applied(yaml("{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: " + space + "}, data: {a: '1'}}"));
  const ObjectKey key{"v1", "ConfigMap", space, "c"};
  const Value before = live(key);
  const auto patched = client->patch(key, {{"data", {{"a", "2"}}}}, soon());
  ASSERT_TRUE(patched.ok()) << describe(patched.error());
  EXPECT_EQ((*patched)["data"]["a"], "2");
  const auto stale = client->patch(
      key, {{"metadata", {{"resourceVersion", before["metadata"]["resourceVersion"]}}}, {"data", {{"a", "3"}}}},
      soon());
  ASSERT_FALSE(stale.ok());
  EXPECT_EQ(stale.error().kind, ErrorKind::conflict);
}

TEST_P(ApiContract, RemovingWaitsAndAMissingObjectIsSuccess) {
  const ObjectKey key{"v1", "ConfigMap", space, "gone"};
  EXPECT_TRUE(client->remove(key, soon()).ok());
  applied(yaml("{apiVersion: v1, kind: ConfigMap, metadata: {name: gone, namespace: " + space + "}}"));
  EXPECT_TRUE(client->remove(key, soon()).ok());
  EXPECT_EQ(client->get(key, soon()).error().kind, ErrorKind::not_found);
}

TEST_P(ApiContract, AFinalizerThatHoldsIsNamedWhenTheTimeIsUp) {
  applied(yaml("{apiVersion: v1, kind: ConfigMap, metadata: {name: held, namespace: " + space +
               ", finalizers: [slipway.dev/test]}}"));
  const ObjectKey key{"v1", "ConfigMap", space, "held"};
  const Result<void> removed = client->remove(key, Deadline::in(Milliseconds(300)));
  ASSERT_FALSE(removed.ok());
  EXPECT_EQ(removed.error().kind, ErrorKind::timeout);
  EXPECT_NE(removed.error().found.find("slipway.dev/test"), std::string::npos) << removed.error().found;
  const auto freed = client->patch(key, {{"metadata", {{"finalizers", nullptr}}}}, soon());
  if (!GetParam()) fake.erase(key);
  EXPECT_TRUE(freed.ok()) << describe(freed.error());
}

TEST_P(ApiContract, ANewKindIsServedSoonAfterItsDefinition) {
  const std::string group = space + ".example";
  const Value definition = yaml(R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: labs.)" + group +
                                R"(}
spec:
  group: )" + group + R"(
  scope: Namespaced
  names: {plural: labs, singular: lab, kind: Lab, listKind: LabList}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer, default: 3}}}}}}
)");
  const Value lab =
      yaml("{apiVersion: " + group + "/v1, kind: Lab, metadata: {name: a, namespace: " + space + "}, spec: {size: 4}}");
  ASSERT_FALSE(client->get(key_of(lab), soon()).ok());
  applied(definition);
  EXPECT_TRUE(holds_all_of(live(key_of(definition)), definition));
  EXPECT_TRUE(owned_exactly(live(key_of(definition)), definition));
  Result<Value> made = fail(ErrorKind::not_found, "not tried");
  for (const Deadline until = Deadline::in(Seconds(20)); !made.ok() && !until.passed();)
    made = client->apply(lab, soon());
  ASSERT_TRUE(made.ok()) << describe(made.error());
  EXPECT_EQ(changed(lab), Fields{});
  EXPECT_TRUE(owned_exactly(live(key_of(lab)), lab));
  EXPECT_TRUE(client->remove(key_of(definition), soon()).ok());
}

TEST_P(ApiContract, EvictionIsRefusedByABudgetAndAMissingPodIsSuccess) {
  EXPECT_TRUE(client->evict(space, "no-such-pod", soon()).ok());
  const ObjectKey account{"v1", "ServiceAccount", space, "default"};
  applied(yaml("{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: " + space + "}}"));
  applied(yaml("{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: guard, namespace: " + space +
               "}, spec: {minAvailable: 1, selector: {matchLabels: {app: db}}}}"));
  applied(yaml("{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: " + space +
               ", labels: {app: db}}, spec: {containers: [{name: c, image: registry.invalid/c:1}]}}"));
  if (GetParam()) {
    // A budget guards pods that run: there is no kubelet here to say so.
    const std::string command = "kubectl --kubeconfig \"$SLIPWAY_TEST_KUBECONFIG\" -n " + space +
                                " patch pod db --subresource=status -p '{\"status\":{\"phase\":\"Running\","
                                "\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}' >/dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0);
  }
  const Result<void> evicted = client->evict(space, "db", soon());
  ASSERT_FALSE(evicted.ok());
  EXPECT_EQ(evicted.error().kind, ErrorKind::throttled);
  EXPECT_NE(evicted.error().found.find("guard"), std::string::npos) << evicted.error().found;
}

}  // namespace
}  // namespace slipway::testing
