#include "providers/opennebula/client.h"

#include <filesystem>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/ids.h"

#include "tests/opennebula/recorded.h"
#include "tests/unit/http/test_server.h"

namespace slipway::opennebula {
namespace {

using namespace slipway::testing_support;
using slipway::testing::Connection;
using slipway::testing::Received;
using slipway::testing::TestServer;

/// A client of a server that gives one recorded answer.
struct Answered {
  explicit Answered(const std::string& exchange)
      : server([text = recorded(exchange).response](Connection& to, const Received&) {
          to.answer(200, text, "Connection: close\r\n");
          to.cut();
        }),
        client({.endpoint = server.url("/RPC2"), .session = Secret("prov:s3cr:et"), .user = "prov", .source = "a test"},
               {}) {}
  TestServer server;
  OneClient client;
};

struct ErrorCase {
  const char* exchange;
  ErrorKind kind;
};

class RecordedError : public ::testing::TestWithParam<ErrorCase> {};

TEST_P(RecordedError, HasTheKindThatItsReactionNeeds) {
  Answered answered(GetParam().exchange);
  const std::string method = recorded(GetParam().exchange).method;
  const Result<RpcValue> value = answered.client.call(method, {0}, Deadline::in(Seconds(10)));
  ASSERT_FALSE(value.ok());
  EXPECT_EQ(value.error().kind, GetParam().kind) << describe(value.error());
  EXPECT_EQ(value.error().found.find("[one."), std::string::npos) << value.error().found;
  EXPECT_EQ(describe(value.error()).find("s3cr:et"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    All, RecordedError,
    ::testing::Values(
        ErrorCase{"auth-wrong-password", ErrorKind::unauthorised},
        ErrorCase{"auth-token-expired", ErrorKind::unauthorised}, ErrorCase{"quota-cpu-exceeded", ErrorKind::quota},
        ErrorCase{"quota-vms-exceeded", ErrorKind::quota}, ErrorCase{"quota-leases-exceeded", ErrorKind::quota},
        ErrorCase{"quota-datastore-size-exceeded", ErrorKind::quota},
        ErrorCase{"vm-action-locked", ErrorKind::unauthorised},
        ErrorCase{"vm-action-locked-oneadmin", ErrorKind::unauthorised},
        ErrorCase{"template-instantiate-restricted", ErrorKind::unauthorised},
        ErrorCase{"vm-allocate-not-authorized", ErrorKind::unauthorised},
        ErrorCase{"vm-info-not-found", ErrorKind::not_found}, ErrorCase{"vn-info-not-found", ErrorKind::not_found},
        ErrorCase{"vm-allocate-no-image", ErrorKind::not_found},
        ErrorCase{"vm-allocate-no-network", ErrorKind::not_found},
        ErrorCase{"vm-attachnic-no-network", ErrorKind::not_found},
        ErrorCase{"vm-allocate-held-ip", ErrorKind::conflict}, ErrorCase{"vm-attachnic-ip-in-use", ErrorKind::conflict},
        ErrorCase{"vm-attachnic-pending", ErrorKind::conflict}, ErrorCase{"vm-terminate-busy", ErrorKind::conflict},
        ErrorCase{"vm-attach-busy", ErrorKind::conflict}, ErrorCase{"vm-attach-image-locked", ErrorKind::conflict},
        ErrorCase{"vm-action-poweroff-wrong-state", ErrorKind::conflict},
        ErrorCase{"vn-delete-in-use", ErrorKind::conflict}, ErrorCase{"vn-reserve-ip-taken", ErrorKind::conflict},
        ErrorCase{"vn-reserve-name-taken", ErrorKind::conflict}, ErrorCase{"image-delete-in-use", ErrorKind::conflict},
        ErrorCase{"vm-resize-no-capacity", ErrorKind::quota}, ErrorCase{"vm-deploy-no-capacity", ErrorKind::quota},
        ErrorCase{"vm-allocate-parse-error", ErrorKind::bad_input},
        ErrorCase{"vm-allocate-context-dollar", ErrorKind::bad_input},
        ErrorCase{"vm-allocate-disk-too-small", ErrorKind::bad_input},
        ErrorCase{"vm-allocate-bad-name", ErrorKind::bad_input}, ErrorCase{"vmpool-bad-filter", ErrorKind::internal},
        ErrorCase{"fault-wrong-type", ErrorKind::internal}),
    [](const auto& info) {
      std::string name = info.param.exchange;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

TEST(OneClient, SendsTheSessionFirstAndGivesTheBody) {
  Answered answered("vm-info-running");
  const Result<std::string> body = answered.client.call_for_text("one.vm.info", {0, false}, Deadline::in(Seconds(10)));
  ASSERT_TRUE(body.ok()) << describe(body.error());
  EXPECT_EQ(*body, body_of(recorded("vm-info-running")));
  const std::vector<Received> requests = answered.server.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].method, "POST");
  EXPECT_EQ(requests[0].target, "/RPC2");
  EXPECT_TRUE(requests[0].headers.contains("content-length"));
  EXPECT_FALSE(requests[0].headers.contains("expect"));
  const ReadCall call = read_call(requests[0].body);
  EXPECT_EQ(call.method, "one.vm.info");
  EXPECT_EQ(call.parameters, (std::vector<RpcParameter>{std::string("prov:s3cr:et"), 0, false}));
  EXPECT_EQ(answered.client.calls(), 1u);
}

TEST(OneClient, AnIdIsRead) {
  Answered answered("vm-allocate-vmgroup");
  EXPECT_EQ(
      answered.client.call_for_id("one.vm.allocate", {std::string("X"), false}, Deadline::in(Seconds(10))).value(), 42);
}

TEST(OneClient, ElectionsAreWaitedOutAndOtherServersNamed) {
  for (const char* text :
       {"[one.vm.info] Cannot process request, no leader found", "[m] oned cluster in election mode"})
    EXPECT_EQ(error_of_reply("one.vm.info", 8192, text).kind, ErrorKind::unavailable) << text;
  TestServer server([](Connection& to, const Received&) { to.answer(404, "<HTML>Not Found</HTML>"); });
  OneClient client({.endpoint = server.url("/wrong"), .session = Secret("a:bcdefgh"), .user = "a", .source = ""}, {});
  EXPECT_EQ(client.call("one.system.version", {}, Deadline::in(Seconds(10))).error().kind, ErrorKind::not_found);
}

class Credentials : public ::testing::Test {
 protected:
  Credentials() : home(std::filesystem::temp_directory_path() / ("one-home-" + random_hex(4))) {
    std::filesystem::create_directories(home / ".one");
  }
  ~Credentials() override { std::filesystem::remove_all(home); }
  void write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(write_file_atomically((home / name).string(), text, 0600).ok());
  }
  std::filesystem::path home;
};

TEST_F(Credentials, ComeFromTheHomeWithoutTheLineEnd) {
  write(".one/one_auth", "prov:s3cr:et\n");
  const Result<Login> login = find_login("", "", {.one_xmlrpc = "", .one_auth = "", .home = home.string()});
  ASSERT_TRUE(login.ok()) << describe(login.error());
  EXPECT_EQ(login->session.reveal(), "prov:s3cr:et");
  EXPECT_EQ(login->user, "prov");
  EXPECT_EQ(login->endpoint, "http://localhost:2633/RPC2");
}

TEST_F(Credentials, TheSpecComesBeforeTheEnvironmentAndThatBeforeTheHome) {
  write(".one/one_auth", "home:secret1");
  write(".one/one_endpoint", "http://home.example:2633/RPC2\n");
  write("environment", "environment:secret2");
  write("spec", "spec:secret3");
  const auto login = [&](const std::string& endpoint, const std::string& file, const std::string& xmlrpc,
                         const std::string& auth) {
    return find_login(endpoint, file, {.one_xmlrpc = xmlrpc, .one_auth = auth, .home = home.string()}).value();
  };
  const std::string environment = (home / "environment").string(), spec = (home / "spec").string();
  EXPECT_EQ(login("", "", "", "").endpoint, "http://home.example:2633/RPC2");
  EXPECT_EQ(login("", "", "http://e/RPC2", environment).user, "environment");
  EXPECT_EQ(login("", "", "http://e/RPC2", "").endpoint, "http://e/RPC2");
  EXPECT_EQ(login("https://s/RPC2", spec, "http://e/RPC2", environment).user, "spec");
  EXPECT_EQ(login("https://s/RPC2", spec, "http://e/RPC2", environment).endpoint, "https://s/RPC2");
}

TEST_F(Credentials, WhatIsMissingOrUnreadableIsToldWithItsPlace) {
  const Environment environment{.one_xmlrpc = "", .one_auth = "", .home = home.string()};
  EXPECT_EQ(find_login("", "", environment).error().kind, ErrorKind::unauthorised);
  for (const char* text : {"", "nocolon", ":secret", "user:", "a:b\nc:d"}) {
    write(".one/one_auth", text);
    const Result<Login> login = find_login("", "", environment);
    ASSERT_FALSE(login.ok()) << text;
    EXPECT_EQ(login.error().kind, ErrorKind::unauthorised);
    EXPECT_EQ(login.error().where, (home / ".one/one_auth").string());
  }
  EXPECT_EQ(find_login("ftp://x", "", environment).error().kind, ErrorKind::bad_input);
}

}  // namespace
}  // namespace slipway::opennebula
