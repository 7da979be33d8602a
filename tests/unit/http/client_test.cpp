#include "http/client.h"

#include <filesystem>
#include <future>
#include <gtest/gtest.h>
#include <thread>

#include "base/file.h"
#include "base/ids.h"

#include "tests/unit/http/test_server.h"

namespace slipway {
namespace {

using testing::Connection;
using testing::Received;
using testing::TestServer;

HttpOptions direct() { return {.proxy_from_environment = false}; }

class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("slipway-http-" + random_hex(6))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

TEST(HttpClient, SendsMethodHeadersAndBodyAndReadsTheAnswer) {
  TestServer server([](Connection& connection, const Received&) {
    connection.answer(201, "made", "X-Thing: one\r\nx-thing: two\r\nX-OpenStack-Request-Id: req-7\r\n");
  });
  HttpClient client(direct());
  const Result<HttpResponse> answer = client.send({.method = "POST",
                                                   .url = server.url("/v3/things?x=1"),
                                                   .headers = {{"X-Auth-Token", "t"}, {"X-Empty", ""}},
                                                   .body = "{}"});
  ASSERT_TRUE(answer.ok()) << describe(answer.error());
  EXPECT_EQ(answer->status, 201);
  EXPECT_TRUE(answer->ok());
  EXPECT_EQ(answer->body, "made");
  EXPECT_EQ(answer->header("x-thing"), "one, two");
  EXPECT_EQ(answer->request_id, "req-7");
  const Received seen = server.requests().at(0);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/v3/things?x=1");
  EXPECT_EQ(seen.body, "{}");
  EXPECT_EQ(seen.headers.at("x-auth-token"), "t");
  EXPECT_EQ(seen.headers.count("x-empty"), 1u);
  EXPECT_EQ(seen.headers.count("content-type"), 0u);
  EXPECT_EQ(seen.headers.count("expect"), 0u);
}

TEST(HttpClient, PostWhoseAnswerIsCutOffIsNotSentAgain) {
  TestServer server([](Connection& connection, const Received& request) {
    if (request.method == "POST") return connection.cut();
    connection.answer(200, "there");
  });
  HttpClient client(direct());
  // A connection that was kept open is what would be tried again on.
  ASSERT_TRUE(client.send({.url = server.url("/")}).ok());
  const Result<HttpResponse> lost = client.send({.method = "POST", .url = server.url("/things"), .body = "{}"});
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(server.requests().size(), 2u);
}

class Methods : public ::testing::TestWithParam<const char*> {};
TEST_P(Methods, ReachTheServerAsTheyAre) {
  TestServer server([](Connection& connection, const Received& request) {
    if (request.method == "HEAD") return connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    connection.answer(200, "x");
  });
  HttpClient client(direct());
  const Result<HttpResponse> answer = client.send({.method = GetParam(), .url = server.url("/")});
  ASSERT_TRUE(answer.ok()) << describe(answer.error());
  EXPECT_EQ(server.requests().at(0).method, GetParam());
}
INSTANTIATE_TEST_SUITE_P(All, Methods, ::testing::Values("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"));

TEST(HttpClient, KeepsOneConnectionForManyRequests) {
  TestServer server([](Connection& connection, const Received&) { connection.answer(200, "x"); });
  HttpClient client(direct());
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(client.send({.url = server.url("/")}).ok());
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClient, ServesManyThreadsAtOnce) {
  TestServer server([](Connection& connection, const Received& request) { connection.answer(200, request.target); });
  HttpClient client(direct());
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      for (int k = 0; k < 25; ++k) {
        const std::string path = "/" + std::to_string(i) + "/" + std::to_string(k);
        const Result<HttpResponse> answer = client.send({.url = server.url(path)});
        if (answer.ok() && answer->body == path) ++right;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 200);
  EXPECT_LE(server.connections(), 8);
}

TEST(HttpClient, AnAnswerThatSaysNoIsAValue) {
  TestServer server([](Connection& connection, const Received&) { connection.answer(503, "later"); });
  HttpClient client(direct());
  const Result<HttpResponse> answer = client.send({.url = server.url("/")});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->body, "later");
}

TEST(HttpClient, RefusedConnectionIsUnavailable) {
  std::string url;
  {
    TestServer gone([](Connection&, const Received&) {});
    url = gone.url("/x?token=abc");
  }
  HttpClient client(direct());
  const Result<HttpResponse> answer = client.send({.url = url});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(answer.error().found, "Connection refused");
  EXPECT_EQ(answer.error().where.find("token"), std::string::npos);
}

TEST(HttpClient, UnknownNameIsUnavailable) {
  HttpClient client(direct());
  const Result<HttpResponse> answer = client.send({.url = "http://no-such-host.invalid/"});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(answer.error().summary, "host name not found");
}

TEST(HttpClient, CutAnswerIsUnavailable) {
  TestServer server([](Connection& connection, const Received&) {
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    connection.cut();
  });
  HttpClient client(direct());
  const Result<HttpResponse> answer = client.send({.url = server.url("/")});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(answer.error().summary, "connection cut");
}

TEST(HttpClient, SilenceEndsAtTheDeadline) {
  TestServer server([](Connection& connection, const Received&) { connection.stay_silent(); });
  HttpClient client(direct());
  const Result<HttpResponse> answer =
      client.send({.url = server.url("/"), .deadline = Deadline::in(std::chrono::milliseconds(200))});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::timeout);
}

