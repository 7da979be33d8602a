// The parts of provider `openstack` that need no cloud, and its connection against recorded answers.

#include <filesystem>
#include <gtest/gtest.h>
#include <thread>

#include "base/file.h"
#include "base/ids.h"
#include "providers/openstack/api.h"
#include "providers/openstack/graph_writer.h"
#include "providers/openstack/inside.h"
#include "providers/openstack/lookups.h"
#include "providers/openstack/security_rules.h"
#include "providers/openstack/user_data.h"

#include "tests/openstack/recorded_cloud.h"

namespace slipway::openstack {
namespace {

namespace fs = std::filesystem;
using testing_support::CloudCall;
using testing_support::RecordedCloud;

std::string recorded_folder() { return std::string(SLIPWAY_SOURCE) + "/tests/openstack/recorded"; }

Value recorded_body(const std::string& name) {
  return Value::parse(read_file(recorded_folder() + "/" + name + ".json").value()).at("response").at("body");
}

// --- credentials -----------------------------------------------------------------------------------------------------

class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest() : folder(fs::temp_directory_path() / ("slipway-clouds-" + random_hex(6))) {
    fs::create_directories(folder / "near");
    fs::create_directories(folder / "far");
  }
  ~CredentialsTest() override { fs::remove_all(folder); }
  void write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(write_file_atomically(folder / name, text, 0600).ok());
  }
  Result<Credentials> find(const std::string& cloud = {}) {
    return find_credentials(cloud, {.variable = [this](const std::string& name) -> std::optional<std::string> {
                                      const auto found = variables.find(name);
                                      return found == variables.end() ? std::nullopt : std::optional(found->second);
                                    },
                                    .folders = {folder / "near", folder / "far"}});
  }
  fs::path folder;
  std::map<std::string, std::string> variables;
};

constexpr const char* two_clouds = R"(clouds:
  lab:
    region_name: north
    interface: internalURL
    cacert: /etc/ssl/lab.pem
    verify: false
    auth: {auth_url: "https://lab.example:5000/v3", username: me, project_name: shop, user_domain_name: Users,
           project_domain_name: Shops}
  other:
    auth_type: v3applicationcredential
    auth: {auth_url: "https://other.example", application_credential_id: abc, application_credential_secret: topsecret}
)";

TEST_F(CredentialsTest, CloudIsReadFromTheFirstFolderAndItsSecretsFromSecureYaml) {
  write("near/clouds.yaml", two_clouds);
  write("far/clouds.yaml", "clouds: {lab: {auth: {auth_url: wrong}}}");
  write("far/secure.yaml", "clouds: {lab: {auth: {password: 12345678}}}");
  const Result<Credentials> who = find("lab");
  ASSERT_TRUE(who.ok()) << describe(who.error());
  EXPECT_EQ(who->auth_url, "https://lab.example:5000/v3");
  EXPECT_EQ(who->password.reveal(), "12345678") << "a password of digits is text";
  EXPECT_EQ(who->region, "north");
  EXPECT_EQ(who->interface, "internal");
  EXPECT_EQ(who->ca_file, "/etc/ssl/lab.pem");
  EXPECT_TRUE(who->insecure);
  EXPECT_EQ(who->user_domain_name, "Users");
  EXPECT_EQ(who->project_domain_name, "Shops");
}

TEST_F(CredentialsTest, VariablesServeWhereNoCloudIsNamed) {
  variables = {{"OS_AUTH_URL", "http://k:5000"}, {"OS_USERNAME", "me"},        {"OS_PASSWORD", "hidden1"},
               {"OS_TENANT_NAME", "shop"},       {"OS_REGION_NAME", "north"},  {"OS_INTERFACE", "internal"},
               {"OS_CACERT", "/ca.pem"},         {"OS_USER_DOMAIN_NAME", "U"}, {"OS_PROJECT_DOMAIN_ID", "p"}};
  const Result<Credentials> who = find();
  ASSERT_TRUE(who.ok()) << describe(who.error());
  EXPECT_EQ(who->project_name, "shop");
  EXPECT_EQ(who->interface, "internal");
  EXPECT_EQ(who->user_domain_name, "U");
  EXPECT_EQ(who->project_domain_id, "p");
  EXPECT_FALSE(who->insecure);
}

