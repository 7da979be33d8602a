#include "kube/manifest.h"

#include <filesystem>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/ids.h"

#include "fake_api.h"

namespace slipway::testing {
namespace {

namespace fs = std::filesystem;

class AddOnFolder : public ::testing::Test {
 protected:
  AddOnFolder() : folder(fs::temp_directory_path() / ("slipway-addon-" + random_hex(6)) / "lab") {
    fs::create_directories(folder);
  }
  ~AddOnFolder() override { fs::remove_all(folder.parent_path()); }
  void write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(write_file_atomically((folder / name).string(), text).ok());
  }
  Result<AddOn> load(const std::string& settings = "{}") {
    return load_add_on(folder.string(), yaml(settings),
                       yaml("{network: {pods: 10.244.0.0/16, load_balancers: 10.0.0.200-10.0.0.219}, images: {web: "
                            "'slipway.local/web:1'}}"));
  }
  Error refused(const std::string& settings = "{}") {
    Result<AddOn> add_on = load(settings);
    EXPECT_FALSE(add_on.ok());
    return add_on.ok() ? Error() : add_on.error();
  }

  const fs::path folder;
};

const char* head = R"(name: lab
description: A laboratory.
needs: [metallb]
images: [web]
url: http://${values.host}/
values:
  host: {type: text, default: lab.example, about: Its name}
  replicas: {type: integer, default: 2, least: 1, most: 5}
  storage: {type: size, default: 1Gi}
  mode: {choices: [fast, safe], default: safe}
  pools: {type: list, default: []}
gates:
- ready: Deployment lab/web
- probe: http://web.lab.svc:8080/${values.mode}
)";

TEST_F(AddOnFolder, IsReadWithItsPlaceholdersFilledIn) {
  write("addon.yaml", head);
  write("20-web.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: lab}\n"
        "spec: {replicas: \"${values.replicas}\", image: \"${images.web}\"}\n");
  write("10-base.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: lab}\n---\n"
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: net, namespace: lab}\ndata: {pods: \"${network.pods}\"}\n");
  write("notes.txt", "not ours to read");
  const Result<AddOn> add_on = load("{enabled: true, replicas: 3, mode: fast}");
  ASSERT_TRUE(add_on.ok()) << describe(add_on.error());
  EXPECT_EQ(add_on->name, "lab");
  EXPECT_EQ(add_on->needs, std::vector<std::string>{"metallb"});
  EXPECT_EQ(add_on->images, std::vector<std::string>{"web"});
  EXPECT_EQ(add_on->url, "http://lab.example/");
  EXPECT_EQ(add_on->values, yaml("{host: lab.example, replicas: 3, storage: 1Gi, mode: fast, pools: []}"));
  ASSERT_EQ(add_on->gates.size(), 2u);
  EXPECT_EQ(add_on->gates[1].url, "http://web.lab.svc:8080/fast");
  ASSERT_EQ(add_on->objects.size(), 3u);
  EXPECT_EQ(add_on->objects[0]["kind"], "Namespace");
  EXPECT_EQ(add_on->objects[1]["data"]["pods"], "10.244.0.0/16");
  EXPECT_EQ(add_on->objects[2]["spec"], yaml("{replicas: 3, image: 'slipway.local/web:1'}"));
}

