#include "http/message.h"

#include <gtest/gtest.h>

#include "base/secret.h"

namespace slipway {
namespace {

HttpResponse answer(int status, std::string body = {}, std::map<std::string, std::string> headers = {}) {
  return {.status = status, .headers = std::move(headers), .body = std::move(body), .request_id = {}};
}

TEST(PlaceOf, LeavesOutUserPasswordQueryAndFragment) {
  EXPECT_EQ(place_of({.url = "https://joe:secret@cloud.example:5000/v3?token=abc#x"}),
            "GET https://cloud.example:5000/v3");
  EXPECT_EQ(place_of({.method = "PUT", .url = "http://h?x=1"}), "PUT http://h");
  EXPECT_EQ(place_of({.url = "http://h/p@q"}), "GET http://h/p@q");
}

TEST(PlaceOf, HidesKnownSecretsInThePath) {
  const Secret token("hunter2-token");
  EXPECT_EQ(place_of({.url = "http://h/hooks/hunter2-token"}), "GET http://h/hooks/(secret)");
}

struct StatusCase {
  int status;
  ErrorKind kind;
};
class StatusKinds : public ::testing::TestWithParam<StatusCase> {};
TEST_P(StatusKinds, MapToTheKindThatAsksForTheRightReaction) {
  const Error error = error_from_status({.url = "http://h/p"}, answer(GetParam().status));
  EXPECT_EQ(error.kind, GetParam().kind);
  EXPECT_EQ(error.where, "GET http://h/p");
  EXPECT_EQ(error.found, "HTTP " + std::to_string(GetParam().status));
}
INSTANTIATE_TEST_SUITE_P(All, StatusKinds,
                         ::testing::Values(StatusCase{302, ErrorKind::internal}, StatusCase{400, ErrorKind::bad_input},
                                           StatusCase{401, ErrorKind::unauthorised},
                                           StatusCase{403, ErrorKind::unauthorised},
                                           StatusCase{404, ErrorKind::not_found}, StatusCase{408, ErrorKind::timeout},
                                           StatusCase{409, ErrorKind::conflict}, StatusCase{413, ErrorKind::quota},
                                           StatusCase{418, ErrorKind::internal}, StatusCase{422, ErrorKind::bad_input},
                                           StatusCase{429, ErrorKind::throttled},
                                           StatusCase{500, ErrorKind::unavailable},
                                           StatusCase{503, ErrorKind::unavailable}, StatusCase{504, ErrorKind::timeout},
                                           StatusCase{507, ErrorKind::quota}),
                         [](const auto& row) { return "Http" + std::to_string(row.param.status); });

struct MessageCase {
  const char* name;
  const char* body;
  const char* message;
};
class StatusMessages : public ::testing::TestWithParam<MessageCase> {};
TEST_P(StatusMessages, AreFoundInTheBody) {
  const Error error = error_from_status({.url = "http://h/p"}, answer(400, GetParam().body));
  EXPECT_EQ(error.found, std::string("HTTP 400: ") + GetParam().message);
}
INSTANTIATE_TEST_SUITE_P(
    Shapes, StatusMessages,
    ::testing::Values(
        MessageCase{"KubernetesStatus", R"({"kind":"Status","message":"pods \"x\" not found","code":404})",
                    "pods \"x\" not found"},
        MessageCase{"OpenStackFault", R"({"badRequest":{"code":400,"message":"Invalid flavor"}})", "Invalid flavor"},
        MessageCase{"KeystoneError", R"({"error":{"code":401,"message":"Sign in","title":"No"}})", "Sign in"},
        MessageCase{"PlainErrorText", R"({"error":"no such user"})", "no such user"},
        MessageCase{"ListOfErrors", R"({"errors":[{"detail":"first"},{"detail":"second"}]})", "first"},
        MessageCase{"PlainText", "  bad\n request ", "bad request"}),
    [](const auto& row) { return row.param.name; });

TEST(ErrorFromStatus, StripsTagsOfHtmlPages) {
  const Error error = error_from_status(
      {.url = "http://h"}, answer(502, "<html><h1>Bad</h1>\n<p>Gateway</p></html>", {{"content-type", "text/html"}}));
  EXPECT_EQ(error.found, "HTTP 502: Bad Gateway");
}

TEST(ErrorFromStatus, CutsLongBodiesAndNamesTheRequestId) {
  HttpResponse refused = answer(500, std::string(5000, 'x'));
  refused.request_id = "req-1";
  const Error error = error_from_status({.url = "http://h/p"}, refused);
  EXPECT_LT(error.found.size(), 700u);
  EXPECT_EQ(error.where, "GET http://h/p (request req-1)");
}

TEST(ErrorFromStatus, CutsBetweenLetters) {
  std::string body = "x";
  while (body.size() < 5000) body += "\u00e4";
  const Error error = error_from_status({.url = "http://h/p"}, answer(500, body));
  EXPECT_NO_THROW(static_cast<void>(nlohmann::json(error.found).dump()));
}

TEST(ErrorFromStatus, ReadsRetryAfterInSecondsAndAsDate) {
  EXPECT_EQ(error_from_status({.url = "http://h"}, answer(429, "", {{"retry-after", "17"}})).retry_after_seconds, 17);
  const int day = 24 * 60 * 60;
  for (const char* far : {"99999999999", "Fri, 31 Dec 9999 23:59:59 GMT"})
    EXPECT_EQ(error_from_status({.url = "http://h"}, answer(429, "", {{"retry-after", far}})).retry_after_seconds, day);
  EXPECT_EQ(error_from_status({.url = "http://h"}, answer(503, "", {{"retry-after", "Fri, 21 Nov 1997 09:30:00 GMT"}}))
                .retry_after_seconds,
            0);
  EXPECT_EQ(error_from_status({.url = "http://h"}, answer(429, "", {{"retry-after", "soon"}})).retry_after_seconds,
            std::nullopt);
}

TEST(ErrorFromStatus, RepeatsNoSecretOfTheBody) {
  const Secret password("pa55word-of-joe");
  const Error error = error_from_status({.url = "http://h"}, answer(400, "cannot log in with pa55word-of-joe"));
  EXPECT_EQ(error.found, "HTTP 400: cannot log in with (secret)");
}

TEST(UrlEncode, KeepsOnlyUnreservedCharacters) {
  EXPECT_EQ(url_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(url_encode("a b/ä=&"), "a%20b%2F%C3%A4%3D%26");
}

}  // namespace
}  // namespace slipway
