// The way that most users take: release sites, with a local server in their place.

#include <gtest/gtest.h>
#include <thread>

#include "artifacts/tar_writer.h"
#include "base/text.h"

#include "tests/unit/artifacts/site.h"
#include "tests/unit/http/test_server.h"

namespace slipway {
namespace {

using namespace slipway::testing;  // NOLINT: the fixtures.

const std::string program = [] {
  std::string text = "#!/bin/sh\n";
  for (int i = 0; i < 20000; ++i) text += "# " + std::to_string(i) + "\n";
  return text;
}();

std::string released(const std::string& name, const std::string& url, const std::string& sum,
                     const std::string& more = {}) {
  const std::string arch = machine_architecture();
  return "  " + name + ":\n    version: 1.0.0\n    release: {url: \"" + url + "\", sha256: {" + arch + ": " + sum +
         "}" + more + "}\n";
}

/// Lines told as progress.
struct Told {
  std::vector<std::string> lines;
  uint64_t most = 0, total = 0;
  ArtifactProgress progress() {
    return [this](std::string_view what, uint64_t done, uint64_t of) {
      lines.emplace_back(what);
      most = std::max(most, done);
      total = std::max(total, of);
    };
  }
  bool says(const std::string& text) const {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return line.find(text) != std::string::npos; });
  }
};

int gets(const TestServer& server) {
  int count = 0;
  for (const Received& request : server.requests()) count += request.method == "GET" ? 1 : 0;
  return count;
}

TestServer::Handler serving(const std::string& content) {
  return [content](Connection& connection, const Received& request) {
    if (request.method == "HEAD") return connection.answer(200, "");
    connection.file(request, content);
  };
}

TEST(ReleaseSite, ServesAPinnedProgramOnce) {
  TestServer server(serving(program));
  Site site;
  site.write("versions.yaml", "binaries:\n" + released("tool", server.url("/v{version}/tool"), sha256(program)));
  const auto store = site.open();
  EXPECT_FALSE(store->find("binary/tool"));
  Told told;
  const Result<ArtifactFile> file = store->acquire("binary/tool", told.progress(), soon());
  ASSERT_TRUE(file.ok()) << describe(file.error());
  EXPECT_EQ(file->source, "release");
  EXPECT_EQ(file->version, "1.0.0");
  EXPECT_EQ(file->sha256, sha256(program));
  EXPECT_EQ(file->size, program.size());
  EXPECT_EQ(*read_file(file->path), program);
  EXPECT_EQ(told.most, program.size());
  EXPECT_EQ(told.total, program.size());
  EXPECT_EQ(server.requests().back().target, "/v1.0.0/tool");

  const size_t before = server.requests().size();
  const Result<ArtifactFile> again = site.open()->acquire("binary/tool", quietly, soon());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->source, "cache");
  EXPECT_EQ(again->path, file->path);
  EXPECT_EQ(server.requests().size(), before);
  EXPECT_EQ(store->find("binary/tool")->sha256, sha256(program));
}

TEST(ReleaseSite, CutTransferIsContinuedWhereItStopped) {
  int calls = 0;
  TestServer server([&](Connection& connection, const Received& request) {
    if (request.method == "HEAD") return connection.answer(200, "");
    const auto range = request.headers.find("range");
    const size_t from = range == request.headers.end() ? 0 : std::stoul(range->second.substr(6));
    if (++calls > 3) return connection.file(request, program);
    const std::string size = std::to_string(program.size());
    connection.write(from == 0 ? "HTTP/1.1 200 OK\r\n"
                               : "HTTP/1.1 206 Part\r\nContent-Range: bytes " + std::to_string(from) + "-" +
                                     std::to_string(program.size() - 1) + "/" + size + "\r\n");
    connection.write("Content-Length: " + std::to_string(program.size() - from) + "\r\n\r\n" +
                     program.substr(from, 10000));
    connection.cut();
  });
  Site site;
  site.write("versions.yaml", "binaries:\n" + released("tool", server.url("/tool"), sha256(program)));
  const Result<ArtifactFile> file = site.open()->acquire("binary/tool", quietly, soon());
  ASSERT_TRUE(file.ok()) << describe(file.error());
  EXPECT_EQ(*read_file(file->path), program);
  std::vector<std::string> ranges;
  for (const Received& request : server.requests())
    if (request.headers.contains("range")) ranges.push_back(request.headers.at("range"));
  EXPECT_EQ(ranges, (std::vector<std::string>{"bytes=10000-", "bytes=20000-", "bytes=30000-"}));
}