TEST_F(AddOnFolder, SettingsInsideListsAndMapsAreCheckedAndCompleted) {
  write("addon.yaml", R"(name: lab
values:
  doors:
    type: list
    default: []
    of: {name: {required: true}, key: {type: secret}, lock: {type: map, of: {pins: {type: integer, default: 5, most: 9}}}}
  notify: {type: map, default: {}, of: {page: {type: list, default: []}}}
)");
  const Result<AddOn> add_on =
      load("{doors: [{name: a, key: {environment: KEY}, lock: {}}, {name: b, lock: {pins: 7}}]}");
  ASSERT_TRUE(add_on.ok()) << describe(add_on.error());
  EXPECT_EQ(add_on->values, yaml("{doors: [{name: a, key: {environment: KEY}, lock: {pins: 5}}, "
                                 "{name: b, key: ~, lock: {pins: 7}}], notify: {page: []}}"));
  EXPECT_EQ(refused("{doors: [{name: a}, {lock: {}}]}").where, "addons.lab.doors.1.name");
  EXPECT_EQ(refused("{doors: [{name: a, lock: {pins: 10}}]}").where, "addons.lab.doors.0.lock.pins");
  EXPECT_EQ(refused("{doors: [{name: a, enabled: true}]}").summary, "unknown setting");
  EXPECT_EQ(refused("{doors: [a]}").where, "addons.lab.doors.0");
  EXPECT_EQ(refused("{notify: {pages: []}}").advice, "did you mean 'page'?");
}

TEST_F(AddOnFolder, ASecretInTheSpecIsRefusedAndNotRepeated) {
  write("addon.yaml", "name: lab\nvalues: {key: {type: secret}}\n");
  const Error error = refused("{key: hunter2-hunter2}");
  EXPECT_EQ(error.where, "addons.lab.key");
  EXPECT_EQ(describe(error).find("hunter2"), std::string::npos);
  EXPECT_EQ(refused("{key: {environment: A, file: b}}").kind, ErrorKind::bad_input);
}

TEST_F(AddOnFolder, ADocumentThatIsAListStandsForItsElements) {
  write("addon.yaml", head);
  write("pools.yaml",
        "- $each: {in: \"${values.pools}\", as: pool, do: {apiVersion: v1, kind: ConfigMap, metadata: {name: "
        "\"${pool}\", namespace: lab}}}\n");
  EXPECT_EQ(load()->objects.size(), 0u);
  const Result<AddOn> two = load("{pools: [a, b]}");
  ASSERT_TRUE(two.ok()) << describe(two.error());
  ASSERT_EQ(two->objects.size(), 2u);
  EXPECT_EQ(two->objects[1]["metadata"]["name"], "b");
}

TEST_F(AddOnFolder, SettingsAreCheckedAgainstTheirRows) {
  write("addon.yaml", head);
  EXPECT_EQ(refused("{replica: 3}").advice, "did you mean 'replicas'?");
  EXPECT_EQ(refused("{replica: 3}").where, "addons.lab.replica");
  EXPECT_EQ(refused("{replicas: 9}").expected, "at most 5");
  EXPECT_EQ(refused("{replicas: 0}").expected, "at least 1");
  EXPECT_EQ(refused("{replicas: two}").expected, "integer");
  EXPECT_EQ(refused("{storage: 5}").expected, "a size such as 2Gi");
  EXPECT_EQ(refused("{mode: wild}").expected, "[\"fast\",\"safe\"]");
  EXPECT_EQ(refused("[1]").kind, ErrorKind::bad_input);
}

TEST_F(AddOnFolder, ARequiredSettingIsAskedFor) {
  write("addon.yaml", "name: lab\nvalues: {password: {type: text, required: true, about: The admin's password}}\n");
  const Error error = refused();
  EXPECT_EQ(error.where, "addons.lab.password");
  EXPECT_EQ(error.expected, "text: The admin's password");
}

TEST_F(AddOnFolder, FaultsAreToldAtTheirPlace) {
  const std::string path = (folder / "addon.yaml").string();
  write("addon.yaml", "name: lab\nimags: [web]\n");
  EXPECT_EQ(refused().where, path + ":2:1");
  EXPECT_EQ(refused().advice, "did you mean 'images'?");
  write("addon.yaml", "name: other\n");
  EXPECT_EQ(refused().where, path + ":1:7");
  write("addon.yaml", "name: lab\nimages: [wbe]\n");
  EXPECT_EQ(refused().where, path + ":2:10");
  EXPECT_EQ(refused().advice, "did you mean 'web'?");
  write("addon.yaml", "name: lab\ngates:\n- raedy: x\n");
  EXPECT_EQ(refused().where, path + ":3:3");
  write("addon.yaml", "name: lab\n");
  write("a.yaml", "kind: ConfigMap\n");
  EXPECT_EQ(refused().where, (folder / "a.yaml").string() + ":1:1");
  write("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"${network.pod}\"}\n");
  EXPECT_TRUE(refused().where.starts_with((folder / "a.yaml").string() + ":3:")) << refused().where;
}