TEST(HttpClient, PassedDeadlineSendsNothing) {
  TestServer server([](Connection& connection, const Received&) { connection.answer(200, ""); });
  HttpClient client(direct());
  const Result<HttpResponse> answer =
      client.send({.url = server.url("/"), .deadline = Deadline::in(std::chrono::milliseconds(0))});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::timeout);
  EXPECT_EQ(server.connections(), 0);
}

TEST(HttpClient, UnusableUrlIsBadInput) {
  HttpClient client(direct());
  for (const char* url : {"", "ftp://h/x", "http://", "file:///etc/passwd"}) {
    const Result<HttpResponse> answer = client.send({.url = url});
    ASSERT_FALSE(answer.ok()) << url;
    EXPECT_EQ(answer.error().kind, ErrorKind::bad_input) << url << ": " << describe(answer.error());
  }
}

TEST(HttpClient, LineBreakInAHeaderIsRefused) {
  TestServer server([](Connection& connection, const Received&) { connection.answer(200, ""); });
  HttpClient client(direct());
  const Result<HttpResponse> answer = client.send({.url = server.url("/"), .headers = {{"X-A", "b\r\nX-Forged: yes"}}});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(server.connections(), 0);
}

TEST(HttpClient, LargerBodyThanAllowedIsQuota) {
  TestServer server([](Connection& connection, const Received&) { connection.answer(200, std::string(2000, 'x')); });
  HttpClient client(direct());
  const Result<HttpResponse> answer = client.send({.url = server.url("/"), .max_body = 1000});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::quota);
}

TEST(HttpClient, FollowsRedirectsOnlyWhenAsked) {
  TestServer server([](Connection& connection, const Received& request) {
    if (request.target == "/a") return connection.answer(302, "moved", "Location: /b\r\nX-Old: 1\r\n");
    connection.answer(200, "there");
  });
  HttpClient client(direct());
  EXPECT_EQ(client.send({.url = server.url("/a")})->status, 302);
  const Result<HttpResponse> followed = client.send({.url = server.url("/a"), .follow_redirects = true});
  ASSERT_TRUE(followed.ok());
  EXPECT_EQ(followed->status, 200);
  EXPECT_EQ(followed->body, "there");
  EXPECT_EQ(followed->header("x-old"), "");
}

TEST(HttpClient, RedirectLoopEnds) {
  TestServer server([](Connection& connection, const Received&) { connection.answer(302, "", "Location: /a\r\n"); });
  HttpClient client(direct());
  const Result<HttpResponse> answer = client.send({.url = server.url("/a"), .follow_redirects = true});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().summary, "too many redirects");
}

TEST(HttpClient, StreamsLinesAcrossPieces) {
  TestServer server([](Connection& connection, const Received&) {
    connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (const char* chunk : {"3\r\none\r\n", "5\r\n\ntwo\r\r\n", "6\r\n\nthree\r\n"}) connection.write(chunk);
    connection.write("0\r\n\r\n");
  });
  HttpClient client(direct());
  std::vector<std::string> lines;
  const Result<HttpResponse> answer = client.send({.url = server.url("/watch"), .on_line = [&](std::string_view line) {
                                                     lines.emplace_back(line);
                                                     return true;
                                                   }});
  ASSERT_TRUE(answer.ok()) << describe(answer.error());
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "three"}));
  EXPECT_EQ(answer->body, "");
}

