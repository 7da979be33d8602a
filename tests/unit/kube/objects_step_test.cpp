#include "kube/objects_step.h"

#include <gtest/gtest.h>

#include "kube_ports.h"

namespace slipway::testing {
namespace {

const char* manifests = R"(
apiVersion: v1
kind: Namespace
metadata: {name: lab}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: lab}
data: {mode: fast}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: lab}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "web:1", resources: {requests: {cpu: 1000m}}}
)";
const ObjectKey settings{"v1", "ConfigMap", "lab", "settings"};
const ObjectKey web{"apps/v1", "Deployment", "lab", "web"};
using Fields = std::vector<std::string>;

class Objects : public ::testing::Test {
 protected:
  Objects() : client(api.client()) {}

  std::unique_ptr<ObjectsStep> step(const std::vector<Value>& objects, std::vector<ObjectKey> recorded = {},
                                    bool adopt = false) {
    Result<std::unique_ptr<ObjectsStep>> made = ObjectsStep::make(
        {.owner = {"demo", StepId("addon/lab")}, .objects = objects, .recorded = recorded, .adopt = adopt});
    EXPECT_TRUE(made.ok()) << describe(made.error());
    return std::move(*made);
  }
  std::unique_ptr<ObjectsStep> step(const std::string& text, std::vector<ObjectKey> recorded = {}) {
    return step(yamls(text), std::move(recorded));
  }

  Diff plan(const ObjectsStep& step) {
    KubePorts ports(*client);
    Result<Observation> seen = step.observe(ports.reader, Inputs());
    EXPECT_TRUE(seen.ok()) << describe(seen.error());
    return seen ? step.diff(*seen, Inputs()) : Diff{};
  }
  Result<Outputs> apply(const ObjectsStep& step, const Diff& diff) {
    KubePorts ports(*client);
    return step.apply(ports.writer, diff, Inputs(), recorder);
  }
  /// Plans and applies; answers the recorded inventory.
  std::vector<ObjectKey> settle(const ObjectsStep& step) {
    Result<Outputs> outputs = apply(step, plan(step));
    EXPECT_TRUE(outputs.ok()) << describe(outputs.error());
    return outputs ? recorded_inventory(Value(*outputs)) : std::vector<ObjectKey>();
  }
  static Fields names(const Diff& diff) {
    Fields fields;
    for (const FieldChange& change : diff.fields) fields.push_back(change.field);
    return fields;
  }

  FakeApi api;
  std::unique_ptr<KubeClient> client;
  RecordingRecorder recorder;
};

TEST_F(Objects, NothingThereIsACreateOfAllInOrder) {
  const auto lab = step(manifests);
  const Diff diff = plan(*lab);
  EXPECT_EQ(diff.action, Action::create);
  EXPECT_EQ(diff.reason, Reason::missing);
  EXPECT_EQ(names(diff), (Fields{"Namespace/lab", "ConfigMap/lab/settings", "Deployment/lab/web"}));
  EXPECT_EQ(names(lab->forecast(Inputs())), names(diff));
  EXPECT_EQ(settle(*lab).size(), 3u);
  EXPECT_EQ(recorder.intents, std::vector<std::string>{"demo/addon/lab"})
      << "one durable intent before the first create";
}

TEST_F(Objects, ASecondLookFindsNothingToDoWithoutADryRun) {
  const auto inventory = settle(*step(manifests));
  api.requests.clear();
  const Diff diff = plan(*step(manifests, inventory));
  EXPECT_EQ(diff.action, Action::none) << diff.fields.size();
  EXPECT_EQ(api.count("PATCH"), 0u);
  EXPECT_EQ(api.count("GET"), 3u) << "one list per kind";
}

TEST_F(Objects, AHundredObjectsOfAKindCostOneList) {
  std::string many;
  for (int i = 0; i < 100; ++i)
    many +=
        "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: c" + std::to_string(i) + ", namespace: default}}\n";
  const auto inventory = settle(*step(many));
  api.requests.clear();
  EXPECT_EQ(plan(*step(many, inventory)).action, Action::none);
  EXPECT_EQ(api.requests, Fields{"GET /api/v1/configmaps"});
}

