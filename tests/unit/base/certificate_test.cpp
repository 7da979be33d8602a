#include "base/certificate.h"

#include <filesystem>
#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/ids.h"
#include "base/process.h"

namespace slipway {
namespace {

struct TemporaryFolder {
  std::string path = (std::filesystem::temp_directory_path() / ("slipway-cert-" + random_hex(6))).string();
  TemporaryFolder() { std::filesystem::create_directories(path); }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
};

/// What the openssl program says; its exit status and stderr too where it fails.
std::string openssl(std::vector<std::string> arguments, const std::string& input = {}) {
  arguments.insert(arguments.begin(), "openssl");
  const Result<CommandOutcome> outcome = run_command({.arguments = arguments, .input = input});
  if (!outcome) return describe(outcome.error());
  return outcome->output +
         (outcome->ok() ? "" : "exit " + std::to_string(outcome->exit_status) + outcome->error_output);
}

std::string text_of(const std::string& certificate) { return openssl({"x509", "-noout", "-text"}, certificate); }

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

CertificateKeyPair authority() { return *make_authority({.common_name = "kubernetes"}); }

TEST(Authority, MaySignAsKubernetesWants) {
  const CertificateKeyPair ca = authority();
  const std::string text = text_of(ca.certificate_pem);
  EXPECT_TRUE(holds(text, "Version: 3")) << text;
  EXPECT_TRUE(holds(text, "Subject: CN = kubernetes")) << text;
  EXPECT_TRUE(holds(text, "Issuer: CN = kubernetes")) << text;
  EXPECT_TRUE(holds(text, "X509v3 Basic Constraints: critical\n                CA:TRUE")) << text;
  EXPECT_TRUE(holds(text,
                    "X509v3 Key Usage: critical\n"
                    "                Digital Signature, Key Encipherment, Certificate Sign, CRL Sign"))
      << text;
  EXPECT_TRUE(holds(text, "prime256v1")) << text;
  EXPECT_TRUE(holds(ca.key_pem.reveal(), "-----BEGIN PRIVATE KEY-----"));
}

TEST(Certificate, OfAServerIsVerifiedForItsNamesAndAddresses) {
  const TemporaryFolder folder;
  const CertificateKeyPair ca = authority();
  const Result<CertificateKeyPair> server =
      issue(ca, {.common_name = "kube-apiserver",
                 .dns_names = {"kubernetes", "kubernetes.default.svc", "api.demo.example"},
                 .addresses = {"10.96.0.1", "10.99.0.10", "fd00::1"},
                 .server = true});
  ASSERT_TRUE(server.ok()) << describe(server.error());
  ASSERT_TRUE(write_file_atomically(folder.path + "/ca.crt", ca.certificate_pem).ok());
  ASSERT_TRUE(write_file_atomically(folder.path + "/leaf.crt", server->certificate_pem).ok());
  const auto verify = [&](std::vector<std::string> extra) {
    std::vector<std::string> arguments = {"verify", "-x509_strict", "-CAfile", folder.path + "/ca.crt"};
    arguments.insert(arguments.end(), extra.begin(), extra.end());
    arguments.push_back(folder.path + "/leaf.crt");
    return openssl(arguments);
  };
  const std::string good = folder.path + "/leaf.crt: OK\n";
  EXPECT_EQ(verify({"-purpose", "sslserver"}), good);
  for (const char* name : {"kubernetes", "kubernetes.default.svc", "api.demo.example"})
    EXPECT_EQ(verify({"-verify_hostname", name}), good) << name;
  for (const char* address : {"10.96.0.1", "10.99.0.10", "fd00::1"})
    EXPECT_EQ(verify({"-verify_ip", address}), good) << address;
  EXPECT_TRUE(holds(verify({"-verify_ip", "10.99.0.11"}), "IP address mismatch"));
  EXPECT_TRUE(holds(verify({"-verify_hostname", "other"}), "ostname mismatch"));
  EXPECT_TRUE(holds(verify({"-purpose", "sslclient"}), "exit"));

  const std::string text = text_of(server->certificate_pem);
  EXPECT_TRUE(holds(text, "X509v3 Key Usage: critical\n                Digital Signature, Key Encipherment\n")) << text;
  EXPECT_TRUE(holds(text, "CA:FALSE"));
  EXPECT_TRUE(holds(text,
                    "DNS:kubernetes, DNS:kubernetes.default.svc, DNS:api.demo.example, IP Address:10.96.0.1, "
                    "IP Address:10.99.0.10, IP Address:FD00:0:0:0:0:0:0:1"))
      << text;
}

TEST(Certificate, OfAClientCarriesItsGroups) {
  const Result<CertificateKeyPair> client = issue(
      authority(), {.common_name = "kubernetes-admin", .organisations = {"system:masters", "ops"}, .client = true});
  ASSERT_TRUE(client.ok());
  const std::string text = text_of(client->certificate_pem);
  EXPECT_TRUE(holds(text, "Subject: O = system:masters, O = ops, CN = kubernetes-admin")) << text;
  EXPECT_TRUE(holds(text, "X509v3 Extended Key Usage: \n                TLS Web Client Authentication\n")) << text;
  EXPECT_FALSE(holds(text, "Subject Alternative Name"));
}

TEST(Certificate, BelongsToItsKey) {
  const Result<CertificateKeyPair> leaf = issue(authority(), {.common_name = "a", .client = true, .server = true});
  ASSERT_TRUE(leaf.ok());
  EXPECT_EQ(openssl({"x509", "-noout", "-pubkey"}, leaf->certificate_pem),
            openssl({"pkey", "-pubout"}, leaf->key_pem.reveal()));
  EXPECT_TRUE(holds(text_of(leaf->certificate_pem), "TLS Web Server Authentication, TLS Web Client Authentication"));
}

TEST(Certificate, BeginsFiveMinutesAgoAndEndsWithItsAuthority) {
  const WallTime now = std::chrono::system_clock::from_time_t(1795253400);  // 2026-11-21T09:30:00Z
  const Result<CertificateKeyPair> ca =
      make_authority({.common_name = "etcd-ca", .validity = Seconds(3600), .now = now});
  ASSERT_TRUE(ca.ok());
  EXPECT_EQ(openssl({"x509", "-noout", "-startdate"}, ca->certificate_pem), "notBefore=Nov 21 09:25:00 2026 GMT\n");
  EXPECT_EQ(*not_after(ca->certificate_pem), now + Seconds(3600));
  const auto leaf_end = [&](Seconds validity) {
    return *not_after(
        issue(*ca, {.common_name = "a", .client = true, .validity = validity, .now = now})->certificate_pem);
  };
  EXPECT_EQ(leaf_end(Seconds(600)), now + Seconds(600));
  EXPECT_EQ(leaf_end(Seconds(7200)), now + Seconds(3600));
}

TEST(Certificate, DatesBeyond2050AreWrittenRight) {
  const WallTime now = std::chrono::system_clock::from_time_t(1795253400);
  const Seconds century(100ll * 365 * 24 * 3600);
  EXPECT_EQ(*not_after(make_authority({.common_name = "old", .validity = century, .now = now})->certificate_pem),
            now + century);
}

TEST(Certificate, TwoOfTheSameRequestDiffer) {
  const CertificateKeyPair ca = authority();
  const CertificateRequest request{.common_name = "a", .client = true};
  const auto serial = [&] { return openssl({"x509", "-noout", "-serial"}, issue(ca, request)->certificate_pem); };
  EXPECT_NE(serial(), serial());
}

TEST(Certificate, RequestsThatMakeNoSenseAreBadInput) {
  const CertificateKeyPair ca = authority();
  EXPECT_EQ(issue(ca, {.common_name = "a"}).error().kind, ErrorKind::bad_input);
  const Error address = issue(ca, {.common_name = "a", .addresses = {"10.0.0.300"}, .server = true}).error();
  EXPECT_EQ(address.kind, ErrorKind::bad_input);
  EXPECT_EQ(address.found, "10.0.0.300");
  for (const char* name : {"", "two words", "a\nb"})
    EXPECT_EQ(issue(ca, {.common_name = "a", .dns_names = {name}, .server = true}).error().kind, ErrorKind::bad_input);
}

TEST(Certificate, ANameWithACommaStaysOneName) {
  const Result<CertificateKeyPair> leaf =
      issue(authority(), {.common_name = "a", .dns_names = {"a,IP:1.2.3.4"}, .server = true});
  ASSERT_TRUE(leaf.ok());
  EXPECT_FALSE(holds(text_of(leaf->certificate_pem), "IP Address"));
}

TEST(Certificate, WhatIsNoAuthorityIsCorruptAndItsKeyNotShown) {
  const CertificateKeyPair ca = authority();
  const CertificateRequest request{.common_name = "a", .client = true};
  EXPECT_EQ(issue({"nonsense", ca.key_pem}, request).error().kind, ErrorKind::corrupt);
  EXPECT_EQ(issue({ca.certificate_pem, authority().key_pem}, request).error().kind, ErrorKind::corrupt);
  const Error error = issue({ca.certificate_pem, Secret("not-a-key-at-all")}, request).error();
  EXPECT_EQ(error.kind, ErrorKind::corrupt);
  EXPECT_FALSE(holds(describe(error), "not-a-key"));
  EXPECT_EQ(not_after("nonsense").error().kind, ErrorKind::corrupt);
  EXPECT_EQ(public_key_hash("").error().kind, ErrorKind::corrupt);
}

TEST(Certificate, AnRsaAuthorityMadeElsewhereSignsToo) {
  const TemporaryFolder folder;
  const std::string key = folder.path + "/ca.key", certificate = folder.path + "/ca.crt";
  openssl({"req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=own", "-keyout", key, "-out", certificate});
  const Result<CertificateKeyPair> leaf =
      issue({*read_file(certificate), Secret(*read_file(key))}, {.common_name = "a", .client = true});
  ASSERT_TRUE(leaf.ok()) << describe(leaf.error());
  ASSERT_TRUE(write_file_atomically(folder.path + "/leaf.crt", leaf->certificate_pem).ok());
  EXPECT_EQ(openssl({"verify", "-CAfile", certificate, folder.path + "/leaf.crt"}), folder.path + "/leaf.crt: OK\n");
}

TEST(CertificateFacts, AreThoseOfTheCertificate) {
  const CertificateKeyPair ca = authority();
  const Result<CertificateKeyPair> leaf = issue(ca, {.common_name = "kubernetes-admin",
                                                     .organisations = {"system:masters"},
                                                     .client = true,
                                                     .validity = Seconds(5 * 24 * 3600)});
  ASSERT_TRUE(leaf.ok()) << describe(leaf.error());
  const Result<CertificateFacts> facts = facts_of(leaf->certificate_pem);
  ASSERT_TRUE(facts.ok()) << describe(facts.error());
  EXPECT_EQ(facts->subject, "O=system:masters, CN=kubernetes-admin");
  EXPECT_EQ(facts->issuer, "CN=kubernetes");
  EXPECT_EQ(facts->not_after, *not_after(leaf->certificate_pem));
  EXPECT_FALSE(facts->authority);
  EXPECT_TRUE(facts_of(ca.certificate_pem)->authority);
  EXPECT_EQ(facts_of("no certificate").error().kind, ErrorKind::corrupt);
}

TEST(PublicKeyHash, IsWhatKubeadmComputes) {
  const CertificateKeyPair ca = authority();
  // The pipeline of kubeadm's manual, for the public key in DER.
  const std::string pem = openssl({"x509", "-noout", "-pubkey"}, ca.certificate_pem);
  EXPECT_EQ(*public_key_hash(ca.certificate_pem),
            "sha256:" + sha256(openssl({"pkey", "-pubin", "-outform", "der"}, pem)));
}

TEST(KeyPair, IsAPrivateKeyAndItsPublicHalf) {
  const Result<KeyPair> pair = make_key_pair();
  ASSERT_TRUE(pair.ok());
  EXPECT_EQ(openssl({"pkey", "-pubout"}, pair->private_pem.reveal()), pair->public_pem);
  EXPECT_TRUE(holds(pair->public_pem, "-----BEGIN PUBLIC KEY-----"));
}

}  // namespace
}  // namespace slipway