TEST_F(AddOnFolder, WhatIsMadeForItIsReadFromItsSections) {
  write("addon.yaml",
        "name: lab\naddresses: [web]\nplaybook: lab-hosts\nobjects: [artifact: lab-crds]\n"
        "values: {size: {type: size, default: 1Gi}, replicas: {type: integer, default: 2}}\n"
        "secrets: {hash: {bcrypt: login}, login: {length: 30}}\n"
        "certificates: {tls: {names: [a.svc, '']}}\n"
        "volumes:\n- $each: {in: '${each.replicas}', as: n, do: {name: 'd-${n}', size: '${values.size}', claim: "
        "'lab/d-${n}', "
        "owner: '999:999'}}\n"
        "parts: [{file: with.yaml, with: monitoring}, {file: pool.yaml}]\n");
  write("with.yaml", "not: an object\n");
  write("pool.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: pool, namespace: lab}\n");
  const Result<AddOn> add_on = load();
  ASSERT_TRUE(add_on.ok()) << describe(add_on.error());
  ASSERT_EQ(add_on->secrets.size(), 2u);
  EXPECT_EQ(add_on->secrets[0].name, "login");  // What follows from it comes later.
  EXPECT_EQ(add_on->secrets[0].length, 30);
  EXPECT_EQ(add_on->secrets[1].bcrypt, "login");
  EXPECT_EQ(add_on->certificates.at(0).names, std::vector<std::string>{"a.svc"});
  ASSERT_EQ(add_on->volumes.size(), 2u);
  EXPECT_EQ(add_on->volumes[1].claim, "d-1");
  EXPECT_EQ(add_on->volumes[1].name_space, "lab");
  EXPECT_EQ(add_on->volumes[1].owner, "999:999");
  ASSERT_EQ(add_on->parts.size(), 2u);
  EXPECT_EQ(add_on->parts[0].name, "with-monitoring");
  EXPECT_EQ(add_on->parts[1].name, "pool");
  EXPECT_EQ(add_on->artifacts, std::vector<std::string>{"lab-crds"});
  EXPECT_TRUE(add_on->objects.empty());
  EXPECT_EQ(load_objects(*add_on, add_on->parts[1], Value())->size(), 1u);
}

TEST_F(AddOnFolder, FaultsOfItsSectionsAreTold) {
  const auto refuses = [&](const std::string& section, const std::string& summary) {
    write("addon.yaml", "name: lab\n" + section + "\n");
    EXPECT_EQ(refused().summary, summary) << section;
    EXPECT_TRUE(refused().where.starts_with((folder / "addon.yaml").string() + ":2:")) << refused().where;
  };
  refuses("secrets: {a: {length: 3}}", "length of a secret");
  refuses("secrets: {a: {bcrypt: b}}", "a secret follows from one that is not there");
  refuses("certificates: {a: {addresses: [10.0.0.1]}}", "a certificate for nobody");
  refuses("volumes: [{name: a, size: 1Gi, claim: b}]", "not a volume");
  refuses("volumes: [{name: a, size: big, claim: b/c}]", "not a size");
  refuses("volumes: [{name: a, size: 1Gi, claim: b/c, owner: postgres}]", "not an owner");
  refuses("parts: [{file: ../x.yaml}]", "not a file of the add-on's folder");
  refuses("parts: [{file: a.yaml, with: x}, {file: b.yaml, with: x}]", "two parts of one name");
  refuses("objects: [file: x]", "not objects of an artifact");
}

TEST_F(AddOnFolder, AFolderWithoutAddonYamlIsNone) { EXPECT_EQ(refused().kind, ErrorKind::not_found); }

}  // namespace
}  // namespace slipway::testing