TEST_F(Objects, DriftIsFoundNamedAndMendedAndNothingElseIsWritten) {
  const auto inventory = settle(*step(manifests));
  api.edit(web, {{"spec", {{"replicas", 5}}}});
  const auto lab = step(manifests, inventory);
  const Diff diff = plan(*lab);
  EXPECT_EQ(diff.action, Action::update);
  EXPECT_EQ(diff.reason, Reason::drift);
  ASSERT_EQ(names(diff), Fields{"Deployment/lab/web spec.replicas"});
  EXPECT_EQ(diff.fields[0].old_value, 5);
  EXPECT_EQ(diff.fields[0].new_value, 2);
  EXPECT_NE(diff.note.find("spec.replicas by kubectl-edit"), std::string::npos) << diff.note;
  api.requests.clear();
  settle(*lab);
  EXPECT_EQ(api.find(web)->at("spec").at("replicas"), 2);
  EXPECT_EQ(api.count("PATCH") - api.count("PATCH /apis/apps/v1/namespaces/lab/deployments/web?dryRun"), 1u);
  EXPECT_EQ(plan(*step(manifests, inventory)).action, Action::none);
}

TEST_F(Objects, AFieldThatWeNeverSetIsLeftAlone) {
  const auto inventory = settle(*step(manifests));
  api.edit(web, {{"metadata", {{"annotations", {{"note", "theirs"}}}}}, {"spec", {{"revisionHistoryLimit", 3}}}});
  EXPECT_EQ(plan(*step(manifests, inventory)).action, Action::none);
}

TEST_F(Objects, AChangedManifestIsASpecChange) {
  const auto inventory = settle(*step(manifests));
  std::vector<Value> objects = yamls(manifests);
  objects[2]["spec"]["template"]["spec"]["containers"][0]["image"] = "web:2";
  objects[1]["data"]["extra"] = "1";
  const Diff diff = plan(*step(objects, inventory));
  EXPECT_EQ(diff.reason, Reason::spec_changed);
  EXPECT_EQ(names(diff), (Fields{"ConfigMap/lab/settings data.extra",
                                 "Deployment/lab/web spec.template.spec.containers[web].image"}));
}

TEST_F(Objects, AFieldThatLeftTheManifestIsGivenUp) {
  const auto inventory = settle(*step(manifests));
  std::vector<Value> objects = yamls(manifests);
  objects[1]["data"] = {{"other", "x"}};
  const auto lab = step(objects, inventory);
  EXPECT_EQ(names(plan(*lab)), (Fields{"ConfigMap/lab/settings data.mode", "ConfigMap/lab/settings data.other"}));
  settle(*lab);
  EXPECT_EQ(api.find(settings)->at("data"), yaml("{other: x}"));
}

TEST_F(Objects, ADeletedObjectIsMissingAndMadeAgain) {
  const auto inventory = settle(*step(manifests));
  api.erase(settings);
  const auto lab = step(manifests, inventory);
  const Diff diff = plan(*lab);
  EXPECT_EQ(diff.action, Action::update);
  EXPECT_EQ(diff.reason, Reason::missing);
  EXPECT_EQ(names(diff), Fields{"ConfigMap/lab/settings"});
  settle(*lab);
  EXPECT_TRUE(api.find(settings).has_value());
}

TEST_F(Objects, WhatIsNotOursIsShownAndNotFought) {
  api.put(yaml("{apiVersion: v1, kind: Namespace, metadata: {name: lab}}"));
  api.put(yaml("{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: lab}, data: {mode: theirs}}"));
  const auto lab = step(manifests);
  const Diff diff = plan(*lab);
  EXPECT_EQ(names(diff), Fields{"Deployment/lab/web"});
  EXPECT_NE(diff.note.find("ConfigMap/lab/settings exists and is not ours"), std::string::npos) << diff.note;
  const auto inventory = settle(*lab);
  EXPECT_EQ(inventory, std::vector<ObjectKey>{web});
  EXPECT_EQ(api.find(settings)->at("data").at("mode"), "theirs");
}

TEST_F(Objects, AdoptingTakesOverAndNeverDeletes) {
  api.put(yaml("{apiVersion: v1, kind: ConfigMap, metadata: {name: coredns, namespace: kube-system}, data: {a: '1', b: "
               "'2'}}"),
          "kubeadm");
  const std::vector<Value> wanted =
      yamls("{apiVersion: v1, kind: ConfigMap, metadata: {name: coredns, namespace: kube-system}, data: {a: '9'}}");
  const auto tuning = step(wanted, {}, true);
  const Diff diff = plan(*tuning);
  EXPECT_EQ(diff.action, Action::update);
  EXPECT_NE(diff.note.find("data.a by kubeadm"), std::string::npos) << diff.note;
  EXPECT_EQ(settle(*tuning), std::vector<ObjectKey>{});
  const ObjectKey key{"v1", "ConfigMap", "kube-system", "coredns"};
  EXPECT_EQ(api.find(key)->at("data"), yaml("{a: '9', b: '2'}"));
  EXPECT_TRUE(is_adopted(*api.find(key)));
  EXPECT_EQ(plan(*step(wanted, {}, true)).action, Action::none);
  EXPECT_EQ(plan(*step(std::vector<Value>{}, {key})).action, Action::update) << "only the inventory is put right";
  EXPECT_EQ(names(plan(*step(std::vector<Value>{}, {key}))), Fields{"inventory"});
}

