// How connections come, are shared, break and come back.

#include <atomic>
#include <future>

#include "base/digest.h"
#include "base/text.h"
#include "ssh/hosts.h"

#include "test_sshd.h"

namespace slipway {
namespace {

using test::Folder;
using test::Sshd;
using test::SshTest;

class Connections : public SshTest {
 protected:
  /// The process that serves the connection: a new one stands for a new connection.
  std::string server_process(const HostAccess& host) {
    const Result<ScriptOutcome> outcome = hosts_->run(host, {.text = "echo $PPID"}, soon());
    EXPECT_TRUE(outcome.ok()) << describe(outcome.error());
    return outcome ? std::string(trim(outcome->output)) : "";
  }
  /// Returns once it is gone, its end of the connection closed.
  static void kill_process(const std::string& number) {
    const pid_t process = std::stoi(number);
    ASSERT_EQ(kill(process, SIGKILL), 0);
    for (int i = 0; i < 500 && kill(process, 0) == 0; ++i) std::this_thread::sleep_for(Milliseconds(10));
    ASSERT_NE(kill(process, 0), 0);
  }
};

TEST_F(Connections, AreSharedByCalls) {
  const Sshd server(login_);
  const std::string first = server_process(server.access());
  EXPECT_EQ(server_process(server.access()), first);
}

TEST_F(Connections, SeveralScriptsShareOne) {
  const Sshd server(login_);
  const Folder meeting;
  // Each goes on only when all four are there.
  const std::string script =
      "cd " + meeting.file("") + "; read me; : >$me; while [ $(ls | wc -l) -lt 4 ]; do sleep 0.01; done; echo $PPID";
  std::vector<std::future<Result<ScriptOutcome>>> runs;
  for (int i = 0; i < 4; ++i)
    runs.push_back(std::async(std::launch::async, [&, i] {
      return hosts_->run(server.access(), {.text = script, .input = std::to_string(i) + "\n"}, soon());
    }));
  std::set<std::string> processes;
  for (auto& run : runs) {
    const Result<ScriptOutcome> outcome = run.get();
    ASSERT_TRUE(outcome.ok()) << describe(outcome.error());
    processes.insert(outcome->output);
  }
  EXPECT_EQ(processes.size(), 1u);
}

TEST_F(Connections, SixtyFourScriptsOnEightConnections) {
  const Sshd server(login_);
  std::vector<std::future<std::string>> runs;
  for (int i = 0; i < 64; ++i)
    runs.push_back(std::async(std::launch::async, [&, i] {
      const HostAccess host = server.access("127.0.0." + std::to_string(1 + i % 8));
      const std::string input(10'000 + i * 1000, static_cast<char>('a' + i % 26));
      const Result<ScriptOutcome> outcome =
          hosts_->run(host, {.text = "echo $PPID; sha256sum", .input = input}, Deadline::in(Seconds(60)));
      if (!outcome) return describe(outcome.error());
      EXPECT_NE(outcome->output.find(sha256(input)), std::string::npos);
      return outcome->output.substr(0, outcome->output.find('\n'));
    }));
  std::set<std::string> processes;
  for (auto& run : runs) processes.insert(run.get());
  EXPECT_EQ(processes.size(), 8u) << *processes.begin();
}

TEST_F(Connections, AHostWithFewSessionsIsServedInTurns) {
  const Sshd server(login_, "MaxSessions 2");
  std::vector<std::future<Result<ScriptOutcome>>> runs;
  for (int i = 0; i < 6; ++i)
    runs.push_back(std::async(std::launch::async,
                              [&] { return hosts_->run(server.access(), {.text = "sleep 0.05; echo done"}, soon()); }));
  for (auto& run : runs) {
    const Result<ScriptOutcome> outcome = run.get();
    ASSERT_TRUE(outcome.ok()) << describe(outcome.error());
    EXPECT_EQ(outcome->output, "done\n");
  }
}

TEST_F(Connections, ADeadlineEndsTheCallAndLeavesTheConnection) {
  const Sshd server(login_);
  const std::string before = server_process(server.access());
  const Error error = hosts_->run(server.access(), {.text = "sleep 5"}, Deadline::in(Milliseconds(200))).error();
  EXPECT_EQ(error.kind, ErrorKind::timeout);
  EXPECT_EQ(server_process(server.access()), before);
}

TEST_F(Connections, ScriptsThatOutliveTheirDeadlineDoNotUseUpTheHost) {
  const Sshd server(login_, "MaxSessions 3");
  for (int i = 0; i < 6; ++i) {
    const Result<ScriptOutcome> late =
        hosts_->run(server.access(), {.text = "sleep 5"}, Deadline::in(Milliseconds(150)));
    EXPECT_EQ(late.error().kind, ErrorKind::timeout);
  }
  EXPECT_NE(server_process(server.access()), "");
}

TEST_F(Connections, ADeadlineHoldsWhileConnectingToo) {
  const FileDescriptor silent(test::open_loopback_socket(0, true));
  HostAccess host;
  host.machine = MachineName("silent");
  host.address = "127.0.0.1";
  host.port = test::port_of(silent.number());
  const Error error = hosts_->run(host, {.text = "exit 0"}, Deadline::in(Milliseconds(100))).error();
  EXPECT_EQ(error.kind, ErrorKind::timeout);
  EXPECT_NE(error.found.find("waiting for the SSH greeting of root@127.0.0.1:"), std::string::npos) << error.found;
}

TEST_F(Connections, ASilentHostIsUnavailable) {
  const FileDescriptor silent(test::open_loopback_socket(0, true));
  HostAccess host;
  host.address = "127.0.0.1";
  host.port = test::port_of(silent.number());
  const auto hosts = open_hosts("", Milliseconds(150));
  const Error error = hosts->run(host, {.text = "exit 0"}, soon()).error();
  EXPECT_EQ(error.kind, ErrorKind::unavailable);
  EXPECT_EQ(error.summary, "the host is too slow to let us in");
}

TEST_F(Connections, WhatIsNoSshServerIsTold) {
  const FileDescriptor server(test::open_loopback_socket(0, true));
  HostAccess host;
  host.address = "127.0.0.1";
  host.port = test::port_of(server.number());
  std::thread answer([&] {
    const FileDescriptor client(accept(server.number(), nullptr, nullptr));
    const std::string text = "HTTP/1.1 400 Bad Request\r\n\r\n";
    EXPECT_EQ(write(client.number(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    shutdown(client.number(), SHUT_WR);
    char rest[1024];
    while (read(client.number(), rest, sizeof rest) > 0) {
    }
  });
  const Error error = hosts_->run(host, {.text = "exit 0"}, soon()).error();
  answer.join();
  EXPECT_EQ(error.kind, ErrorKind::unavailable);
  EXPECT_EQ(error.found, "\"HTTP/1.1 400 Bad Request\"");
}

TEST_F(Connections, AClosedPortIsUnavailable) {
  HostAccess host;
  host.address = "127.0.0.1";
  host.port = test::free_port();
  const Error error = hosts_->run(host, {.text = "exit 0"}, soon()).error();
  EXPECT_EQ(error.kind, ErrorKind::unavailable);
  EXPECT_EQ(error.found, "Connection refused");
}

TEST_F(Connections, ANameWithoutAddressIsUnavailable) {
  HostAccess host;
  host.address = "no-such-host.invalid";
  EXPECT_EQ(hosts_->run(host, {.text = "exit 0"}, soon()).error().kind, ErrorKind::unavailable);
}

TEST_F(Connections, ACutOneIsUnavailableAndMadeAgain) {
  const Sshd server(login_);
  const Result<ScriptOutcome> cut = hosts_->run(
      server.access(),
      {.text = "echo $PPID; sleep 5", .on_line = [](std::string_view line) { kill_process(std::string(line)); }},
      soon());
  ASSERT_FALSE(cut.ok());
  EXPECT_EQ(cut.error().kind, ErrorKind::unavailable) << describe(cut.error());
  EXPECT_NE(server_process(server.access()), "");
}

TEST_F(Connections, OneThatBrokeWhileIdleIsMadeAgainUnnoticed) {
  const Sshd server(login_);
  const std::string before = server_process(server.access());
  kill_process(before);
  EXPECT_NE(server_process(server.access()), before);
}

TEST_F(Connections, AForgottenOneIsMadeAgain) {
  const Sshd server(login_);
  const std::string before = server_process(server.access());
  hosts_->forget(MachineName("another"));
  EXPECT_EQ(server_process(server.access()), before);
  hosts_->forget(server.access().machine);
  EXPECT_NE(server_process(server.access()), before);
}

TEST_F(Connections, AServerWithNewKeysIsNotReachedThroughAnOldPin) {
  const Sshd server(login_);
  server_process(server.access());
  HostAccess repinned = server.access();
  repinned.host_keys = {generate_ssh_key("").value().public_key};
  EXPECT_EQ(hosts_->run(repinned, {.text = "exit 0"}, soon()).error().kind, ErrorKind::verification);
}

TEST_F(Connections, WaitingEndsWhenTheHostIsUp) {
  Sshd server(login_);
  server.stop();
  std::future<Result<void>> waiting =
      std::async(std::launch::async, [&] { return hosts_->wait_until_up(server.access(), soon()); });
  EXPECT_EQ(waiting.wait_for(Milliseconds(150)), std::future_status::timeout);
  server.start();
  const Result<void> up = waiting.get();
  EXPECT_TRUE(up.ok()) << describe(up.error());
}

TEST_F(Connections, WaitingInVainTellsTheLastFailure) {
  HostAccess host;
  host.machine = MachineName("workers-1");
  host.address = "127.0.0.1";
  host.port = test::free_port();
  const Error error = hosts_->wait_until_up(host, Deadline::in(Milliseconds(300))).error();
  EXPECT_EQ(error.kind, ErrorKind::timeout);
  EXPECT_EQ(error.summary, "workers-1 did not come up");
  EXPECT_EQ(error.found, "the host cannot be reached: Connection refused");
}

TEST_F(Connections, ClosingAnswersWhatStillRuns) {
  const Sshd server(login_);
  std::promise<void> running;
  std::future<Result<ScriptOutcome>> run = std::async(std::launch::async, [&] {
    return hosts_->run(server.access(),
                       {.text = "echo; sleep 5", .on_line = [&](std::string_view) { running.set_value(); }}, soon());
  });
  running.get_future().wait();
  hosts_.reset();
  EXPECT_EQ(run.get().error().kind, ErrorKind::cancelled);
}

class JumpHosts : public Connections {
 protected:
  HostAccess through(const Sshd& jump, const Sshd& server) {
    HostAccess host = server.access();
    host.jump = test::my_name() + "@127.0.0.1:" + std::to_string(jump.port());
    host.jump_host_keys = {jump.public_host_key()};
    return host;
  }
};

TEST_F(JumpHosts, CarryScriptsAndFiles) {
  const Sshd jump(login_);
  const Sshd server(login_);
  const HostAccess host = through(jump, server);
  const Result<ScriptOutcome> outcome =
      hosts_->run(host, {.text = "echo $SSH_CONNECTION; cat", .input = "hello"}, soon());
  ASSERT_TRUE(outcome.ok()) << describe(outcome.error());
  EXPECT_TRUE(outcome->output.ends_with(" 127.0.0.1 " + std::to_string(server.port()) + "\nhello")) << outcome->output;

  std::string content;
  for (uint64_t i = 0; content.size() < 12'000'000; ++i) content += std::to_string(i * 2654435761u);
  const std::string target = server.folder().file("file");
  const Result<void> put = hosts_->put(host, {.path = target, .content = content}, soon());
  ASSERT_TRUE(put.ok()) << describe(put.error());
  EXPECT_EQ(sha256_file(target).value(), sha256(content));
}

TEST_F(JumpHosts, OneConnectionToTheJumpHostServesSeveralHosts) {
  const Sshd jump(login_);
  const Sshd server(login_);
  std::vector<std::future<Result<ScriptOutcome>>> runs;
  for (int i = 1; i <= 6; ++i)
    runs.push_back(std::async(std::launch::async, [&, i] {
      HostAccess host = through(jump, server);
      host.address = "127.0.0." + std::to_string(i);
      return hosts_->run(host, {.text = "echo $PPID; cat", .input = std::string(500'000, 'x')}, soon());
    }));
  std::set<std::string> processes;
  for (auto& run : runs) {
    const Result<ScriptOutcome> outcome = run.get();
    ASSERT_TRUE(outcome.ok()) << describe(outcome.error());
    EXPECT_TRUE(outcome->output.ends_with(std::string(500'000, 'x')));
    processes.insert(outcome->output.substr(0, outcome->output.find('\n')));
  }
  EXPECT_EQ(processes.size(), 6u);
  // The test's own first look at the port leaves no login behind.
  const std::string log = jump.log();
  size_t logins = 0;
  for (size_t at = 0; (at = log.find("Accepted publickey", at)) != std::string::npos; ++at) ++logins;
  EXPECT_EQ(logins, 1u) << log;
}

TEST_F(JumpHosts, AHostThatTheJumpHostCannotReachIsUnavailable) {
  const Sshd jump(login_);
  const Sshd server(login_);
  HostAccess host = through(jump, server);
  host.port = test::free_port();
  const Error error = hosts_->run(host, {.text = "exit 0"}, soon()).error();
  EXPECT_EQ(error.kind, ErrorKind::unavailable);
  EXPECT_EQ(error.summary, "the jump host cannot reach the host");
}

TEST_F(JumpHosts, AHostThatDoesNotAnswerHoldsUpNoOther) {
  // A listener whose queue is full drops every further attempt, as a machine does that is gone.
  const FileDescriptor full(test::open_loopback_socket(0, true));
  listen(full.number(), 0);
  const uint16_t port = test::port_of(full.number());
  const FileDescriptor first(test::open_loopback_socket(port, false));

  const Sshd jump(login_, "LogLevel DEBUG1");
  const Sshd server(login_);
  HostAccess gone = through(jump, server);
  gone.port = port;
  std::future<Result<ScriptOutcome>> hanging =
      std::async(std::launch::async, [&] { return hosts_->run(gone, {.text = "exit 0"}, Deadline::in(Seconds(6))); });
  while (jump.log().find("port " + std::to_string(port)) == std::string::npos &&
         hanging.wait_for(Milliseconds(10)) == std::future_status::timeout) {
  }
  const Result<ScriptOutcome> outcome = hosts_->run(through(jump, server), {.text = "echo here"}, soon());
  EXPECT_TRUE(outcome.ok()) << describe(outcome.error());
  EXPECT_EQ(hanging.wait_for(Seconds(0)), std::future_status::timeout) << "the other host was meant to hang";
  hosts_->forget(gone.machine);
  EXPECT_EQ(hanging.get().error().kind, ErrorKind::unavailable);
}

TEST_F(JumpHosts, AWrongKeyOfTheJumpHostIsAVerificationError) {
  const Sshd jump(login_);
  const Sshd server(login_);
  HostAccess host = through(jump, server);
  host.jump_host_keys = {generate_ssh_key("").value().public_key};
  const Error error = hosts_->run(host, {.text = "exit 0"}, soon()).error();
  EXPECT_EQ(error.kind, ErrorKind::verification);
  ASSERT_FALSE(error.context.empty());
  EXPECT_NE(error.context.front().find("through jump host"), std::string::npos);
}

TEST_F(JumpHosts, ACutJumpHostIsUnavailableAndComesBack) {
  Sshd jump(login_);
  const Sshd server(login_);
  const HostAccess host = through(jump, server);
  HostAccess jump_itself = jump.access();
  // The jump host's connection is another than the one for scripts on it; both are served by children of one sshd.
  const Result<ScriptOutcome> cut =
      hosts_->run(host,
                  {.text = "echo; sleep 5",
                   .on_line =
                       [&](std::string_view) {
                         const auto killed = hosts_->run(
                             jump_itself,
                             {.text = "top=$(ps -o ppid= -p $PPID); for child in $(ps -o pid= --ppid $top); "
                                      "do [ $child = $PPID ] || kill -9 $child; done"},
                             soon());
                         EXPECT_TRUE(killed.ok());
                       }},
                  soon());
  ASSERT_FALSE(cut.ok());
  EXPECT_EQ(cut.error().kind, ErrorKind::unavailable) << describe(cut.error());
  EXPECT_NE(server_process(host), "");
}

}  // namespace
}  // namespace slipway
