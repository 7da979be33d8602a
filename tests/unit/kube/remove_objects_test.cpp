#include "kube/remove_objects.h"

#include <gtest/gtest.h>

#include "kube/objects_step.h"

#include "kube_ports.h"

namespace slipway::testing {
namespace {

const char* manifests = R"(
{apiVersion: v1, kind: Namespace, metadata: {name: lab}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: lab}}
---
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: labs.lab.example}, spec: {group: lab.example, scope: Namespaced, names: {plural: labs, kind: Lab}, versions: [{name: v1, served: true}]}}
)";
using Fields = std::vector<std::string>;

class RemoveObjects : public ::testing::Test {
 protected:
  RemoveObjects() : client(api.client()) {
    KubePorts ports(*client);
    const auto step = *ObjectsStep::make({.owner = {"demo", StepId("addon/lab")}, .objects = yamls(manifests)});
    EXPECT_TRUE(step->apply(ports.writer, step->forecast(Inputs()), Inputs(), recorder).ok());
    data = step->removal().data;
    // The kinds are asked for anew, the definition's among them.
    client = api.client();
    api.requests.clear();
  }

  Diff plan(bool delete_data = false) {
    KubePorts ports(*client);
    const auto step = *RemoveObjectsStep::make(data, delete_data);
    Result<Observation> seen = step->observe(ports.reader, Inputs());
    EXPECT_TRUE(seen.ok()) << describe(seen.error());
    return step->diff(*seen, Inputs());
  }
  Result<Outputs> apply(const Diff& diff, bool delete_data = false) {
    KubePorts ports(*client);
    return (*RemoveObjectsStep::make(data, delete_data))->apply(ports.writer, diff, Inputs(), recorder);
  }
  static Fields names(const Diff& diff) {
    Fields fields;
    for (const FieldChange& change : diff.fields) fields.push_back(change.field);
    return fields;
  }

  FakeApi api;
  std::unique_ptr<KubeClient> client;
  RecordingRecorder recorder;
  Value data;
};

TEST_F(RemoveObjects, DeletesItsObjectsInReverseAndNothingElse) {
  api.put(yaml("{apiVersion: v1, kind: ConfigMap, metadata: {name: theirs, namespace: default}}"));
  const Diff diff = plan();
  EXPECT_EQ(diff.action, Action::remove);
  EXPECT_EQ(diff.reason, Reason::not_in_spec);
  EXPECT_EQ(names(diff),
            (Fields{"ConfigMap/lab/settings", "CustomResourceDefinition/labs.lab.example", "Namespace/lab"}));
  ASSERT_TRUE(apply(diff).ok());
  EXPECT_EQ(plan().action, Action::none);
  EXPECT_TRUE(api.find({"v1", "ConfigMap", "default", "theirs"}).has_value());
  EXPECT_EQ(api.count("DELETE"), 3u);
}

TEST_F(RemoveObjects, ANamespaceThatHoldsVolumesStaysUnlessDataMayGo) {
  api.put(yaml("{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data-db-0, namespace: lab}, spec: {}}"));
  const Diff diff = plan();
  EXPECT_EQ(names(diff), (Fields{"ConfigMap/lab/settings", "CustomResourceDefinition/labs.lab.example"}));
  EXPECT_NE(diff.note.find("Namespace/lab (holds volumes: data-db-0)"), std::string::npos) << diff.note;
  EXPECT_EQ(names(plan(true)).back(), "Namespace/lab");
}

TEST_F(RemoveObjects, ANamespaceWithSomebodyElsesWorkloadStays) {
  api.put(
      yaml("{apiVersion: apps/v1, kind: Deployment, metadata: {name: theirs, namespace: lab}, spec: {selector: {}, "
           "template: {spec: {containers: []}}}}"));
  EXPECT_NE(plan().note.find("holds what is not ours: Deployment/lab/theirs"), std::string::npos) << plan().note;
}

TEST_F(RemoveObjects, ADefinitionOfWhichOthersHaveObjectsStays) {
  api.put(yaml("{apiVersion: lab.example/v1, kind: Lab, metadata: {name: theirs, namespace: default}}"));
  const Diff diff = plan();
  EXPECT_EQ(names(diff), (Fields{"ConfigMap/lab/settings", "Namespace/lab"}));
  EXPECT_NE(diff.note.find("1 objects of this kind are not ours"), std::string::npos) << diff.note;
}

TEST_F(RemoveObjects, WhatSomebodyTookOverSinceThePlanIsNotDeleted) {
  const Diff approved = plan();
  api.put(yaml("{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: fresh, namespace: lab}, spec: {}}"));
  const Result<Outputs> removed = apply(approved);
  ASSERT_FALSE(removed.ok());
  EXPECT_EQ(removed.error().kind, ErrorKind::world_changed);
  EXPECT_TRUE(api.find({"v1", "Namespace", "", "lab"}).has_value());
}

TEST_F(RemoveObjects, UnreadableStateIsSaidSo) {
  EXPECT_EQ(RemoveObjectsStep::make(Value::object(), false).error().kind, ErrorKind::corrupt);
}

}  // namespace
}  // namespace slipway::testing
