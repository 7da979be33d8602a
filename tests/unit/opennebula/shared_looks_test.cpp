#include "providers/opennebula/shared_looks.h"

#include <gtest/gtest.h>
#include <thread>

#include "base/text.h"
#include "providers/opennebula/xml_text.h"

#include "tests/opennebula/recorded.h"
#include "tests/unit/http/test_server.h"

namespace slipway::opennebula {
namespace {

using namespace slipway::testing_support;
using slipway::testing::Connection;
using slipway::testing::Received;
using slipway::testing::TestServer;

/// The running machine of the recording under another id.
std::string document_of(int id) {
  std::string body = body_of(recorded("vm-info-running"));
  const size_t from = body.find("<ID>"), to = body.find("</ID>");
  return body.replace(from, to - from, "<ID>" + std::to_string(id));
}

/// Knows every machine but those whose id divides by seven; a call takes a moment.
struct Cloud {
  Cloud()
      : server([](Connection& to, const Received& request) {
          const ReadCall call = read_call(request.body);
          std::string body;
          std::this_thread::sleep_for(Milliseconds(20));
          if (const int* id = std::get_if<int>(&call.parameters[1]))
            body = document_of(*id);
          else
            for (const std::string& text : split(std::get<std::string>(call.parameters[1]), ','))
              if (std::stoi(text) % 7 != 0) body += document_of(std::stoi(text));
          if (call.method != "one.vm.info") body = "<VM_POOL>" + body + "</VM_POOL>";
          to.answer(200,
                    "<?xml version=\"1.0\"?><methodResponse><params><param><value><array><data>"
                    "<value><boolean>1</boolean></value><value><string>" +
                        xml_escape(body) +
                        "</string></value><value><i4>0</i4></value></data></array></value></param></params>"
                        "</methodResponse>",
                    "Connection: close\r\n");
          to.cut();
        }),
        client({.endpoint = server.url("/RPC2"), .session = Secret("a:b"), .user = "a", .source = "a test"}, {}) {}
  TestServer server;
  OneClient client;
};

TEST(SharedLooks, OneWhoIsAloneAsksForItsMachine) {
  Cloud cloud;
  SharedLooks looks(cloud.client, Milliseconds(5));
  const Result<Vm> vm = looks.look(12);
  ASSERT_TRUE(vm.ok()) << describe(vm.error());
  EXPECT_EQ(vm->id, 12);
  ASSERT_EQ(cloud.server.requests().size(), 1u);
  EXPECT_EQ(read_call(cloud.server.requests()[0].body).method, "one.vm.info");
}

TEST(SharedLooks, ThoseWhoAskAtOnceShareCallsAndEachHasItsOwn) {
  Cloud cloud;
  SharedLooks looks(cloud.client, Milliseconds(300));
  (void)looks.look(1);  // The next call is an interval away.
  std::vector<std::jthread> askers;
  std::vector<std::optional<Result<Vm>>> answers(60);
  for (int id = 1; id < 60; ++id) askers.emplace_back([&, id] { answers[static_cast<size_t>(id)] = looks.look(id); });
  askers.clear();
  // One call for all who came in time, and one for those whom a busy machine started late.
  EXPECT_LE(cloud.server.requests().size(), 3u);
  for (int id = 1; id < 60; ++id) {
    const Result<Vm>& vm = *answers[static_cast<size_t>(id)];
    if (id % 7 == 0) {
      EXPECT_EQ(vm.error().kind, ErrorKind::not_found);
      continue;
    }
    ASSERT_TRUE(vm.ok()) << describe(vm.error());
    EXPECT_EQ(vm->id, id);
  }
}

TEST(SharedLooks, ALookNeverHasAnAnswerToAnEarlierQuestion) {
  Cloud cloud;
  SharedLooks looks(cloud.client, Milliseconds(1));
  for (int round = 0; round < 5; ++round) (void)looks.look(1);
  EXPECT_EQ(cloud.server.requests().size(), 5u);
}

TEST(SharedLooks, AnErrorIsEverybodys) {
  TestServer server([](Connection& to, const Received&) { to.answer(503, ""); });
  OneClient client({.endpoint = server.url("/RPC2"), .session = Secret("a:b"), .user = "a", .source = "a test"}, {});
  SharedLooks looks(client, Milliseconds(50));
  std::vector<std::jthread> askers;
  std::atomic<int> unavailable{0};
  for (int id = 1; id < 10; ++id)
    askers.emplace_back([&, id] {
      const Result<Vm> vm = looks.look(id);
      if (!vm && vm.error().kind == ErrorKind::unavailable) ++unavailable;
    });
  askers.clear();
  EXPECT_EQ(unavailable, 9);
}

}  // namespace
}  // namespace slipway::opennebula
