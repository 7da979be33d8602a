#include "kube/compare.h"

#include <gtest/gtest.h>

#include "kube/managed_fields.h"
#include "base/quantity.h"

#include "fake_api.h"

namespace slipway::testing {
namespace {

std::vector<std::string> fields(const std::string& live, const std::string& next) {
  std::vector<std::string> names;
  for (const ObjectChange& change : changes_between(yaml(live), yaml(next))) names.push_back(text_of(change.path));
  return names;
}
using Fields = std::vector<std::string>;

TEST(ChangesBetween, NamesEachFieldByItsPath) {
  EXPECT_EQ(fields("{spec: {replicas: 1, paused: true}}", "{spec: {replicas: 2}}"),
            (Fields{"spec.paused", "spec.replicas"}));
}

TEST(ChangesBetween, KeysWithDotsStandInBrackets) {
  EXPECT_EQ(
      fields("{metadata: {labels: {app.kubernetes.io/name: a}}}", "{metadata: {labels: {app.kubernetes.io/name: b}}}"),
      Fields{"metadata.labels[app.kubernetes.io/name]"});
}

TEST(ChangesBetween, ElementsAreMatchedByName) {
  EXPECT_EQ(fields("{c: [{name: a, image: 1}, {name: b, image: 1}]}",
                   "{c: [{name: b, image: 2}, {name: a, image: 1}, {name: d}]}"),
            (Fields{"c[b].image", "c[d]"}));
}

TEST(ChangesBetween, ElementsWithoutNamesAreMatchedByPlaceOrAreOneChange) {
  EXPECT_EQ(fields("{args: [a, b]}", "{args: [a, c]}"), Fields{"args[1]"});
  EXPECT_EQ(fields("{args: [a, b]}", "{args: [a]}"), Fields{"args"});
}

TEST(ChangesBetween, AnOrderOfNamedElementsIsAChange) {
  EXPECT_EQ(fields("{c: [{name: a}, {name: b}]}", "{c: [{name: b}, {name: a}]}"), Fields{"c"});
}

TEST(ChangesBetween, WhatTheServerKeepsDoesNotCount) {
  EXPECT_EQ(fields("{metadata: {resourceVersion: '1', generation: 1, uid: a, managedFields: []}, status: {ready: 1}}",
                   "{metadata: {resourceVersion: '2', generation: 2, uid: a, managedFields: [1]}, status: {ready: 0}}"),
            Fields{});
}

struct HoldsRow {
  std::string name, live, wanted;
  bool holds;
};
class Holds : public ::testing::TestWithParam<HoldsRow> {};
TEST_P(Holds, AllOfWhatIsWanted) {
  EXPECT_EQ(holds_all_of(yaml(GetParam().live), yaml(GetParam().wanted)), GetParam().holds);
}
INSTANTIATE_TEST_SUITE_P(
    , Holds,
    ::testing::Values(HoldsRow{"MoreIsFine", "{a: 1, b: 2}", "{a: 1}", true},
                      HoldsRow{"AnotherValueIsNot", "{a: 1}", "{a: 2}", false},
                      HoldsRow{"AMissingValueIsNot", "{}", "{a: 1}", false},
                      HoldsRow{"EmptyEqualsAbsent", "{}", "{a: {}, b: [], c: false, d: 0, e: ''}", true},
                      HoldsRow{"QuantitiesByAmount", "{resources: {requests: {cpu: '1', memory: 1Gi}}}",
                               "{resources: {requests: {cpu: 1000m, memory: 1024Mi}}}", true},
                      HoldsRow{"AQuantityGivenAsANumber", "{resources: {limits: {cpu: '2'}}}",
                               "{resources: {limits: {cpu: 2}}}", true},
                      HoldsRow{"TextThatLooksLikeAQuantityIsText", "{data: {a: '1'}}", "{data: {a: 1000m}}", false},
                      HoldsRow{"AListOfAnotherLength", "{a: [1, 2]}", "{a: [1]}", false},
                      HoldsRow{"DefaultsInsideElements", "{ports: [{port: 80, protocol: TCP}]}",
                               "{ports: [{port: 80}]}", true}),
    [](const auto& info) { return info.param.name; });

TEST(Overlaid, KeepsWhatIsNotWantedAndMatchesElementsByName) {
  EXPECT_EQ(
      overlaid(yaml("{a: 1, c: [{name: x, image: 1, policy: Always}, {name: y}]}"), yaml("{c: [{name: x, image: 2}]}")),
      yaml("{a: 1, c: [{name: x, image: 2, policy: Always}, {name: y}]}"));
}

TEST(SetsField, KnowsWhatAManifestSets) {
  const Value wanted = yaml("{spec: {containers: [{name: web, image: x}], args: [a]}}");
  const FieldPath image = {
      {.name = "spec"}, {.name = "containers"}, {.name = "web", .element = true}, {.name = "image"}};
  EXPECT_TRUE(sets_field(wanted, image));
  EXPECT_TRUE(sets_field(wanted, {{.name = "spec"}}));
  EXPECT_TRUE(sets_field(wanted, {{.name = "spec"}, {.name = "args"}, {.name = "0", .element = true}}));
  EXPECT_FALSE(sets_field(wanted, {{.name = "metadata"}, {.name = "annotations"}}));
  FieldPath other = image;
  other[2].name = "sidecar";
  EXPECT_FALSE(sets_field(wanted, other));
}

struct QuantityRow {
  std::string name, a, b;
};
class SameAmount : public ::testing::TestWithParam<QuantityRow> {};
TEST_P(SameAmount, InAnyNotation) {
  const auto a = parse_quantity(GetParam().a), b = parse_quantity(GetParam().b);
  ASSERT_TRUE(a && b);
  EXPECT_TRUE(*a == *b);
}
INSTANTIATE_TEST_SUITE_P(, SameAmount,
                         ::testing::Values(QuantityRow{"Milli", "1000m", "1"}, QuantityRow{"Binary", "1Gi", "1024Mi"},
                                           QuantityRow{"Decimal", "1.5k", "1500"}, QuantityRow{"Exponent", "2e3", "2k"},
                                           QuantityRow{"Fraction", "0.5", "500m"},
                                           QuantityRow{"Negative", "-1", "-1000m"},
                                           QuantityRow{"Big", "1Ei", "1152921504606846976"}),
                         [](const auto& info) { return info.param.name; });

TEST(Quantity, OtherTextIsNone) {
  for (const char* text :
       {"", "abc", "1x", "Gi", "1GiB", "1.2.3", "--1", "1e", "999999999999999999999999999999999999999"})
    EXPECT_FALSE(parse_quantity(text).has_value()) << text;
}

/// An entry as server 1.36 writes it.
const char* managed = R"(
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  managedFields:
  - manager: slipway
    operation: Apply
    apiVersion: apps/v1
    time: "2026-01-02T00:00:00Z"
    fieldsV1:
      f:spec:
        f:replicas: {}
        f:template:
          f:spec:
            f:containers:
              'k:{"name":"c"}':
                .: {}
                f:name: {}
                f:args: {}
                f:ports:
                  'k:{"containerPort":80,"protocol":"TCP"}': {.: {}, f:containerPort: {}}
  - manager: kubectl
    operation: Update
    subresource: scale
    apiVersion: apps/v1
    time: "2026-01-01T00:00:00Z"
    fieldsV1: {f:spec: {f:replicas: {}}}
)";

const char* wanted_text = R"(
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  template: {spec: {containers: [{name: c, args: [a, b], ports: [{containerPort: 80}]}]}}
)";