TEST_F(CredentialsTest, NamedCloudWinsOverVariables) {
  write("near/clouds.yaml", two_clouds);
  variables = {{"OS_AUTH_URL", "http://k:5000"}, {"OS_CLOUD", "other"}};
  const Result<Credentials> who = find();
  ASSERT_TRUE(who.ok()) << describe(who.error());
  EXPECT_EQ(who->application_credential_id, "abc");
  EXPECT_EQ(
      token_request(*who).dump(),
      R"({"auth":{"identity":{"application_credential":{"id":"abc","secret":"topsecret"},"methods":["application_credential"]}}})")
      << "a scope beside an application credential is refused by Keystone";
}

TEST_F(CredentialsTest, UnknownCloudNamesTheNearestAndAllThatAreThere) {
  write("near/clouds.yaml", two_clouds);
  const Result<Credentials> who = find("labb");
  ASSERT_FALSE(who.ok());
  EXPECT_EQ(who.error().kind, ErrorKind::not_found);
  EXPECT_EQ(who.error().expected, "lab, other");
  EXPECT_EQ(who.error().advice, "did you mean 'lab'?");
}

TEST_F(CredentialsTest, WithoutANameAndSeveralCloudsNoneIsGuessed) {
  write("near/clouds.yaml", two_clouds);
  const Result<Credentials> who = find();
  ASSERT_FALSE(who.ok());
  EXPECT_EQ(who.error().kind, ErrorKind::bad_input);
}

TEST_F(CredentialsTest, WhatIsMissingIsNamed) {
  write("near/clouds.yaml", two_clouds);
  const Result<Credentials> who = find("lab");
  ASSERT_FALSE(who.ok());
  EXPECT_TRUE(who.error().found.starts_with("no password in cloud 'lab' of ")) << who.error().found;
  variables = {{"OS_AUTH_URL", "http://k"}, {"OS_USERNAME", "me"}, {"OS_PASSWORD", "hidden1"}};
  EXPECT_EQ(find().error().found, "no project_name or project_id in the OS_* variables");
}

// --- catalogue -------------------------------------------------------------------------------------------------------

TEST(Inside, AnApplicationCredentialSpeaksForItself) {
  Credentials who;
  who.auth_url = "https://lab.example";
  who.auth_type = "v3applicationcredential";
  who.application_credential_id = "abc";
  who.application_credential_secret = Secret("topsecret");
  who.user_name = "me";
  who.project_name = "shop";
  who.insecure = true;
  EXPECT_EQ(Inside(who).files().value().at("cloud.conf"), R"([Global]
auth-url = "https://lab.example"
os-endpoint-type = "public"
application-credential-id = "abc"
application-credential-secret = "topsecret"
tls-insecure = "true"
[LoadBalancer]
enabled = "false"
)");
  EXPECT_EQ(Inside(who).node_id("17"), "openstack:///17");
}

