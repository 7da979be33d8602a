#include "cluster/platform.h"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <set>

#include "base/file.h"
#include "base/ids.h"
#include "providers/existing/existing_provider.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;

const char* lab = R"(name: lab
addresses: [lab]
values: {replicas: {type: integer, default: 2}}
secrets:
  password: {length: 20}
  hash: {bcrypt: password}
  basic: {basic: {user: reader, password: password}}
certificates:
  tls: {names: [lab.svc, "lab.${ingress.domain}"], addresses: ["${addresses.lab}"]}
volumes:
- $each:
    in: ${each.replicas}
    as: n
    do: {name: "data-${n}", size: 1Gi, claim: "lab/data-lab-${n}"}
parts: [{file: pool.yaml}]
facts: {leader: {first: "0", below: replicas, turn: turn the lab}}
)";

class PlatformTest : public ::testing::Test {
 protected:
  PlatformTest() : folder(fs::temp_directory_path() / ("slipway-platform-" + random_hex(6))) {
    fs::create_directories(folder / "add-ons/lab");
    add_on("lab", "addon.yaml", lab);
    authority = *make_authority({.common_name = "lab"});
    open();
  }
  ~PlatformTest() override {
    store.reset();
    fs::remove_all(folder);
  }
  void open() {
    store.reset();
    Result<std::unique_ptr<StateStore>> opened = StateStore::open(
        {.directory = (folder / "state").string(), .cluster = "lab", .key_file = (folder / "key").string()});
    ASSERT_TRUE(opened.ok()) << describe(opened.error());
    store = std::move(*opened);
  }
  void add_on(const std::string& name, const std::string& file, const std::string& text) {
    fs::create_directories(folder / "add-ons" / name);
    ASSERT_TRUE(write_file_atomically((folder / "add-ons" / name / file).string(), text).ok());
  }
  Result<Platform> load(const std::string& addons = "lab: {path: add-ons/lab}", bool record = true,
                        const std::string& range = ", load_balancers: 10.99.5.200-10.99.5.201") {
    Result<Spec> read =
        parse_spec((folder / "lab.yaml").string(),
                   "name: lab\nprovider: local\nlocal: {subnet: 10.99.5.0/24}\nnetwork: {endpoint: 10.99.5.10" + range +
                       "}\npools:\n  control: {role: control-plane, count: 1}\n  workers: {role: worker, count: 2}\n"
                       "addons: {" +
                       addons + "}\n");
    if (!read) return std::move(read).error();
    spec = std::move(*read);
    membership = *settle_members(spec, store->snapshot());
    return load_platform(*store, spec, membership, authority, **make_existing_provider(spec), SLIPWAY_SOURCE, record);
  }

  const fs::path folder;
  CertificateKeyPair authority;
  std::unique_ptr<StateStore> store;
  Spec spec;
  Membership membership;
};

TEST_F(PlatformTest, WhatIsMadeOnceStaysTheSameInLaterRuns) {
  const Result<Platform> first = load();
  ASSERT_TRUE(first.ok()) << describe(first.error());
  open();
  const Result<Platform> second = load();
  ASSERT_TRUE(second.ok()) << describe(second.error());
  const AddOnGifts &a = first->gifts.at("lab"), &b = second->gifts.at("lab");
  EXPECT_EQ(a.secrets.at("password").reveal().size(), 20u);
  EXPECT_EQ(a.secrets, b.secrets);
  EXPECT_EQ(a.certificates.at("tls").certificate_pem, b.certificates.at("tls").certificate_pem);
  EXPECT_EQ(a.volumes, b.volumes);
  EXPECT_EQ(first->variables.at("addresses"), second->variables.at("addresses"));
}

TEST_F(PlatformTest, APlanKeepsNothing) {
  const std::string before = store->snapshot().facts.dump();
  ASSERT_TRUE(load("lab: {path: add-ons/lab}", false).ok());
  EXPECT_EQ(store->snapshot().facts.dump(), before);
  EXPECT_TRUE(store->snapshot().sealed.empty());
  EXPECT_TRUE(store->snapshot().addresses.empty());
}

TEST_F(PlatformTest, VolumesAreSpreadOverTheWorkers) {
  const Result<Platform> platform = load();
  ASSERT_TRUE(platform.ok());
  EXPECT_EQ(platform->gifts.at("lab").volumes.at("data-0"), MachineName("workers-1"));
  EXPECT_EQ(platform->gifts.at("lab").volumes.at("data-1"), MachineName("workers-2"));
}