TEST(ReleaseSite, NextRunContinuesWhatAnEarlierOneLeft) {
  TestServer server(serving(program));
  Site site;
  site.write("versions.yaml", "binaries:\n" + released("tool", server.url("/tool"), sha256(program)));
  const auto store = site.open();
  std::ofstream(site.cache() + "/downloads/" + sha256(program) + ".part") << program.substr(0, 5000);
  ASSERT_TRUE(store->acquire("binary/tool", quietly, soon()).ok());
  EXPECT_EQ(server.requests().back().headers.at("range"), "bytes=5000-");
}

TEST(ReleaseSite, PiecesOfAnotherFileAreThrownAwayAndFetchedWhole) {
  TestServer server(serving(program));
  Site site;
  site.write("versions.yaml", "binaries:\n" + released("tool", server.url("/tool"), sha256(program)));
  const auto store = site.open();
  std::ofstream(site.cache() + "/downloads/" + sha256(program) + ".part") << std::string(5000, 'x');
  const Result<ArtifactFile> file = store->acquire("binary/tool", quietly, soon());
  ASSERT_TRUE(file.ok()) << describe(file.error());
  EXPECT_EQ(*read_file(file->path), program);
  EXPECT_EQ(gets(server), 2);
}

TEST(ReleaseSite, WrongChecksumIsRefusedAndLeavesNothing) {
  TestServer server(serving("something else"));
  Site site;
  site.write("versions.yaml", "binaries:\n" + released("tool", server.url("/tool?token=abc"), sha256(program)));
  const auto store = site.open();
  const Result<ArtifactFile> file = store->acquire("binary/tool", quietly, soon());
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().kind, ErrorKind::verification);
  EXPECT_EQ(file.error().found, "sha256 " + sha256("something else"));
  EXPECT_EQ(file.error().expected, "sha256 " + sha256(program));
  EXPECT_EQ(file.error().where, server.url("/tool"));
  EXPECT_EQ(gets(server), 1);
  EXPECT_FALSE(store->find("binary/tool"));
  EXPECT_TRUE(std::filesystem::is_empty(site.cache() + "/downloads"));
  EXPECT_TRUE(std::filesystem::is_empty(site.cache() + "/blobs/sha256"));
}

struct Obstacle {
  const char* name;
  TestServer::Handler handler;
  std::string told;
};
class Obstacles : public ::testing::TestWithParam<Obstacle> {};
TEST_P(Obstacles, LeadToTheNextSource) {
  TestServer server(GetParam().handler);
  Site site;
  site.write("versions.yaml", "binaries:\n" + released("tool", server.url("/tool"), sha256(program)) +
                                  "    c: {source: builds/tool.c}\n");
  site.write("builds/tool.c", c_program("built"));
  const auto store = site.open();
  Told told;
  const Result<ArtifactFile> file = store->acquire("binary/tool", told.progress(), soon());
  ASSERT_TRUE(file.ok()) << describe(file.error());
  EXPECT_EQ(file->source, "built here");
  EXPECT_TRUE(told.says("release site: " + GetParam().told)) << join(told.lines, "\n");
  const std::vector<ArtifactInfo> list = store->list();
  ASSERT_TRUE(list.at(0).record);
  EXPECT_EQ(list.at(0).record->passed_over.size(), 1u);
}
INSTANTIATE_TEST_SUITE_P(
    Kinds, Obstacles,
    ::testing::Values(Obstacle{"WrongChecksum", serving("something else"), "checksum is not the pinned one"},
                      Obstacle{"NotThere",
                               [](Connection& connection, const Received&) { connection.answer(404, "no such file"); },
                               "not found on the server (HTTP 404: no such file)"},
                      Obstacle{"Forbidden",
                               [](Connection& connection, const Received& request) {
                                 connection.answer(request.method == "HEAD" ? 200 : 403, "blocked here");
                               },
                               "access refused (HTTP 403: blocked here)"},
                      Obstacle{"AlwaysCut",
                               [](Connection& connection, const Received& request) {
                                 if (request.method == "HEAD") return connection.answer(200, "");
                                 connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
                                 connection.cut();
                               },
                               "connection cut"},
                      Obstacle{"Stalled",
                               [](Connection& connection, const Received& request) {
                                 if (request.method == "HEAD") return connection.answer(200, "");
                                 connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" +
                                                  std::string(request.headers.contains("range") ? "" : "some"));
                                 connection.stay_silent();
                               },
                               "transfer stalled"}),
    [](const auto& row) { return row.param.name; });

