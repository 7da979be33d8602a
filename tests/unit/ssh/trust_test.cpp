#include <gtest/gtest.h>

#include "ssh/host_trust.h"
#include "ssh/keys.h"
#include "ssh/negotiation.h"
#include "ssh/tunnel.h"
#include "ssh/wire.h"

#include "test_sshd.h"

namespace slipway::ssh {
namespace {

/// Two keys to tell apart.
const std::string key_a = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBm/RAlphM3+hUG6wWfcO5bIUIaqMLa2ywxcOK1wMWbh";
const std::string key_b = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK/RAlphM3+hUG6wWfcO5bIUIaqMLa2ywxcOK1wMWbhZ";

std::string blob_of(const std::string& line) { return parse_public_key(line).blob; }

HostTrust trust_in(const std::string& known_hosts, const std::string& address, uint16_t port) {
  const test::Folder folder;
  return HostTrust::from({}, folder.write("known_hosts", known_hosts), address, port).value();
}

struct Line {
  const char* name;
  std::string pattern;
  std::string address;
  uint16_t port;
  bool accepted;
};
void PrintTo(const Line& line, std::ostream* out) { *out << line.name; }
class KnownHosts : public testing::TestWithParam<Line> {};

TEST_P(KnownHosts, DecidesByName) {
  const Line& line = GetParam();
  const HostTrust trust = trust_in("# a comment\n\n" + line.pattern + " " + key_a + " me\n", line.address, line.port);
  EXPECT_EQ(trust.verify(blob_of(key_a)).ok(), line.accepted);
}

INSTANTIATE_TEST_SUITE_P(
    Lines, KnownHosts,
    testing::Values(
        Line{"Plain", "10.0.0.5", "10.0.0.5", 22, true}, Line{"Other", "10.0.0.6", "10.0.0.5", 22, false},
        Line{"List", "web,10.0.0.5", "10.0.0.5", 22, true}, Line{"Port", "[10.0.0.5]:2222", "10.0.0.5", 2222, true},
        Line{"OtherPort", "[10.0.0.5]:2223", "10.0.0.5", 2222, false},
        Line{"AnyPort", "10.0.0.5", "10.0.0.5", 2222, true}, Line{"Wildcard", "10.0.0.*", "10.0.0.5", 22, true},
        Line{"Negated", "10.0.0.*,!10.0.0.5", "10.0.0.5", 22, false},
        // ssh-keygen -H of "10.0.0.5".
        Line{"Hashed", "|1|loyoMI3MeAMtONq5Q7Ut0jPwfFE=|bX3SO1N4j31LUQ9cB73lLrgP5o4=", "10.0.0.5", 22, true},
        Line{"HashedOther", "|1|loyoMI3MeAMtONq5Q7Ut0jPwfFE=|bX3SO1N4j31LUQ9cB73lLrgP5o4=", "10.0.0.6", 22, false},
        Line{"Authority", "@cert-authority 10.0.0.5", "10.0.0.5", 22, false},
        Line{"Revoked", "@revoked 10.0.0.5", "10.0.0.5", 22, false}),
    [](const auto& info) { return info.param.name; });

TEST(HostTrust, AnUnknownHostIsRefusedWithTheLineToAdd) {
  const HostTrust trust = trust_in("", "10.0.0.5", 2222);
  const Error error = trust.verify(blob_of(key_a)).error();
  EXPECT_EQ(error.kind, ErrorKind::verification);
  EXPECT_EQ(error.found, "ssh-ed25519 " + fingerprint(key_a));
  EXPECT_NE(error.advice.find("fingerprint: \"" + fingerprint(key_a) + "\""), std::string::npos) << error.advice;
  EXPECT_NE(error.advice.find("[10.0.0.5]:2222 " + key_a), std::string::npos) << error.advice;
}

TEST(HostTrust, AnotherKeyThanTheKnownOneNamesBoth) {
  const Error error = trust_in("10.0.0.5 " + key_b, "10.0.0.5", 22).verify(blob_of(key_a)).error();
  EXPECT_EQ(error.kind, ErrorKind::verification);
  EXPECT_EQ(error.found, "ssh-ed25519 " + fingerprint(key_a));
  EXPECT_EQ(error.expected, "ssh-ed25519 " + fingerprint(key_b));
  EXPECT_NE(error.advice.find("known_hosts:1"), std::string::npos) << error.advice;
}

TEST(HostTrust, PinnedKeysDecideAndKnownHostsDoesNot) {
  const test::Folder folder;
  const std::string known = folder.write("known_hosts", "10.0.0.5 " + key_a);
  const HostTrust trust = HostTrust::from({key_b + " comment"}, known, "10.0.0.5", 22).value();
  EXPECT_TRUE(trust.verify(blob_of(key_b)).ok());
  EXPECT_EQ(trust.verify(blob_of(key_a)).error().expected, "ssh-ed25519 " + fingerprint(key_b));
}

TEST(HostTrust, AFingerprintPinsAKey) {
  const HostTrust trust = HostTrust::from({fingerprint(key_a)}, "", "10.0.0.5", 22).value();
  EXPECT_TRUE(trust.verify(blob_of(key_a)).ok());
  EXPECT_FALSE(trust.verify(blob_of(key_b)).ok());
}

TEST(HostTrust, APinnedKeyThatCannotBeReadIsTheUsersError) {
  EXPECT_EQ(HostTrust::from({"MD5:aa:bb"}, "", "10.0.0.5", 22).error().kind, ErrorKind::bad_input);
}

TEST(HostTrust, AsksForTheTypesItKnowsFirst) {
  const std::string ecdsa =
      "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNu"
      "G5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg=";
  EXPECT_EQ(trust_in("10.0.0.5 " + ecdsa, "10.0.0.5", 22).algorithms().front(), "ecdsa-sha2-nistp256");
  EXPECT_EQ(trust_in("", "10.0.0.5", 22).algorithms().front(), "ssh-ed25519");
}

std::string first_bytes(const std::string& key_exchange, const std::string& host_key, const std::string& cipher,
                        const std::string& mac) {
  WireWriter body;
  body.raw(std::string("\x04\x14", 2) + std::string(16, 'c')).string(key_exchange).string(host_key);
  body.string(cipher).string(cipher).string(mac).string(mac).string("none").string("none").string("").string("");
  body.raw(std::string(9, '\0'));
  return "a line before\r\nSSH-2.0-Test_1\r\n" + WireWriter().string(body.bytes()).bytes();
}

TEST(Negotiation, NamesWhatIsMissing) {
  const auto offered =
      offered_algorithms(first_bytes("curve25519-sha256", "rsa-sha2-512", "aes256-ctr", "hmac-sha2-256"));
  ASSERT_TRUE(offered);
  const auto error = explain_mismatch(*offered);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->summary, "no common host key algorithm");
  EXPECT_EQ(error->found, "the host offers rsa-sha2-512");
  EXPECT_NE(error->expected.find("ssh-ed25519"), std::string::npos);
}

TEST(Negotiation, CommonAlgorithmsAreNoMismatch) {
  const auto offered = offered_algorithms(first_bytes("sntrup761x25519-sha512@openssh.com,curve25519-sha256",
                                                      "ssh-ed25519", "aes256-ctr", "hmac-sha2-512"));
  ASSERT_TRUE(offered);
  EXPECT_FALSE(explain_mismatch(*offered));
}

TEST(Negotiation, HalfAGreetingOffersNothing) {
  const std::string whole = first_bytes("curve25519-sha256", "ssh-ed25519", "aes256-ctr", "hmac-sha2-256");
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(offered_algorithms(std::string_view(whole).substr(0, size))) << size;
  EXPECT_TRUE(offered_algorithms(whole));
  EXPECT_EQ(greeting_line(whole), "SSH-2.0-Test_1");
}

TEST(JumpHost, IsReadAsWritten) {
  const auto read = [](const std::string& text) {
    const Result<JumpHost> jump = parse_jump(text, "me");
    return jump ? jump->user + " " + jump->address + " " + std::to_string(jump->port) : "refused";
  };
  EXPECT_EQ(read("admin@10.0.0.1:2222"), "admin 10.0.0.1 2222");
  EXPECT_EQ(read("10.0.0.1"), "me 10.0.0.1 22");
  EXPECT_EQ(read("admin@[fe80::1]:2222"), "admin fe80::1 2222");
  EXPECT_EQ(read("admin@fe80::1"), "admin fe80::1 22");
  EXPECT_EQ(read("admin@10.0.0.1:99999"), "refused");
  EXPECT_EQ(read("admin@10.0.0.1:"), "refused");
  EXPECT_EQ(read("admin@"), "refused");
  EXPECT_EQ(read("admin@[fe80::1"), "refused");
}

}  // namespace
}  // namespace slipway::ssh