TEST(Inside, ATokenIsNotHandedOnSinceItEnds) {
  Credentials who;
  who.origin = "cloud 'lab'";
  who.auth_type = "token";
  who.token = Secret("some-token");
  const auto files = Inside(who).files();
  ASSERT_FALSE(files.ok());
  EXPECT_EQ(files.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(files.error().found, "cloud 'lab'");
}

TEST(Inside, AMissingAuthorityIsToldBeforeAnythingIsMade) {
  Credentials who;
  who.origin = "cloud 'lab'";
  who.auth_type = "password";
  who.ca_file = "/nowhere/lab.pem";
  EXPECT_EQ(Inside(who).files().error().kind, ErrorKind::not_found);
}

TEST(Catalogue, RecordedTokenTellsWhereEachServiceAnswers) {
  const Result<Catalogue> catalogue = Catalogue::read(recorded_body("token")["token"], "", "public");
  ASSERT_TRUE(catalogue.ok()) << describe(catalogue.error());
  EXPECT_EQ(catalogue->region(), "RegionOne");
  EXPECT_EQ(*catalogue->base(Service::compute), "http://127.0.0.1:8774/v2.1");
  EXPECT_EQ(*catalogue->base(Service::network), "http://127.0.0.1:9696/v2.0");
  EXPECT_EQ(*catalogue->base(Service::image), "http://127.0.0.1:9292/v2");
  EXPECT_EQ(*catalogue->base(Service::volume), "http://127.0.0.1:8776/v3/60c7c031cbf74c3dafff0d0eb950168d");
}

TEST(Catalogue, UnknownRegionNamesThoseThatAreThere) {
  const Result<Catalogue> catalogue = Catalogue::read(recorded_body("token")["token"], "RegionTwo", "public");
  ASSERT_FALSE(catalogue.ok());
  EXPECT_EQ(catalogue.error().expected, "RegionOne");
}

TEST(Catalogue, SeveralRegionsAndNoneChosenIsAnError) {
  Value token = recorded_body("token")["token"];
  for (Value& service : token["catalog"]) {
    Value more = service["endpoints"][0];
    more["region"] = more["region_id"] = "North";
    service["endpoints"].push_back(more);
  }
  const Result<Catalogue> catalogue = Catalogue::read(token, "", "public");
  ASSERT_FALSE(catalogue.ok());
  EXPECT_EQ(catalogue.error().found, "North, RegionOne");
}

TEST(Catalogue, TokenUrlIsTheSameWhateverEndingTheAuthUrlHas) {
  for (const char* url : {"http://k:5000", "http://k:5000/", "http://k:5000/v3", "http://k:5000/v3/",
                          "http://k:5000/v2.0", "http://k:5000/v3/auth/tokens"})
    EXPECT_EQ(token_url(url), "http://k:5000/v3/auth/tokens") << url;
  EXPECT_EQ(token_url("https://c.example/identity/v3"), "https://c.example/identity/v3/auth/tokens");
}

// --- the connection --------------------------------------------------------------------------------------------------

class ApiTest : public ::testing::Test {
 protected:
  Credentials who() const {
    Credentials credentials;
    credentials.origin = "a test";
    credentials.auth_url = cloud.auth_url();
    credentials.auth_type = "password";
    credentials.user_name = "demo";
    credentials.user_domain_id = credentials.project_domain_id = "default";
    credentials.password = Secret(password);
    credentials.project_name = "demo";
    return credentials;
  }
  static Deadline soon() { return Deadline::in(Seconds(20)); }

  std::string password = "not-a-password";
  RecordedCloud cloud{recorded_folder()};
  ApiOptions quick{.first_pause = Milliseconds(1)};
};

TEST_F(ApiTest, OneTokenServesManyCallsAndTheComputeVersionIsAskedOnce) {
  Api api(who(), quick);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(api.get(Service::compute, "/flavors/detail", soon()).ok());
  EXPECT_EQ(cloud.tokens_given().size(), 1u);
  EXPECT_EQ(api.calls(), 5u);
}

TEST_F(ApiTest, RevokedTokenIsRenewedOnceAndTheCallRepeated) {
  Api api(who(), quick);
  ASSERT_TRUE(api.log_in(soon()).ok());
  cloud.revoke_tokens();
  EXPECT_TRUE(api.get(Service::network, "/networks", soon()).ok());
  EXPECT_EQ(cloud.tokens_given().size(), 2u);
}

TEST_F(ApiTest, AnswerThatStaysUnauthorisedIsNotAskedForEver) {
  cloud.refuse = [](const CloudCall& call) { return call.service == "network" ? 401 : 0; };
  Api api(who(), quick);
  const Result<Value> answer = api.get(Service::network, "/networks", soon());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::unauthorised);
  EXPECT_EQ(cloud.tokens_given().size(), 2u);
}