TEST(ReleaseSite, UnreachableHostIsAskedOnceForAllArtifacts) {
  std::string url;
  {
    TestServer gone([](Connection&, const Received&) {});
    url = gone.url("/tool");
  }
  struct Counting final : Fetcher {
    explicit Counting(Fetcher& inner) : inner(inner) {}
    Result<void> reach(const std::string& url, Milliseconds limit) override {
      ++probes;
      return inner.reach(url, limit);
    }
    Result<void> fetch(const Fetch& fetch, const FetchProgress& progress) override {
      ++fetches;
      return inner.fetch(fetch, progress);
    }
    Fetcher& inner;
    std::atomic<int> probes = 0, fetches = 0;
  };
  Site site;
  Counting fetcher(site.fetcher());
  std::string yaml = "binaries:\n";
  for (const char* name : {"a", "b", "c"})
    yaml += released(name, url + name, sha256(program)) + "    c: {source: builds/tool.c}\n";
  site.write("versions.yaml", yaml);
  site.write("builds/tool.c", c_program("built"));
  Result<std::unique_ptr<ArtifactStore>> store = ArtifactStore::open(site.options(), fetcher);
  ASSERT_TRUE(store.ok());
  std::vector<std::thread> threads;
  std::atomic<int> made = 0;
  for (const char* name : {"a", "b", "c"})
    threads.emplace_back([&, name] { made += (*store)->acquire(std::string("binary/") + name, quietly, soon()).ok(); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, 3);
  EXPECT_EQ(fetcher.probes, 1);
  EXPECT_EQ(fetcher.fetches, 0);
}

TEST(ReleaseSite, NoSourceLeftNamesEachAnswer) {
  TestServer server([](Connection& connection, const Received&) { connection.answer(404, ""); });
  Site site;
  site.write("versions.yaml", "binaries:\n" + released("tool", server.url("/tool"), sha256(program)) +
                                  "    debian: {package: slipway-no-such-package, member: bin/x}\n");
  ArtifactOptions options = site.options();
  options.bundles = {site.path("no-bundle")};
  options.registries = false;
  const Result<ArtifactFile> file = site.open(options)->acquire("binary/tool", quietly, soon());
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().kind, ErrorKind::not_found);
  EXPECT_NE(file.error().found.find("bundle: "), std::string::npos) << file.error().found;
  EXPECT_NE(file.error().found.find("release site: not found on the server"), std::string::npos);
}

TEST(ReleaseSite, SwitchedOffIsNotAsked) {
  TestServer server(serving(program));
  Site site;
  site.write("versions.yaml", "binaries:\n" + released("tool", server.url("/tool"), sha256(program)));
  ArtifactOptions options = site.options();
  options.release_sites = false;
  const Result<ArtifactFile> file = site.open(options)->acquire("binary/tool", quietly, soon());
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().kind, ErrorKind::not_found);
  EXPECT_EQ(server.connections(), 0);
}

TEST(ReleaseSite, UnknownNameIsToldWithTheNearest) {
  Site site;
  site.write("versions.yaml", "binaries:\n" + released("tool", "http://127.0.0.1:1/x", sha256(program)));
  const Result<ArtifactFile> file = site.open()->acquire("binary/tol", quietly, soon());
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().advice, "did you mean 'binary/tool'?");
}

TEST(Mirror, IsAskedBeforeTheSite) {
  TestServer site_server(serving(program)), mirror(serving(program));
  Site site;
  site.write("versions.yaml", "binaries:\n" + released("tool", site_server.url("/v1/tool"), sha256(program)));
  ArtifactOptions options = site.options();
  options.mirrors = {mirror.url("/mirror/")};
  const Result<ArtifactFile> file = site.open(options)->acquire("binary/tool", quietly, soon());
  ASSERT_TRUE(file.ok()) << describe(file.error());
  EXPECT_EQ(file->source, "mirror");
  EXPECT_EQ(mirror.requests().back().target, "/mirror/127.0.0.1:" + std::to_string(site_server.port()) + "/v1/tool");
  EXPECT_EQ(site_server.connections(), 0);
}

TEST(Mirror, ThatLacksAFileOrHoldsAWrongOneIsPassedOver) {
  TestServer site_server(serving(program)), wrong(serving("tampered"));
  TestServer empty([](Connection& connection, const Received&) { connection.answer(404, ""); });
  Site site;
  site.write("versions.yaml", "binaries:\n" + released("tool", site_server.url("/tool"), sha256(program)));
  ArtifactOptions options = site.options();
  options.mirrors = {empty.url(""), wrong.url("")};
  const Result<ArtifactFile> file = site.open(options)->acquire("binary/tool", quietly, soon());
  ASSERT_TRUE(file.ok()) << describe(file.error());
  EXPECT_EQ(file->source, "release");
  EXPECT_EQ(gets(wrong), 1);
}

std::string tarball() {
  std::string bytes;
  TarWriter tar([&](std::string_view piece) -> Result<void> {
    bytes += piece;
    return {};
  });
  EXPECT_TRUE(tar.add_text("./bin/one", 0755, "first").ok());
  EXPECT_TRUE(tar.add_text("./bin/two", 0755, "second").ok());
  EXPECT_TRUE(tar.finish().ok());
  return bytes;
}

