#include "ssh/keys.h"

#include <gtest/gtest.h>

#include "base/process.h"
#include "base/text.h"
#include "ssh/login_key.h"

#include "test_sshd.h"

namespace slipway {
namespace {

std::string ssh_keygen(const std::vector<std::string>& arguments) {
  std::vector<std::string> all = {"ssh-keygen"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const Result<std::string> output = run_or_fail({.arguments = all});
  EXPECT_TRUE(output.ok()) << describe(output.error());
  return output ? *output : "";
}

TEST(SshKeys, OpensshReadsAKeyThatWeMade) {
  const SshKeyPair pair = generate_ssh_key("slipway lab").value();
  const test::Folder folder;
  const std::string file = folder.write("key", pair.private_key_pem.reveal());
  EXPECT_EQ(trim(ssh_keygen({"-y", "-f", file})), pair.public_key);
  EXPECT_NE(ssh_keygen({"-l", "-f", file}).find(fingerprint(pair.public_key) + " slipway lab"), std::string::npos);
}

TEST(SshKeys, TwoKeysDiffer) {
  EXPECT_NE(generate_ssh_key("a").value().public_key, generate_ssh_key("a").value().public_key);
}

TEST(SshKeys, ALineEndInTheCommentStaysOutOfTheLine) {
  const SshKeyPair pair = generate_ssh_key("a\nssh-ed25519 AAAA").value();
  EXPECT_EQ(pair.public_key.find('\n'), std::string::npos);
}

TEST(SshKeys, WhatIsNoPublicKeyHasNoFingerprint) {
  EXPECT_EQ(fingerprint("ssh-ed25519"), "");
  EXPECT_EQ(fingerprint("ssh-ed25519 !!!"), "");
  // A valid key under another type's name.
  const std::string line = generate_ssh_key("").value().public_key;
  EXPECT_EQ(fingerprint("ssh-rsa " + line.substr(line.find(' ') + 1)), "");
}

TEST(LoginKey, ReadsOpensshFormat) {
  const SshKeyPair pair = generate_ssh_key("me").value();
  const Result<ssh::LoginKey> key = ssh::LoginKey::parse(pair.private_key_pem, "key");
  ASSERT_TRUE(key.ok()) << describe(key.error());
  EXPECT_EQ(key->public_line() + " me", pair.public_key);
  EXPECT_EQ(key->sign("data").size(), 64u);
}

TEST(LoginKey, ReadsPkcs8Format) {
  // The example of RFC 8410, section 10.3.
  const Secret pem(
      "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
      "-----END PRIVATE KEY-----\n");
  const Result<ssh::LoginKey> key = ssh::LoginKey::parse(pem, "key");
  ASSERT_TRUE(key.ok()) << describe(key.error());
  EXPECT_EQ(key->public_line(), "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBm/RAlphM3+hUG6wWfcO5bIUIaqMLa2ywxcOK1wMWbh");
}

struct BadKey {
  const char* name;
  std::vector<std::string> arguments;  ///< Of ssh-keygen.
  const char* found;
};
void PrintTo(const BadKey& key, std::ostream* out) { *out << key.name; }
class BadLoginKey : public testing::TestWithParam<BadKey> {};

TEST_P(BadLoginKey, IsRefusedByName) {
  const test::Folder folder;
  std::vector<std::string> arguments = GetParam().arguments;
  arguments.insert(arguments.end(), {"-q", "-f", folder.file("key")});
  ssh_keygen(arguments);
  const Secret pem(read_file(folder.file("key")).value());
  const Result<ssh::LoginKey> key = ssh::LoginKey::parse(pem, "my key");
  ASSERT_FALSE(key.ok());
  EXPECT_EQ(key.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(key.error().found, GetParam().found);
  EXPECT_EQ(key.error().where, "my key");
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, BadLoginKey,
    testing::Values(BadKey{"Rsa", {"-t", "rsa", "-b", "2048", "-N", ""}, "a key of type ssh-rsa"},
                    BadKey{"Ecdsa", {"-t", "ecdsa", "-N", ""}, "a key of type ecdsa-sha2-nistp256"},
                    BadKey{"RsaPem", {"-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""}, "a key of type rsaEncryption"},
                    BadKey{"Locked", {"-t", "ed25519", "-N", "test-only"}, "a key locked with a passphrase"},
                    BadKey{"LockedPem",
                           {"-t", "rsa", "-b", "2048", "-m", "PKCS8", "-N", "test-only"},
                           "a key locked with a passphrase"}),
    [](const auto& info) { return info.param.name; });

TEST(LoginKey, RefusesTextThatIsNoKey) {
  EXPECT_EQ(ssh::LoginKey::parse(Secret("hello there"), "key").error().found, "no private key");
  EXPECT_EQ(ssh::LoginKey::parse(Secret("ssh-ed25519 AAAA me"), "key").error().found, "a public key");
  std::string cut = generate_ssh_key("").value().private_key_pem.reveal();
  EXPECT_EQ(ssh::LoginKey::parse(Secret(cut.substr(0, cut.find("-----END"))), "key").error().kind,
            ErrorKind::bad_input);
  cut.erase(200, 100);
  EXPECT_EQ(ssh::LoginKey::parse(Secret(cut), "key").error().kind, ErrorKind::bad_input);
}

}  // namespace
}  // namespace slipway