TEST(HttpClient, ListenerEndsAStreamAsASuccess) {
  TestServer server([](Connection& connection, const Received&) {
    connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n");
    connection.stay_silent();
  });
  HttpClient client(direct());
  int lines = 0;
  const Result<HttpResponse> answer = client.send({.url = server.url("/watch"), .on_line = [&](std::string_view) {
                                                     ++lines;
                                                     return false;
                                                   }});
  ASSERT_TRUE(answer.ok()) << describe(answer.error());
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(lines, 1);
}

TEST(HttpClient, RefusedStreamKeepsItsBody) {
  TestServer server([](Connection& connection, const Received&) { connection.answer(410, "too old\n"); });
  HttpClient client(direct());
  const Result<HttpResponse> answer =
      client.send({.url = server.url("/watch"), .on_line = [](std::string_view) { return true; }});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 410);
  EXPECT_EQ(answer->body, "too old\n");
}

TEST(HttpClient, StopEndsASilentStream) {
  TestServer server([](Connection& connection, const Received&) {
    connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n");
    connection.stay_silent();
  });
  HttpClient client(direct());
  std::stop_source source;
  const Result<HttpResponse> answer = client.send({.url = server.url("/watch"),
                                                   .on_line =
                                                       [&](std::string_view) {
                                                         source.request_stop();
                                                         return true;
                                                       },
                                                   .stop = source.get_token()});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::cancelled);
}

TEST(HttpClient, ResolvesNamesAsTold) {
  TestServer server(
      [](Connection& connection, const Received& request) { connection.answer(200, request.headers.at("host")); });
  HttpClient client(
      {.resolve = {{"api.test:" + std::to_string(server.port()), "127.0.0.1"}}, .proxy_from_environment = false});
  const Result<HttpResponse> answer = client.send({.url = server.url("/", "api.test")});
  ASSERT_TRUE(answer.ok()) << describe(answer.error());
  EXPECT_EQ(answer->body, "api.test:" + std::to_string(server.port()));
}

const std::string content = [] {
  std::string text;
  for (int i = 0; i < 50000; ++i) text += std::to_string(i) + "\n";
  return text;
}();

TEST(Download, WritesTheBodyAndReportsProgress) {
  TestServer server([](Connection& connection, const Received& request) { connection.file(request, content); });
  HttpClient client(direct());
  const Folder folder;
  uint64_t received = 0, total = 0;
  const Result<HttpResponse> answer =
      client.download({.url = server.url("/f")}, folder.file("f"), false, [&](uint64_t done, uint64_t of) {
        received = done;
        total = of;
      });
  ASSERT_TRUE(answer.ok()) << describe(answer.error());
  EXPECT_EQ(*read_file(folder.file("f")), content);
  EXPECT_EQ(received, content.size());
  EXPECT_EQ(total, content.size());
}

TEST(Download, IsNotLimitedByMaxBody) {
  TestServer server([](Connection& connection, const Received& request) { connection.file(request, content); });
  HttpClient client(direct());
  const Folder folder;
  ASSERT_TRUE(client.download({.url = server.url("/f"), .max_body = 10}, folder.file("f")).ok());
}

TEST(Download, CutInTheMiddleIsResumedFromThere) {
  int calls = 0;
  TestServer server([&](Connection& connection, const Received& request) {
    if (++calls > 1) return connection.file(request, content);
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(content.size()) + "\r\n\r\n" +
                     content.substr(0, 1000));
    connection.cut();
  });
  HttpClient client(direct());
  const Folder folder;
  const Result<HttpResponse> first = client.download({.url = server.url("/f")}, folder.file("f"));
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(read_file(folder.file("f"))->size(), 1000u);
  uint64_t first_progress = 0;
  const Result<HttpResponse> second =
      client.download({.url = server.url("/f")}, folder.file("f"), true, [&](uint64_t done, uint64_t) {
        if (first_progress == 0) first_progress = done;
      });
  ASSERT_TRUE(second.ok()) << describe(second.error());
  EXPECT_EQ(second->status, 206);
  EXPECT_EQ(server.requests().at(1).headers.at("range"), "bytes=1000-");
  EXPECT_EQ(*read_file(folder.file("f")), content);
  EXPECT_GT(first_progress, 1000u);
}