TEST(ReleaseArchive, IsFetchedOnceForAllItsMembers) {
  const std::string archive = tarball();
  TestServer server(serving(archive));
  Site site;
  site.write("versions.yaml", "binaries:\n" +
                                  released("one", server.url("/all.tar"), sha256(archive), ", member: bin/one") +
                                  released("two", server.url("/all.tar"), sha256(archive), ", member: bin/two"));
  const auto store = site.open();
  std::optional<Result<ArtifactFile>> one, two;
  std::thread first([&] { one = store->acquire("binary/one", quietly, soon()); });
  std::thread second([&] { two = store->acquire("binary/two", quietly, soon()); });
  first.join();
  second.join();
  ASSERT_TRUE(one->ok() && two->ok());
  EXPECT_EQ(*read_file((*one)->path), "first");
  EXPECT_EQ(*read_file((*two)->path), "second");
  EXPECT_EQ(gets(server), 1);
}

TEST(ReleaseArchive, WithoutTheMemberIsNotFound) {
  const std::string archive = tarball();
  TestServer server(serving(archive));
  Site site;
  site.write("versions.yaml",
             "binaries:\n" + released("x", server.url("/all.tar"), sha256(archive), ", member: bin/three"));
  const Result<ArtifactFile> file = site.open()->acquire("binary/x", quietly, soon());
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().kind, ErrorKind::not_found);
  EXPECT_EQ(file.error().found, "bin/one, bin/two");
}

TEST(ReleaseArchive, ThatIsNoneIsCorrupt) {
  TestServer server(serving(program));
  Site site;
  site.write("versions.yaml",
             "binaries:\n" + released("x", server.url("/all.tar"), sha256(program), ", member: bin/x"));
  const Result<ArtifactFile> file = site.open()->acquire("binary/x", quietly, soon());
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().kind, ErrorKind::corrupt);
}

TEST(Acquire, ManyAtOnceFetchOnce) {
  TestServer server(serving(program));
  Site site;
  site.write("versions.yaml", "binaries:\n" + released("tool", server.url("/tool"), sha256(program)));
  // Two stores stand for two processes.
  const auto one = site.open(), other = site.open();
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      const Result<ArtifactFile> file = (i % 2 ? one : other)->acquire("binary/tool", quietly, soon());
      right += file.ok() && file->sha256 == sha256(program);
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 8);
  EXPECT_EQ(gets(server), 1);
}

TEST(Acquire, ChangedPinFetchesAgain) {
  std::string content = "old";
  TestServer server([&](Connection& connection, const Received& request) { connection.file(request, content); });
  Site site;
  site.write("versions.yaml", "binaries:\n" + released("tool", server.url("/tool"), sha256("old")));
  const std::string recipe = site.open()->recipe("binary/tool");
  ASSERT_TRUE(site.open()->acquire("binary/tool", quietly, soon()).ok());
  content = "new";
  site.write("versions.yaml", "binaries:\n" + released("tool", server.url("/tool"), sha256("new")));
  const auto store = site.open();
  EXPECT_NE(store->recipe("binary/tool"), recipe);
  EXPECT_FALSE(store->find("binary/tool"));
  const Result<ArtifactFile> file = store->acquire("binary/tool", quietly, soon());
  ASSERT_TRUE(file.ok()) << describe(file.error());
  EXPECT_EQ(*read_file(file->path), "new");
}

TEST(Acquire, FullDiskEndsTheSearch) {
  struct Full final : Fetcher {
    Result<void> reach(const std::string&, Milliseconds) override { return {}; }
    Result<void> fetch(const Fetch&, const FetchProgress&) override {
      return fail(ErrorKind::quota, "no space left for the download");
    }
  } fetcher;
  Site site;
  site.write("versions.yaml", "binaries:\n" + released("tool", "http://127.0.0.1:1/tool", sha256(program)) +
                                  "    c: {source: builds/tool.c}\n");
  site.write("builds/tool.c", c_program("built"));
  Result<std::unique_ptr<ArtifactStore>> store = ArtifactStore::open(site.options(), fetcher);
  ASSERT_TRUE(store.ok());
  const Result<ArtifactFile> file = (*store)->acquire("binary/tool", quietly, soon());
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().kind, ErrorKind::quota);
}

TEST(Acquire, PassedDeadlineIsATimeout) {
  TestServer server(serving(program));
  Site site;
  site.write("versions.yaml", "binaries:\n" + released("tool", server.url("/tool"), sha256(program)));
  const Result<ArtifactFile> file = site.open()->acquire("binary/tool", quietly, Deadline::in(Milliseconds(0)));
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().kind, ErrorKind::timeout);
}

}  // namespace
}  // namespace slipway