TEST_F(PlatformTest, AVolumeKeepsApartFromAnother) {
  add_on("lab", "addon.yaml",
         "name: lab\nvolumes:\n- {name: a, size: 1Gi, claim: lab/a}\n- {name: b, size: 1Gi, claim: lab/b}\n"
         "- {name: c, size: 1Gi, claim: lab/c, apart: a}\n- {name: d, size: 1Gi, claim: lab/d, apart: c}\n");
  const Result<Platform> platform = load();
  ASSERT_TRUE(platform.ok()) << describe(platform.error());
  const auto& volumes = platform->gifts.at("lab").volumes;
  EXPECT_NE(volumes.at("c"), volumes.at("a"));
  EXPECT_NE(volumes.at("d"), volumes.at("c"));
}

TEST_F(PlatformTest, AddressesComeOutOfTheSpecsRangeUntilItIsUsedUp) {
  EXPECT_EQ(load()->variables.at("addresses").at("lab"), "10.99.5.200");
  add_on("two", "addon.yaml", "name: two\naddresses: [a, b]\n");
  const Result<Platform> full = load("lab: {path: add-ons/lab}, two: {path: add-ons/two}");
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().summary, "network.load_balancers has no address left");
  const Result<Platform> none = load("lab: {path: add-ons/lab}", true, "");
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().kind, ErrorKind::bad_input);
}

TEST_F(PlatformTest, OtherNamesOfACertificateWantAnotherOne) {
  const std::string before = load()->gifts.at("lab").certificates.at("tls").certificate_pem;
  EXPECT_EQ(load()->gifts.at("lab").certificates.at("tls").certificate_pem, before);
  add_on("lab", "addon.yaml", "name: lab\ncertificates: {tls: {names: [other.svc]}}\n");
  EXPECT_NE(load()->gifts.at("lab").certificates.at("tls").certificate_pem, before);
}

TEST_F(PlatformTest, ANeedThatIsNotEnabledIsAnErrorWithAdvice) {
  add_on("mine", "addon.yaml", "name: mine\nneeds: [lab]\n");
  const Result<Platform> missing = load("mine: {path: add-ons/mine}");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().summary, "the add-on mine needs the add-on lab");
  EXPECT_TRUE(load("mine: {path: add-ons/mine}, lab: {path: add-ons/lab}").ok());
  add_on("lab", "addon.yaml", "name: lab\nneeds: [mine]\n");
  const Result<Platform> circle = load("mine: {path: add-ons/mine}, lab: {path: add-ons/lab}");
  ASSERT_FALSE(circle.ok());
  EXPECT_EQ(circle.error().summary, "add-ons need each other in a circle");
}

TEST_F(PlatformTest, SecretsOfANeedCanBeNamed) {
  add_on("mine", "addon.yaml", "name: mine\nneeds: [lab]\n");
  const Result<Platform> platform = load("mine: {path: add-ons/mine}, lab: {path: add-ons/lab}");
  ASSERT_TRUE(platform.ok()) << describe(platform.error());
  const Value seen = platform->variables_of(*platform->find("mine"));
  EXPECT_EQ(seen["needs"]["lab"]["secrets"]["password"], platform->gifts.at("lab").secrets.at("password").reveal());
  EXPECT_EQ(seen["needs"]["lab"]["values"]["replicas"], 2);
  EXPECT_TRUE(seen["secrets"].empty());
}

TEST_F(PlatformTest, PoliciesAreEnforcedAsSoonAsAnythingIsEnabled) {
  EXPECT_TRUE(load()->find("network_policy"));
  EXPECT_FALSE(load("")->find("network_policy"));
  EXPECT_FALSE(load("lab: {path: add-ons/lab}, network_policy: {enabled: false}")->find("network_policy"));
  EXPECT_TRUE(load("")->find("storage"));
}

TEST_F(PlatformTest, AFactIsAsAVerbLeftItWhateverTheSpecSays) {
  const Result<Platform> first = load();
  ASSERT_TRUE(first.ok()) << describe(first.error());
  EXPECT_EQ(first->variables_of(*first->find("lab"))["facts"]["leader"], "0");
  ASSERT_TRUE(store->set_fact(add_on_fact("lab", "leader"), "1").ok());
  const Result<Platform> second = load();
  ASSERT_TRUE(second.ok()) << describe(second.error());
  EXPECT_EQ(second->variables_of(*second->find("lab"))["facts"]["leader"], "1");
}

TEST_F(PlatformTest, ASettingThatAFactStandsAboveIsRefused) {
  ASSERT_TRUE(store->set_fact(add_on_fact("lab", "leader"), "1").ok());
  const Result<Platform> refused = load("lab: {path: add-ons/lab, replicas: 1}");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(refused.error().found, "1, while leader is number 1, counted from 0");
  EXPECT_EQ(refused.error().advice, "turn the lab");
}