TEST(Download, ServerWithoutRangesSendsAllAgain) {
  TestServer server([](Connection& connection, const Received&) { connection.answer(200, content); });
  HttpClient client(direct());
  const Folder folder;
  ASSERT_TRUE(write_file_atomically(folder.file("f"), "old bytes of something").ok());
  ASSERT_TRUE(client.download({.url = server.url("/f")}, folder.file("f"), true).ok());
  EXPECT_EQ(*read_file(folder.file("f")), content);
}

TEST(Download, WholeFileIsNotFetchedAgain) {
  TestServer server([](Connection& connection, const Received& request) { connection.file(request, content); });
  HttpClient client(direct());
  const Folder folder;
  ASSERT_TRUE(write_file_atomically(folder.file("f"), content).ok());
  const Result<HttpResponse> answer = client.download({.url = server.url("/f")}, folder.file("f"), true);
  ASSERT_TRUE(answer.ok());
  EXPECT_TRUE(answer->ok());
  EXPECT_EQ(server.requests().size(), 1u);
  EXPECT_EQ(*read_file(folder.file("f")), content);
}

TEST(Download, LongerFileThanTheServersIsFetchedAnew) {
  TestServer server([](Connection& connection, const Received& request) { connection.file(request, "short"); });
  HttpClient client(direct());
  const Folder folder;
  ASSERT_TRUE(write_file_atomically(folder.file("f"), content).ok());
  ASSERT_TRUE(client.download({.url = server.url("/f")}, folder.file("f"), true).ok());
  EXPECT_EQ(*read_file(folder.file("f")), "short");
}

TEST(Download, AnotherPartThanAskedForIsNotAppended) {
  TestServer server([](Connection& connection, const Received& request) {
    if (request.headers.contains("range"))
      return connection.answer(206, content.substr(5), "Content-Range: bytes 5-99/100\r\n");
    connection.answer(200, content);
  });
  HttpClient client(direct());
  const Folder folder;
  ASSERT_TRUE(write_file_atomically(folder.file("f"), "0\n1\n").ok());
  ASSERT_TRUE(client.download({.url = server.url("/f")}, folder.file("f"), true).ok());
  EXPECT_EQ(*read_file(folder.file("f")), content);
}

TEST(Download, RefusalLeavesTheFileAsItWas) {
  TestServer server([](Connection& connection, const Received&) { connection.answer(404, "no such file"); });
  HttpClient client(direct());
  const Folder folder;
  ASSERT_TRUE(write_file_atomically(folder.file("f"), "kept").ok());
  const Result<HttpResponse> answer = client.download({.url = server.url("/f")}, folder.file("f"), true);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 404);
  EXPECT_EQ(answer->body, "no such file");
  EXPECT_EQ(*read_file(folder.file("f")), "kept");
}

TEST(Download, EmptyBodyEmptiesTheFile) {
  TestServer server([](Connection& connection, const Received&) { connection.answer(200, ""); });
  HttpClient client(direct());
  const Folder folder;
  ASSERT_TRUE(write_file_atomically(folder.file("f"), "old").ok());
  ASSERT_TRUE(client.download({.url = server.url("/f")}, folder.file("f")).ok());
  EXPECT_EQ(*read_file(folder.file("f")), "");
}

TEST(Download, StallIsATimeout) {
  TestServer server([](Connection& connection, const Received&) {
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome");
    connection.stay_silent();
  });
  HttpClient client(direct());
  const Folder folder;
  const Result<HttpResponse> answer =
      client.download({.url = server.url("/f"), .stall_timeout = Seconds(1)}, folder.file("f"));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::timeout);
  EXPECT_EQ(*read_file(folder.file("f")), "some");
}

TEST(Download, FullDiskIsQuota) {
  TestServer server([](Connection& connection, const Received& request) { connection.file(request, content); });
  HttpClient client(direct());
  const Result<HttpResponse> answer = client.download({.url = server.url("/f")}, "/dev/full");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::quota) << describe(answer.error());
}

}  // namespace
}  // namespace slipway