TEST_F(ApiTest, TokenIsRenewedBeforeItExpires) {
  cloud.token_seconds = 2;
  Api api(who(), quick);
  ASSERT_TRUE(api.get(Service::network, "/networks", soon()).ok());
  std::this_thread::sleep_for(Milliseconds(2100));
  ASSERT_TRUE(api.get(Service::network, "/networks", soon()).ok());
  EXPECT_EQ(cloud.tokens_given().size(), 2u);
}

TEST_F(ApiTest, WrongPasswordSaysWhatToCheckAndNeverTheSecret) {
  password = "wrong";
  Api api(who(), quick);
  const Result<void> answer = api.log_in(soon());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::unauthorised);
  EXPECT_NE(answer.error().advice.find("check user"), std::string::npos);
}

TEST_F(ApiTest, ReadsAreRepeatedThroughAFewServerErrorsAndCreatesAreNot) {
  std::atomic<int> left{2};
  cloud.refuse = [&](const CloudCall& call) { return call.service == "network" && left-- > 0 ? 503 : 0; };
  Api api(who(), quick);
  EXPECT_TRUE(api.get(Service::network, "/networks", soon()).ok());
  left = 1;
  const Result<Value> made = api.post(Service::network, "/networks", {{"network", {{"name", "n"}}}}, soon());
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(cloud.count("POST", "network", "/networks"), 1);
}

struct Said {
  const char* recorded;
  int status;
  ErrorKind kind;
};
void PrintTo(const Said& said, std::ostream* out) { *out << said.recorded; }
class RecordedErrors : public ::testing::TestWithParam<Said> {};
TEST_P(RecordedErrors, HaveTheKindThatTheyAskFor) {
  HttpResponse response;
  response.status = GetParam().status;
  response.body = recorded_body(GetParam().recorded).dump();
  const Error error = api_error({.method = "POST", .url = "http://x/y"}, response);
  EXPECT_EQ(name(error.kind), name(GetParam().kind));
  EXPECT_GT(error.found.size(), 10u) << "the service's own words are missing";
}
INSTANTIATE_TEST_SUITE_P(Zed, RecordedErrors,
                         ::testing::Values(Said{"compute-error-403-quota", 403, ErrorKind::quota},
                                           Said{"network-error-409-quota", 409, ErrorKind::quota},
                                           Said{"volume-error-413-quota", 413, ErrorKind::quota},
                                           Said{"compute-error-409", 409, ErrorKind::conflict},
                                           Said{"compute-error-409-keypair", 409, ErrorKind::conflict},
                                           Said{"network-error-409-address", 409, ErrorKind::bad_input},
                                           Said{"network-error-404-gateway", 404, ErrorKind::not_found},
                                           Said{"image-error-404", 404, ErrorKind::not_found},
                                           Said{"compute-error-400", 400, ErrorKind::bad_input},
                                           Said{"error-401-image", 401, ErrorKind::unauthorised}));

// --- pages -----------------------------------------------------------------------------------------------------------