TEST_F(Objects, WhatStateHasNoRecordOfIsTakenIntoItWithoutAChange) {
  const auto inventory = settle(*step(manifests));
  EXPECT_EQ(names(plan(*step(manifests))), Fields{"inventory"});
  const auto found = ObjectsStep::make(
      {.owner = {"demo", StepId("addon/lab")}, .objects = yamls(manifests), .recorded = {}, .settled = false});
  ASSERT_TRUE(found.ok());
  KubePorts ports(*client);
  const Result<Observation> seen = (*found)->observe(ports.reader, Inputs());
  ASSERT_TRUE(seen.ok());
  EXPECT_EQ((*found)->diff(*seen, Inputs()).action, Action::none);
  EXPECT_EQ(recorded_inventory(Value(seen->outputs)), inventory) << "what the run then records";
}

TEST_F(Objects, AnObjectWhoseLabelWasTakenOffIsStillOurs) {
  const auto inventory = settle(*step(manifests));
  api.edit(settings, {{"metadata", {{"labels", nullptr}}}});
  const Diff diff = plan(*step(manifests, inventory));
  EXPECT_EQ(diff.action, Action::update);
  EXPECT_EQ(names(diff).front().substr(0, 38), "ConfigMap/lab/settings metadata.labels");
}

TEST_F(Objects, WhatLeftTheManifestIsPruned) {
  const auto inventory = settle(*step(manifests));
  std::vector<Value> objects = yamls(manifests);
  objects.erase(objects.begin() + 1);
  const auto lab = step(objects, inventory);
  const Diff diff = plan(*lab);
  EXPECT_EQ(diff.action, Action::update);
  EXPECT_EQ(diff.reason, Reason::not_in_spec);
  ASSERT_EQ(names(diff), Fields{"ConfigMap/lab/settings"});
  EXPECT_EQ(diff.fields[0].old_value, "present");
  EXPECT_TRUE(diff.fields[0].new_value.is_null());
  EXPECT_EQ(settle(*lab).size(), 2u);
  EXPECT_FALSE(api.find(settings).has_value());
}

TEST_F(Objects, PruningWhatHoldsDataNeedsApproval) {
  const std::string claim =
      "---\n{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, namespace: lab}, spec: {}}\n";
  const auto inventory = settle(*step(manifests + claim));
  EXPECT_EQ(plan(*step(manifests, inventory)).action, Action::replace);
}

TEST_F(Objects, AVolumeThatIsNoLongerWantedStaysAndGoesWithItsClaimOnlyByDeleteData) {
  const std::string volume =
      "---\n{apiVersion: v1, kind: PersistentVolume, metadata: {name: lab-data}, spec: {claimRef: {namespace: lab, "
      "name: data-lab-0}}}\n";
  api.put(yaml("{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data-lab-0, namespace: lab}}"));
  auto inventory = settle(*step(manifests + volume));
  const Diff quiet = plan(*step(manifests, inventory));
  EXPECT_EQ(quiet.action, Action::none);
  EXPECT_EQ(quiet.note, "stays: PersistentVolume/lab-data (--delete-data)");
  const Result<std::unique_ptr<ObjectsStep>> deleting = ObjectsStep::make({.owner = {"demo", StepId("addon/lab")},
                                                                           .objects = yamls(manifests),
                                                                           .recorded = inventory,
                                                                           .delete_data = true});
  ASSERT_TRUE(deleting.ok());
  EXPECT_EQ(plan(**deleting).action, Action::replace);
  settle(**deleting);
  EXPECT_FALSE(api.find({"v1", "PersistentVolume", "", "lab-data"}).has_value());
  EXPECT_FALSE(api.find({"v1", "PersistentVolumeClaim", "lab", "data-lab-0"}).has_value());
}