TEST(ManagedFields, OfAnObjectWithoutMetadataAreAQuestionLikeAnyOther) {
  Value wanted = yaml(wanted_text);
  wanted.erase("metadata");
  // Names have no owner, so that nothing is missing.
  EXPECT_TRUE(owned_exactly(yaml(managed), wanted));
  wanted["spec"]["paused"] = true;
  EXPECT_FALSE(owned_exactly(yaml(managed), wanted));
}

TEST(ManagedFields, ExactlyOursWithADefaultedKeyField) { EXPECT_TRUE(owned_exactly(yaml(managed), yaml(wanted_text))); }

TEST(ManagedFields, OneFieldMoreOrLessIsNotExact) {
  Value wanted = yaml(wanted_text);
  wanted["spec"]["paused"] = true;
  EXPECT_FALSE(owned_exactly(yaml(managed), wanted));
  wanted = yaml(wanted_text);
  wanted["spec"].erase("replicas");
  EXPECT_FALSE(owned_exactly(yaml(managed), wanted));
  wanted = yaml(wanted_text);
  wanted["spec"]["template"]["spec"]["containers"].push_back({{"name", "d"}});
  EXPECT_FALSE(owned_exactly(yaml(managed), wanted));
}

TEST(ManagedFields, AnotherVersionOfTheKindIsNotExact) {
  Value wanted = yaml(wanted_text);
  wanted["apiVersion"] = "apps/v2";
  EXPECT_FALSE(owned_exactly(yaml(managed), wanted));
}

TEST(ManagedFields, OwnersAreNamedWithTheirSubresource) {
  EXPECT_EQ(other_owners(yaml(managed), {{.name = "spec"}, {.name = "replicas"}}),
            std::vector<std::string>{"kubectl (scale)"});
  const FieldPath argument = {{.name = "spec"},
                              {.name = "template"},
                              {.name = "spec"},
                              {.name = "containers"},
                              {.name = "c", .element = true, .value = yaml("{name: c}")},
                              {.name = "args"},
                              {.name = "0", .element = true, .value = "a"}};
  EXPECT_TRUE(owned_by_us(yaml(managed), argument)) << "a leaf owns all below it";
  EXPECT_FALSE(touched_since_our_apply(yaml(managed))) << "kubectl wrote before us";
}

TEST(ManagedFields, AnObjectWithoutEntriesIsNobodys) {
  const Value bare = yaml("{metadata: {name: a}}");
  EXPECT_FALSE(applied_by_us(bare));
  EXPECT_FALSE(owned_exactly(bare, yaml("{metadata: {name: a}}")));
  EXPECT_EQ(other_owners(bare, {{.name = "spec"}}), std::vector<std::string>{});
}

}  // namespace
}  // namespace slipway::testing