TEST(Pages, AreFollowedByTheirQueryWhateverHostTheLinkNames) {
  std::vector<std::string> asked;
  std::mutex mutex;
  testing::TestServer* self = nullptr;
  testing::TestServer server([&](testing::Connection& connection, const testing::Received& request) {
    if (request.method == "POST") {
      Value body = recorded_body("token");
      for (Value& service : body["token"]["catalog"])
        for (Value& endpoint : service["endpoints"]) endpoint["url"] = self->url("");
      return connection.answer(201, body.dump(), "X-Subject-Token: abcdef\r\n");
    }
    const std::lock_guard lock(mutex);
    asked.push_back(request.target);
    Value page = recorded_body("network-page");
    if (asked.size() > 1) page = {{"ports", Value::array({page["ports"][0], {{"id", "last"}}})}};
    connection.answer(200, page.dump());
  });
  self = &server;
  Credentials who;
  who.auth_url = server.url("/v3");
  who.auth_type = "password";
  who.user_name = who.project_name = "x";
  who.password = Secret("hidden-password");
  Api api(who);
  const Result<std::vector<Value>> ports =
      api.list(Service::network, "/ports?limit=2", "ports", Deadline::in(Seconds(9)));
  ASSERT_TRUE(ports.ok()) << describe(ports.error());
  EXPECT_EQ(ports->size(), 3u) << "one element moved from page to page and is told once";
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_NE(asked[1].find("marker=26cb42c0"), std::string::npos) << asked[1];
}

// --- rules, lookups, addresses ---------------------------------------------------------------------------------------

Settings lab() {
  Settings settings;
  settings.cluster = "lab";
  settings.admin_networks = {"198.51.100.0/24"};
  return settings;
}

TEST(SecurityRules, AreOnlyWhatKubernetesNeeds) {
  EXPECT_EQ(wanted_rules(lab(), true),
            (std::vector<Rule>{"tcp 2379-2380 from group slipway-lab-control-plane", "tcp 6443 from 198.51.100.0/24",
                               "tcp 6443 from group slipway-lab-nodes", "vrrp from group slipway-lab-control-plane"}));
  EXPECT_EQ(wanted_rules(lab(), false),
            (std::vector<Rule>{"icmp from group slipway-lab-nodes", "tcp 10250 from group slipway-lab-nodes",
                               "tcp 22 from 198.51.100.0/24", "tcp 30000-32767 from 0.0.0.0/0",
                               "udp 8472 from group slipway-lab-nodes"}));
}

TEST(SecurityRules, ReadBackAsTheyWereWritten) {
  for (const bool control : {true, false})
    for (const Rule& rule : wanted_rules(lab(), control)) {
      Value body = body_of(rule);
      if (body.contains("remote_group_name")) {
        body["remote_group_id"] = "id-" + text_at(body, "remote_group_name");
        body.erase("remote_group_name");
      }
      EXPECT_EQ(rule_from(body, {{"id-slipway-lab-nodes", "slipway-lab-nodes"},
                                 {"id-slipway-lab-control-plane", "slipway-lab-control-plane"}}),
                rule);
    }
}

CloudObject thing(const std::string& id, Value fields) {
  return {.kind = "x", .id = id, .name = {}, .mark = {}, .fields = std::move(fields)};
}