TEST_F(Objects, OnlyTheInventoryIsPrunedNotWhatMerelyCarriesOurLabel) {
  const auto inventory = settle(*step(manifests));
  Value stray = yaml(
      "{apiVersion: v1, kind: ConfigMap, metadata: {name: stray, namespace: lab, labels: "
      "{app.kubernetes.io/managed-by: slipway, slipway.dev/cluster: demo}}}");
  api.put(stray);
  EXPECT_EQ(plan(*step(manifests, inventory)).action, Action::none);
}

TEST_F(Objects, AnImmutableFieldIsAReplaceThatMakesTheObjectAgain) {
  const auto inventory = settle(*step(manifests));
  const std::string old_uid = api.find(web)->at("metadata").at("uid");
  std::vector<Value> objects = yamls(manifests);
  objects[2]["spec"]["selector"]["matchLabels"]["app"] = "web2";
  objects[2]["spec"]["template"]["metadata"]["labels"]["app"] = "web2";
  const auto lab = step(objects, inventory);
  const Diff diff = plan(*lab);
  EXPECT_EQ(diff.action, Action::replace);
  EXPECT_EQ(names(diff).front(), "Deployment/lab/web");
  EXPECT_NE(diff.note.find("field is immutable"), std::string::npos) << diff.note;
  settle(*lab);
  EXPECT_NE(api.find(web)->at("metadata").at("uid"), old_uid);
  EXPECT_EQ(api.find(web)->at("spec").at("selector").at("matchLabels").at("app"), "web2");
}

TEST_F(Objects, AnApplyRefusesWhatItsDiffLacks) {
  const auto inventory = settle(*step(manifests));
  const auto lab = step(manifests, inventory);
  api.edit(web, {{"spec", {{"replicas", 5}}}});
  const Diff approved = plan(*lab);
  api.edit(web, {{"spec", {{"template", {{"metadata", {{"labels", {{"app", "hijacked"}}}}}}}}}});
  const Result<Outputs> outputs = apply(*lab, approved);
  ASSERT_FALSE(outputs.ok());
  EXPECT_EQ(outputs.error().kind, ErrorKind::world_changed);
  EXPECT_NE(outputs.error().found.find("labels.app"), std::string::npos) << outputs.error().found;
  EXPECT_EQ(api.find(web)->at("spec").at("replicas"), 5) << "nothing of it was written";
}

TEST_F(Objects, AnObjectThatIsNotInTheDiffIsNotTouched) {
  const auto inventory = settle(*step(manifests));
  const auto lab = step(manifests, inventory);
  api.edit(web, {{"spec", {{"replicas", 5}}}});
  const Diff approved = plan(*lab);
  api.edit(settings, {{"data", {{"mode", "slow"}}}});
  EXPECT_TRUE(apply(*lab, approved).ok());
  EXPECT_EQ(api.find(web)->at("spec").at("replicas"), 2);
  EXPECT_EQ(api.find(settings)->at("data").at("mode"), "slow") << "the next plan will show it";
}

TEST_F(Objects, SecretsAppearInNoDiff) {
  const std::string secret =
      "{apiVersion: v1, kind: Secret, metadata: {name: login, namespace: default}, stringData: {password: hunter22}}";
  const auto inventory = settle(*step(secret));
  const ObjectKey key{"v1", "Secret", "default", "login"};
  api.edit(key, {{"data", {{"password", "c29tZXRoaW5n"}}}});
  const auto lab = step(secret, inventory);
  KubePorts ports(*client);
  const Observation seen = *lab->observe(ports.reader, Inputs());
  const Diff diff = lab->diff(seen, Inputs());
  ASSERT_EQ(names(diff), Fields{"Secret/default/login data.password"});
  EXPECT_TRUE(diff.fields[0].sensitive);
  EXPECT_TRUE(diff.fields[0].old_value.is_null() && diff.fields[0].new_value.is_null());
  EXPECT_EQ(seen.facts.dump().find("c29tZXRoaW5n"), std::string::npos);
  EXPECT_EQ(seen.facts.dump().find("aHVudGVyMjI"), std::string::npos);
}

const char* with_definition = R"(
apiVersion: lab.example/v1
kind: Lab
metadata: {name: one, namespace: default}
spec: {size: 3}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: labs.lab.example}
spec: {group: lab.example, scope: Namespaced, names: {plural: labs, kind: Lab}, versions: [{name: v1, served: true}]}
)";

