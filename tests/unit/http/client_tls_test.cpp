#include <gtest/gtest.h>

#include "http/client.h"
#include "http/shown_certificate.h"

#include "tests/unit/http/test_server.h"

namespace slipway {
namespace {

using testing::Connection;
using testing::Identity;
using testing::Received;
using testing::TestServer;

void say_hello(Connection& connection, const Received&) { connection.answer(200, "hello"); }

TEST(HttpClientTls, AcceptsTheGivenAuthority) {
  const Identity identity = Identity::make("IP:127.0.0.1");
  TestServer server(say_hello, &identity);
  HttpClient client({.ca_pem = identity.certificate, .proxy_from_environment = false});
  const Result<HttpResponse> answer = client.send({.url = server.url("/")});
  ASSERT_TRUE(answer.ok()) << describe(answer.error());
  EXPECT_EQ(answer->body, "hello");
  ASSERT_TRUE(client.send({.url = server.url("/")}).ok());
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClientTls, UnknownAuthorityFailsVerification) {
  const Identity identity = Identity::make("IP:127.0.0.1"), other = Identity::make("IP:127.0.0.1");
  TestServer server(say_hello, &identity);
  for (const std::string& authority : {std::string(), other.certificate}) {
    HttpClient client({.ca_pem = authority, .proxy_from_environment = false});
    const Result<HttpResponse> answer = client.send({.url = server.url("/secret?token=x")});
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().kind, ErrorKind::verification) << describe(answer.error());
  }
  EXPECT_TRUE(server.requests().empty());
}

TEST(HttpClientTls, AnotherAuthorityIsToldWithBothFingerprints) {
  const Identity identity = Identity::make("IP:127.0.0.1"), other = Identity::make("IP:127.0.0.1");
  TestServer server(say_hello, &identity);
  HttpClient client({.ca_pem = other.certificate, .proxy_from_environment = false});
  const Result<HttpResponse> answer = client.send({.url = server.url("/")});
  ASSERT_FALSE(answer.ok());
  EXPECT_NE(answer.error().found.find(certificate_fingerprint(identity.certificate)), std::string::npos)
      << describe(answer.error());
  EXPECT_NE(answer.error().expected.find(certificate_fingerprint(other.certificate)), std::string::npos)
      << describe(answer.error());
}

TEST(HttpClientTls, AnExpiredCertificateIsRefusedWithItsDates) {
  const Identity identity = Identity::make("IP:127.0.0.1", -86400);
  TestServer server(say_hello, &identity);
  HttpClient client({.ca_pem = identity.certificate, .proxy_from_environment = false});
  const Result<HttpResponse> answer = client.send({.url = server.url("/")});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::verification);
  EXPECT_NE(answer.error().found.find("expired"), std::string::npos) << describe(answer.error());
  EXPECT_NE(answer.error().found.find(certificate_fingerprint(identity.certificate)), std::string::npos);
  EXPECT_NE(answer.error().found.find(" to 20"), std::string::npos);
  EXPECT_TRUE(server.requests().empty());
}

TEST(HttpClientTls, WrongNameIsToldWithTheNamesFound) {
  const Identity identity = Identity::make("DNS:api.demo,IP:10.0.0.1");
  TestServer server(say_hello, &identity);
  HttpClient client({.ca_pem = identity.certificate, .proxy_from_environment = false});
  const Result<HttpResponse> answer = client.send({.url = server.url("/")});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::verification);
  EXPECT_EQ(answer.error().found, "a certificate for api.demo, 10.0.0.1");
  EXPECT_EQ(answer.error().expected, "a certificate for 127.0.0.1:" + std::to_string(server.port()));
}

TEST(HttpClientTls, ResolveKeepsTheNameCheck) {
  const Identity identity = Identity::make("DNS:api.demo");
  TestServer server(say_hello, &identity);
  const std::string port = std::to_string(server.port());
  HttpClient client({.ca_pem = identity.certificate,
                     .resolve = {{"api.demo:" + port, "127.0.0.1"}, {"other.demo:" + port, "127.0.0.1"}},
                     .proxy_from_environment = false});
  EXPECT_TRUE(client.send({.url = server.url("/", "api.demo")}).ok());
  const Result<HttpResponse> other = client.send({.url = server.url("/", "other.demo")});
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().kind, ErrorKind::verification);
}

TEST(HttpClientTls, InsecureMustBeAskedFor) {
  const Identity identity = Identity::make("DNS:someone.else");
  TestServer server(say_hello, &identity);
  HttpClient client({.insecure = true, .proxy_from_environment = false});
  EXPECT_TRUE(client.send({.url = server.url("/")}).ok());
}

TEST(HttpClientTls, ShowsTheClientCertificateFromMemory) {
  const Identity identity = Identity::make("IP:127.0.0.1"), person = Identity::make("DNS:admin");
  TestServer server(say_hello, &identity, person.certificate);
  HttpClient client({.ca_pem = identity.certificate,
                     .client_certificate_pem = person.certificate,
                     .client_key_pem = Secret(person.key),
                     .proxy_from_environment = false});
  const Result<HttpResponse> answer = client.send({.url = server.url("/")});
  ASSERT_TRUE(answer.ok()) << describe(answer.error());
}

TEST(HttpClientTls, RefusedClientCertificateIsUnauthorised) {
  const Identity identity = Identity::make("IP:127.0.0.1"), person = Identity::make("DNS:admin");
  TestServer server(say_hello, &identity, person.certificate);
  HttpClient client({.ca_pem = identity.certificate, .proxy_from_environment = false});
  const Result<HttpResponse> answer = client.send({.url = server.url("/")});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::unauthorised) << describe(answer.error());
}

TEST(HttpClientTls, UnusableCertificatesAreBadInput) {
  const Identity identity = Identity::make("IP:127.0.0.1");
  TestServer server(say_hello, &identity);
  for (const HttpOptions& options : {HttpOptions{.ca_pem = "not pem", .proxy_from_environment = false},
                                     HttpOptions{.ca_file = "/no/such/file", .proxy_from_environment = false},
                                     HttpOptions{.ca_pem = identity.certificate,
                                     .client_certificate_pem = "not pem",
                                     .client_key_pem = Secret("not pem either"),
                                     .proxy_from_environment = false}}) {
    HttpClient client(options);
    const Result<HttpResponse> answer = client.send({.url = server.url("/")});
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().kind, ErrorKind::bad_input) << describe(answer.error());
  }
}

TEST(HttpClientTls, PlainServerOnATlsPortIsUnavailable) {
  TestServer server(say_hello);
  HttpClient client({.connect_timeout = std::chrono::milliseconds(300), .proxy_from_environment = false});
  const Result<HttpResponse> answer = client.send({.url = "https://127.0.0.1:" + std::to_string(server.port()) + "/"});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable) << describe(answer.error());
}

}  // namespace
}  // namespace slipway