TEST(Lookups, AmbiguousImageNameListsTheCandidates) {
  const std::vector<CloudObject> images = {thing("a", {{"name", "debian"}, {"created", "2026-01-02T00:00:00Z"}}),
                                           thing("b", {{"name", "debian"}, {"created", "2026-03-04T00:00:00Z"}})};
  const Result<CloudObject> picked = pick_image(images, "debian");
  ASSERT_FALSE(picked.ok());
  EXPECT_EQ(picked.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(picked.error().found, "debian (a, 2026-01-02), debian (b, 2026-03-04)");
  EXPECT_EQ(pick_image(images, "b")->id, "b");
  EXPECT_EQ(pick_image(images, "debain").error().advice, "did you mean 'debian'?");
}

TEST(Lookups, ImagePropertiesTakeTheNewestThatHasThemAll) {
  const std::vector<CloudObject> images = {
      thing("old", {{"name", "x"}, {"distribution", "debian"}, {"version", "12"}, {"created", "2026-01"}}),
      thing("new", {{"name", "y"}, {"distribution", "Debian"}, {"version", "12"}, {"created", "2026-02"}}),
      thing("other", {{"name", "z"}, {"distribution", "debian"}, {"version", "13"}, {"created", "2026-03"}})};
  EXPECT_EQ(pick_image(images, {{"distribution", "debian"}, {"version", "12"}})->id, "new");
  EXPECT_EQ(pick_image(images, {{"distribution", "alpine"}}).error().kind, ErrorKind::not_found);
}

TEST(Lookups, SmallestFlavorThatFitsIsTaken) {
  const auto flavor = [](const char* name, int cpus, uint64_t memory, uint64_t disk) {
    return thing(name, {{"name", name}, {"cpus", cpus}, {"memory_bytes", memory << 30}, {"disk_bytes", disk << 30}});
  };
  const std::vector<CloudObject> flavors = {flavor("large", 4, 8, 80), flavor("small", 1, 2, 20),
                                            flavor("medium", 2, 4, 40), flavor("wide", 8, 4, 40)};
  const auto size = [](int cpus, uint64_t memory, uint64_t disk) {
    return Size{.cpus = cpus, .memory_bytes = memory << 30, .disk_bytes = disk << 30};
  };
  EXPECT_EQ(pick_flavor(flavors, "", size(1, 2, 20))->id, "small");
  EXPECT_EQ(pick_flavor(flavors, "", size(2, 2, 20))->id, "medium");
  EXPECT_EQ(pick_flavor(flavors, "", size(1, 1, 50))->id, "large");
  EXPECT_EQ(pick_flavor(flavors, "small", size(9, 9, 9))->id, "small");
  EXPECT_EQ(pick_flavor(flavors, "", size(16, 2, 0)).error().kind, ErrorKind::not_found);
}

TEST(Addresses, RangeIsCutIntoTheFewestNetworks) {
  const auto cut = [](const char* range) { return networks_of(parse_range(range).value()); };
  using Networks = std::vector<std::string>;
  EXPECT_EQ(cut("10.99.7.200-10.99.7.219"), (Networks{"10.99.7.200/29", "10.99.7.208/29", "10.99.7.216/30"}));
  EXPECT_EQ(cut("10.0.0.5"), (Networks{"10.0.0.5"}));
  EXPECT_EQ(cut("10.0.0.0/24"), (Networks{"10.0.0.0/24"}));
  EXPECT_EQ(cut("10.0.0.1-10.0.0.4"), (Networks{"10.0.0.1", "10.0.0.2/31", "10.0.0.4"}));
}

TEST(UserData, GivesTheHostItsNameItsKeyAndTheUserTheLogin) {
  MachineOrder order;
  order.name = MachineName("w-1");
  order.host_private_key = "PRIVATE\nKEY\n";
  order.host_public_key = "ssh-ed25519 AAAA";
  order.login_public_key = "ssh-ed25519 LOGIN me\n";
  const std::string text =
      user_data(order, {.login_user = "debian", .data_volume = "07b28f48-e49c-4d62-95cb-a5240f2ab8bd"});
  ASSERT_TRUE(text.starts_with("#cloud-config\n"));
  const Value config = Value::parse(text.substr(14));
  EXPECT_EQ(config["hostname"], "w-1");
  EXPECT_EQ(config["ssh_keys"]["ed25519_private"], "PRIVATE\nKEY\n");
  EXPECT_EQ(config["users"][0]["name"], "debian");
  EXPECT_EQ(config["users"][0]["ssh_authorized_keys"][0], "ssh-ed25519 LOGIN me");
  EXPECT_EQ(config["mounts"][0][0], "/dev/disk/by-id/virtio-07b28f48-e49c-4d62-9");
  EXPECT_EQ(config["fs_setup"][0]["overwrite"], false);
}

TEST(Marks, OnlyThisClustersTextIsAMark) {
  EXPECT_EQ(mark_in(written_mark("lab/port/w-1"), "lab"), "lab/port/w-1");
  EXPECT_EQ(mark_in(written_mark("laboratory/port/w-1"), "lab"), "");
  EXPECT_EQ(mark_in("lab/port/w-1", "lab"), "");
}

}  // namespace
}  // namespace slipway::openstack