TEST_F(Objects, AnObjectOfANewKindIsPlannedBeforeItsDefinitionExistsAndMadeAfterIt) {
  api.establish_after = 3;
  const auto lab = step(with_definition);
  EXPECT_EQ(names(plan(*lab)), (Fields{"CustomResourceDefinition/labs.lab.example", "Lab/default/one"}));
  EXPECT_EQ(settle(*lab).size(), 2u);
  EXPECT_TRUE(api.find({"lab.example/v1", "Lab", "default", "one"}).has_value());
  EXPECT_EQ(api.count("GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions/labs.lab.example"), 4u)
      << "waited until it was established";
}

TEST_F(Objects, AWebhookThatIsNotUpYetIsWaitedFor) {
  int refused = 0;
  api.intercept = [&](const HttpRequest& request) -> std::optional<Result<HttpResponse>> {
    if (request.method != "PATCH" || ++refused > 3) return std::nullopt;
    return Result<HttpResponse>(HttpResponse{
        .status = 500,
        .body =
            R"({"kind":"Status","message":"Internal error occurred: failed calling webhook \"w\": refused","code":500})"});
  };
  EXPECT_EQ(settle(*step("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: default}}")).size(), 1u);
}

TEST_F(Objects, WhereDryRunsAreForbiddenTheComparisonIsOurOwn) {
  const auto inventory = settle(*step(manifests));
  api.edit(web, {{"spec", {{"replicas", 5}}}});
  api.intercept = [&](const HttpRequest& request) -> std::optional<Result<HttpResponse>> {
    if (request.url.find("dryRun") == std::string::npos) return std::nullopt;
    return Result<HttpResponse>(HttpResponse{
        .status = 400,
        .body = R"({"kind":"Status","message":"admission webhook \"w\" does not support dry run","code":400})"});
  };
  EXPECT_EQ(names(plan(*step(manifests, inventory))), Fields{"Deployment/lab/web spec.replicas"});
}

TEST_F(Objects, ALostInventoryIsRecordedAgain) {
  const auto inventory = settle(*step(manifests));
  const auto lab = step(manifests);  // Killed between the last apply and the record of the result.
  const Diff diff = plan(*lab);
  EXPECT_EQ(diff.action, Action::update);
  EXPECT_EQ(names(diff), Fields{"inventory"});
  api.requests.clear();
  EXPECT_EQ(settle(*lab), inventory);
  EXPECT_EQ(api.count("PATCH"), 0u);
}

TEST_F(Objects, ASecondTryAfterAFailureGoesOnWhereTheFirstStopped) {
  const auto lab = step(manifests);
  const Diff diff = plan(*lab);
  int writes = 0;
  api.intercept = [&](const HttpRequest& request) -> std::optional<Result<HttpResponse>> {
    if (request.method != "PATCH" || ++writes != 2) return std::nullopt;
    return Result<HttpResponse>(fail(ErrorKind::unavailable, "connection cut"));
  };
  EXPECT_FALSE(apply(*lab, diff).ok());
  EXPECT_TRUE(apply(*lab, diff).ok());
  EXPECT_TRUE(api.find(web).has_value());
  EXPECT_EQ(plan(*step(manifests, {{"v1", "Namespace", "", "lab"}, settings, web})).action, Action::none);
}

TEST_F(Objects, ACancelledRunStopsBetweenTwoObjects) {
  const auto lab = step(manifests);
  recorder.stop = true;
  const Result<Outputs> outputs = apply(*lab, plan(*lab));
  ASSERT_FALSE(outputs.ok());
  EXPECT_EQ(outputs.error().kind, ErrorKind::cancelled);
}

TEST_F(Objects, AnObjectThatIsBeingDeletedIsWaitedForAndMadeAgain) {
  const auto inventory = settle(*step(manifests));
  api.edit(settings, {{"metadata", {{"deletionTimestamp", "2026-01-01T00:00:00Z"}}}});
  const auto lab = step(manifests, inventory);
  EXPECT_EQ(names(plan(*lab)), Fields{"ConfigMap/lab/settings"});
  settle(*lab);
  EXPECT_FALSE(api.find(settings)->at("metadata").contains("deletionTimestamp"));
}

TEST_F(Objects, TheRemovalNamesAllThatTheStepEverMade) {
  const auto lab = step(manifests, {{"v1", "Secret", "lab", "older"}});
  const Removal removal = lab->removal();
  EXPECT_EQ(removal.kind, "objects");
  EXPECT_EQ(removal.data["cluster"], "demo");
  EXPECT_EQ(object_keys_from(removal.data["objects"])->size(), 4u);
}

}  // namespace
}  // namespace slipway::testing