TEST_F(PlatformTest, AGivenSecretIsTakenOnceAndSealed) {
  add_on(
      "door", "addon.yaml",
      "name: door\nvalues: {locks: {type: list, of: {name: {required: true}, key: {type: secret, required: true}}}}\n");
  const std::string wish =
      "door: {path: add-ons/door, locks: [{name: a, key: {environment: SLIPWAY_TEST_KEY}}, {name: b, key: {file: "
      "b.key}}]}";
  ::unsetenv("SLIPWAY_TEST_KEY");
  const Result<Platform> without = load(wish);
  ASSERT_FALSE(without.ok());
  EXPECT_EQ(without.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(without.error().expected, "the secret for addons.door.locks.a.key");

  ::setenv("SLIPWAY_TEST_KEY", "first-of-the-keys", 1);
  ASSERT_TRUE(write_file_atomically((folder / "b.key").string(), "second-of-the-keys\n").ok());
  const Result<Platform> first = load(wish);
  ASSERT_TRUE(first.ok()) << describe(first.error());
  const Value& locks = first->find("door")->values.at("locks");
  EXPECT_EQ(text_at(locks[0], "key"), "first-of-the-keys");
  EXPECT_EQ(text_at(locks[1], "key"), "second-of-the-keys");
  EXPECT_EQ(redact("it is first-of-the-keys").find("first"), std::string::npos);

  // Sealed: neither the variable nor the file is needed again, and another value takes its place.
  ::unsetenv("SLIPWAY_TEST_KEY");
  fs::remove(folder / "b.key");
  open();
  const Result<Platform> later = load(wish, false);
  ASSERT_TRUE(later.ok()) << describe(later.error());
  EXPECT_EQ(later->find("door")->values, first->find("door")->values);
  ::setenv("SLIPWAY_TEST_KEY", "third-of-the-keys", 1);
  ASSERT_TRUE(load(wish).ok());
  ::unsetenv("SLIPWAY_TEST_KEY");
  const Result<Platform> changed = load(wish);
  ASSERT_TRUE(changed.ok());
  EXPECT_EQ(text_at(changed->find("door")->values.at("locks")[0], "key"), "third-of-the-keys");
}

TEST_F(PlatformTest, MonitoringTellsReceiversAndKeepsObjectives) {
  ::setenv("SLIPWAY_TEST_KEY", "https://hooks.example.org/T0P-S3CRET", 1);
  const Result<Platform> platform = load(
      "monitoring: {receivers: [{name: team, slack: {channel: '#ops'}, secret: {environment: SLIPWAY_TEST_KEY}}, "
      "{name: hook, webhook: {}, secret: {environment: SLIPWAY_TEST_KEY}}], notify: {page: [team, hook], watchdog: "
      "[hook]}, slos: [{name: shop, objective: 99.5, host: shop.example}]}");
  ::unsetenv("SLIPWAY_TEST_KEY");
  ASSERT_TRUE(platform.ok()) << describe(platform.error());
  const AddOn& monitoring = *platform->find("monitoring");
  ASSERT_TRUE(monitoring.figures);
  const Result<std::vector<Value>> objects = load_objects(monitoring, platform->variables_of(monitoring));
  ASSERT_TRUE(objects.ok()) << describe(objects.error());
  std::set<std::string> rules;
  for (const Value& object : *objects) {
    const std::string kind = object["kind"], name = object["metadata"]["name"];
    if (kind == "PrometheusRule") rules.insert(name);
    EXPECT_EQ(object.dump().find("T0P-S3CRET") != std::string::npos, kind == "Secret") << kind << " " << name;
    // The operator reads its configuration's dialect off the version.
    if (kind == "Prometheus" || kind == "Alertmanager") {
      EXPECT_TRUE(text_at(object["spec"], "image").ends_with(":" + text_at(object["spec"], "version"))) << name;
    }
    if (kind != "AlertmanagerConfig") continue;
    EXPECT_EQ(object["spec"]["receivers"].size(), 3u);
    EXPECT_EQ(object["spec"]["receivers"][1]["name"], "hook");
    EXPECT_EQ(object["spec"]["route"]["routes"][0]["routes"].size(), 2u);
    EXPECT_EQ(object["spec"]["route"]["routes"][1]["routes"], Value::array());
  }
  EXPECT_TRUE(rules.contains("slo-shop") && rules.contains("slo-shop-series") && rules.contains("signals"));
}

}  // namespace
}  // namespace slipway
