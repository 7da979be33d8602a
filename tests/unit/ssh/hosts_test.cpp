// The hosts port against a real sshd: what scripts and files see, and how trust and refusals are told.

#include "ssh/hosts.h"

#include "base/digest.h"
#include "base/text.h"

#include "test_sshd.h"

namespace slipway::playbook {
/// Stands in for the one maker of check scripts.
class Compiler {
 public:
  static CheckScript check(const std::string& text) { return CheckScript(text); }
};
}  // namespace slipway::playbook

namespace slipway {
namespace {

using test::Folder;
using test::Sshd;
using test::SshTest;

class Hosts : public SshTest {
 protected:
  ScriptOutcome run(const Sshd& server, const Script& script) {
    const Result<ScriptOutcome> outcome = hosts_->run(server.access(), script, soon());
    EXPECT_TRUE(outcome.ok()) << describe(outcome.error()) << server.log();
    return outcome ? *outcome : ScriptOutcome{};
  }
};

TEST_F(Hosts, AScriptsOutputErrorOutputAndStatusComeBack) {
  const Sshd server(login_);
  const ScriptOutcome outcome = run(server, {.text = "echo out; echo err >&2; exit 3"});
  EXPECT_EQ(outcome.exit_status, 3);
  EXPECT_EQ(outcome.output, "out\n");
  EXPECT_EQ(outcome.error_output, "err\n");
}

TEST_F(Hosts, ACheckRunsLikeAScript) {
  const Sshd server(login_);
  const auto outcome = hosts_->check(server.access(), playbook::Compiler::check("id -u"), soon());
  ASSERT_TRUE(outcome.ok()) << describe(outcome.error());
  EXPECT_EQ(outcome->output, std::to_string(getuid()) + "\n");
}

TEST_F(Hosts, ASignalIsAStatusAbove128) {
  const Sshd server(login_);
  EXPECT_EQ(run(server, {.text = "kill -9 $$"}).exit_status, 137);
}

TEST_F(Hosts, BinaryInputArrivesAsItIs) {
  const Sshd server(login_);
  std::string bytes;
  for (int i = 0; i < 3'000'000; ++i) bytes += static_cast<char>(i * 31 % 256);
  EXPECT_EQ(run(server, {.text = "sha256sum | cut -c1-64", .input = bytes}).output, sha256(bytes) + "\n");
}

TEST_F(Hosts, BigOutputArrivesAsItIs) {
  const Sshd server(login_);
  const ScriptOutcome outcome = run(server, {.text = "head -c 9000000 /dev/zero; head -c 3000000 /dev/zero >&2"});
  EXPECT_EQ(outcome.output, std::string(9'000'000, '\0'));
  EXPECT_EQ(outcome.error_output.size(), 3'000'000u);
}

TEST_F(Hosts, AMebibyteOfScriptRuns) {
  const Sshd server(login_);
  std::string text;
  while (text.size() < 1024 * 1024) text += "x=$((x+1)) # a line of a long script\n";
  EXPECT_EQ(run(server, {.text = text + "cat", .input = "tail"}).output, "tail");
}

TEST_F(Hosts, AScriptThatReadsNoInputEnds) {
  const Sshd server(login_);
  EXPECT_EQ(run(server, {.text = "exit 5", .input = std::string(20'000'000, 'x')}).exit_status, 5);
}

TEST_F(Hosts, LinesAreToldAsTheyComeInTheCallersThread) {
  const Sshd server(login_);
  std::vector<std::string> lines;
  const auto me = std::this_thread::get_id();
  const std::string gate = server.folder().file("gate");
  // The script goes on only once its first line was told.
  const ScriptOutcome outcome =
      run(server, {.text = "echo first; while [ ! -e " + gate + " ]; do sleep 0.01; done; echo second; printf last",
                   .on_line = [&](std::string_view line) {
                     EXPECT_EQ(std::this_thread::get_id(), me);
                     lines.emplace_back(line);
                     if (line == "first") server.folder().write("gate", "");
                   }});
  EXPECT_EQ(outcome.output, "first\nsecond\nlast");
  EXPECT_EQ(lines, (std::vector<std::string>{"first", "second", "last"}));
}

TEST_F(Hosts, NeitherScriptNorInputIsInAProcessList) {
  const Sshd server(login_);
  const ScriptOutcome outcome = run(
      server, {.text = "marker=in-the-text\nfor f in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$f; echo; done 2>/dev/null",
               .input = "in-the-input"});
  EXPECT_NE(outcome.output.find("/bin/sh -c"), std::string::npos);
  EXPECT_EQ(outcome.output.find("in-the-text"), std::string::npos);
  EXPECT_EQ(outcome.output.find("in-the-input"), std::string::npos);
}

TEST_F(Hosts, PutStreamsAFileWithProgress) {
  const Sshd server(login_);
  const Folder local;
  std::string content;
  content.reserve(50 * 1024 * 1024);
  for (uint64_t i = 0; content.size() < 50 * 1024 * 1024; ++i) content += std::to_string(i * 2654435761u);
  const std::string target = server.folder().file("images/of workers.tar");
  uint64_t last = 0;
  size_t calls = 0;
  const Result<void> put = hosts_->put(server.access(),
                                       {.path = target,
                                        .local_path = local.write("big", content),
                                        .mode = 0600,
                                        .on_progress =
                                            [&](uint64_t sent, uint64_t total) {
                                              EXPECT_GE(sent, last);
                                              EXPECT_EQ(total, content.size());
                                              last = sent;
                                              ++calls;
                                            }},
                                       Deadline::in(Seconds(60)));
  ASSERT_TRUE(put.ok()) << describe(put.error());
  EXPECT_EQ(last, content.size());
  EXPECT_GE(calls, 2u);
  EXPECT_EQ(sha256_file(target).value(), sha256(content));
}

TEST_F(Hosts, PutFromMemoryReplacesAndSetsTheMode) {
  const Sshd server(login_);
  const std::string target = server.folder().write("file", "old", 0777);
  ASSERT_TRUE(hosts_->put(server.access(), {.path = target, .content = "", .mode = 0440}, soon()).ok());
  EXPECT_EQ(read_file(target).value(), "");
  struct stat status {};
  ASSERT_EQ(stat(target.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0440u);
}

TEST_F(Hosts, PutOfAMissingLocalFileNamesIt) {
  const Sshd server(login_);
  const Error error = hosts_->put(server.access(), {.path = "/tmp/x", .local_path = "/no/such"}, soon()).error();
  EXPECT_EQ(error.kind, ErrorKind::not_found);
  EXPECT_EQ(error.where, "/no/such");
}

TEST_F(Hosts, PutToAnImpossiblePlaceTellsWhatTheHostSaid) {
  const Sshd server(login_);
  const Error error = hosts_->put(server.access(), {.path = "/proc/nothing/here", .content = "x"}, soon()).error();
  EXPECT_NE(error.found.find("/proc/nothing"), std::string::npos) << describe(error);
  EXPECT_EQ(error.where, "machine-127.0.0.1:/proc/nothing/here");
}

TEST_F(Hosts, AWrongHostKeyIsAVerificationErrorWithBothFingerprints) {
  const Sshd server(login_);
  HostAccess host = server.access();
  const std::string other = generate_ssh_key("").value().public_key;
  host.host_keys = {other};
  const Error error = hosts_->run(host, {.text = "exit 0"}, soon()).error();
  EXPECT_EQ(error.kind, ErrorKind::verification);
  EXPECT_EQ(error.found, "ssh-ed25519 " + fingerprint(server.public_host_key()));
  EXPECT_EQ(error.expected, "ssh-ed25519 " + fingerprint(other));
  EXPECT_EQ(hosts_->wait_until_up(host, soon()).error().kind, ErrorKind::verification);
}

TEST_F(Hosts, AFingerprintIsEnoughTrust) {
  const Sshd server(login_);
  HostAccess host = server.access();
  host.host_keys = {fingerprint(server.public_host_key())};
  EXPECT_TRUE(hosts_->run(host, {.text = "exit 0"}, soon()).ok());
}

TEST_F(Hosts, WithoutPinnedKeysKnownHostsDecides) {
  const Sshd server(login_);
  const Folder folder;
  HostAccess host = server.access();
  host.host_keys.clear();
  const std::string known = folder.file("known_hosts");
  const auto hosts = open_hosts(known);
  const Error error = hosts->run(host, {.text = "exit 0"}, soon()).error();
  EXPECT_EQ(error.kind, ErrorKind::verification);
  EXPECT_NE(error.advice.find("fingerprint: \"" + fingerprint(server.public_host_key())), std::string::npos);

  // The line that the error asks for is the line that helps.
  folder.write("known_hosts", error.advice.substr(error.advice.rfind(known + ": ") + known.size() + 2) + "\n");
  const Result<ScriptOutcome> outcome = hosts->run(host, {.text = "exit 0"}, soon());
  EXPECT_TRUE(outcome.ok()) << describe(outcome.error());
}

TEST_F(Hosts, AnotherKeyIsRefusedWithTheLineToAdd) {
  const Sshd server(generate_ssh_key("somebody else").value());
  const Error error = hosts_->run(server.access(), {.text = "exit 0"}, soon()).error();
  EXPECT_EQ(error.kind, ErrorKind::unauthorised);
  EXPECT_NE(error.expected.find(login_.public_key.substr(0, login_.public_key.rfind(" test login"))),
            std::string::npos);
}

TEST_F(Hosts, SudoRunsScriptsAndFiles) {
  if (access("/usr/bin/sudo", X_OK) != 0 || getuid() != 0) GTEST_SKIP() << "NO SUDO HERE";
  const Sshd server(login_);
  HostAccess host = server.access();
  host.sudo = true;
  std::string bytes(300'000, 'x');
  bytes += std::string("\0\xff\n\n", 4);
  const auto outcome = hosts_->run(host, {.text = "echo ${SUDO_UID-none}; wc -c", .input = bytes}, soon());
  ASSERT_TRUE(outcome.ok()) << describe(outcome.error());
  EXPECT_EQ(outcome->output, "0\n" + std::to_string(bytes.size()) + "\n");
  const std::string target = server.folder().file("by sudo");
  ASSERT_TRUE(hosts_->put(host, {.path = target, .content = bytes}, soon()).ok());
  EXPECT_EQ(read_file(target).value(), bytes);
}

/// A host on whose path `sudo` is what the test puts there.
class Sudo : public Hosts {
 protected:
  Error refused(const std::string& fake_sudo) {
    const Folder folder;
    std::filesystem::create_directory(folder.file("bin"));
    if (!fake_sudo.empty()) folder.write("bin/sudo", fake_sudo, 0755);
    const Sshd server(login_, "", folder.file("bin"));
    HostAccess host = server.access();
    host.sudo = true;
    return hosts_->run(host, {.text = "exit 0"}, soon()).error();
  }
};

TEST_F(Sudo, MissingIsTold) {
  const Error error = refused("");
  EXPECT_EQ(error.kind, ErrorKind::unauthorised);
  EXPECT_EQ(error.summary, "sudo is missing on the host");
}

TEST_F(Sudo, WantingAPasswordIsToldWithTheLineThatHelps) {
  const Error error = refused("#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n");
  EXPECT_EQ(error.kind, ErrorKind::unauthorised);
  EXPECT_EQ(error.found, "sudo: a password is required");
  EXPECT_NE(error.advice.find("NOPASSWD"), std::string::npos);
}

TEST_F(Hosts, ALoginThatMayRunNothingIsTold) {
  const Sshd server(login_, "ForceCommand echo go away");
  const Error error = hosts_->run(server.access(), {.text = "exit 0"}, soon()).error();
  EXPECT_EQ(error.kind, ErrorKind::unauthorised);
  EXPECT_EQ(error.found, "go away");
}

TEST_F(Hosts, NoCommonCipherIsToldByName) {
  const Sshd server(login_, "Ciphers aes128-gcm@openssh.com");
  const Error error = hosts_->run(server.access(), {.text = "exit 0"}, soon()).error();
  EXPECT_EQ(error.summary, "no common cipher algorithm");
  EXPECT_EQ(error.found, "the host offers aes128-gcm@openssh.com");
  EXPECT_NE(error.advice.find("aes256-ctr"), std::string::npos);
}

TEST_F(Hosts, AWeakKeyExchangeIsRefusedByName) {
  const Sshd server(login_, "KexAlgorithms diffie-hellman-group14-sha1");
  const Error error = hosts_->run(server.access(), {.text = "exit 0"}, soon()).error();
  EXPECT_EQ(error.kind, ErrorKind::verification);
  EXPECT_EQ(error.summary, "no common key exchange algorithm");
  EXPECT_TRUE(error.found.starts_with("the host offers diffie-hellman-group14-sha1")) << error.found;
}

TEST_F(Hosts, AWeakMacIsRefusedByName) {
  const Sshd server(login_, "MACs hmac-sha1,hmac-md5");
  const Error error = hosts_->run(server.access(), {.text = "exit 0"}, soon()).error();
  EXPECT_EQ(error.kind, ErrorKind::verification);
  EXPECT_EQ(error.found, "the host offers hmac-sha1, hmac-md5");
}

TEST_F(Hosts, NoCommonMacIsToldByName) {
  const Sshd server(login_, "MACs hmac-sha2-256-etm@openssh.com");
  const Error error = hosts_->run(server.access(), {.text = "exit 0"}, soon()).error();
  EXPECT_EQ(error.summary, "no common MAC algorithm");
}

}  // namespace
}  // namespace slipway
