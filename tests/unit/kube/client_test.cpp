#include "kube/client.h"

#include <gtest/gtest.h>

#include "kube/status.h"

#include "fake_api.h"

namespace slipway::testing {
namespace {

Deadline soon() { return Deadline::in(Seconds(5)); }
const ObjectKey all_configmaps{"v1", "ConfigMap", "", ""};

void put_configmaps(FakeApi& api, int count) {
  for (int i = 0; i < count; ++i)
    api.put({{"apiVersion", "v1"},
             {"kind", "ConfigMap"},
             {"metadata", {{"name", "c" + std::to_string(1000 + i)}, {"namespace", "default"}}}});
}

TEST(KubeClient, KindsAreDiscoveredOnceWithTwoRequests) {
  FakeApi api;
  const auto client = api.client();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client->list(all_configmaps, "", soon()).ok());
  EXPECT_TRUE(client->list({"apps/v1", "Deployment", "", ""}, "", soon()).ok());
  EXPECT_EQ(api.count("GET /api"), 6u) << "two of discovery, four lists";
  EXPECT_EQ(client->calls(), 6u);
}

TEST(KubeClient, LongListsAreReadPageByPage) {
  FakeApi api;
  put_configmaps(api, 1203);
  const auto client = api.client();
  const auto items = client->list(all_configmaps, "", soon());
  ASSERT_TRUE(items.ok()) << describe(items.error());
  EXPECT_EQ(items->size(), 1203u);
  EXPECT_EQ(api.count("GET /api/v1/configmaps"), 3u);
}

TEST(KubeClient, AListWhoseContinuationExpiredBeginsAnew) {
  FakeApi api;
  put_configmaps(api, 700);
  const auto client = api.client();
  bool expired = false;
  api.intercept = [&](const HttpRequest& request) -> std::optional<Result<HttpResponse>> {
    if (expired || request.url.find("continue=") == std::string::npos) return std::nullopt;
    expired = true;
    return Result<HttpResponse>(HttpResponse{
        .status = 410,
        .body =
            R"({"kind":"Status","message":"The provided continue parameter is too old","reason":"Expired","code":410})"});
  };
  const auto items = client->list(all_configmaps, "", soon());
  ASSERT_TRUE(items.ok()) << describe(items.error());
  EXPECT_EQ(items->size(), 700u);
}

TEST(KubeClient, WhereTheEndpointIsAwayAControlPlaneIsAskedAndStaysPreferred) {
  FakeApi api;
  const auto client = api.client({"https://10.0.0.11:6443", "https://10.0.0.12:6443"});
  std::vector<std::string> hosts;
  api.intercept = [&](const HttpRequest& request) -> std::optional<Result<HttpResponse>> {
    hosts.push_back(request.url.substr(8, 9));
    if (hosts.back() == "10.0.0.12") return std::nullopt;
    return Result<HttpResponse>(fail(ErrorKind::unavailable, "connection refused"));
  };
  EXPECT_TRUE(client->probe("/readyz", soon()).ok());
  EXPECT_TRUE(client->probe("/readyz", soon()).ok());
  EXPECT_EQ(hosts, (std::vector<std::string>{"10.0.0.10", "10.0.0.11", "10.0.0.12", "10.0.0.12"}));
}

TEST(KubeClient, WhereNobodyAnswersTheErrorNamesAllWhoWereAsked) {
  FakeApi api;
  const auto client = api.client({"https://10.0.0.11:6443"});
  api.intercept = [](const HttpRequest&) -> std::optional<Result<HttpResponse>> {
    return Result<HttpResponse>(fail(ErrorKind::unavailable, "connection refused"));
  };
  const auto answer = client->probe("/readyz", soon());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(answer.error().found,
            "tried https://10.0.0.10:6443: connection refused; https://10.0.0.11:6443: connection refused");
}

TEST(KubeClient, AWrongCertificateIsNotAnsweredByAskingSomebodyElse) {
  FakeApi api;
  const auto client = api.client({"https://10.0.0.11:6443"});
  int asked = 0;
  api.intercept = [&](const HttpRequest&) -> std::optional<Result<HttpResponse>> {
    ++asked;
    return Result<HttpResponse>(fail(ErrorKind::verification, "the certificate is for another name"));
  };
  EXPECT_EQ(client->probe("/readyz", soon()).error().kind, ErrorKind::verification);
  EXPECT_EQ(asked, 1);
}

TEST(KubeClient, ADeletedObjectMadeAgainUnderItsNameIsNotWaitedFor) {
  FakeApi api;
  put_configmaps(api, 1);
  const ObjectKey key{"v1", "ConfigMap", "default", "c1000"};
  const auto client = api.client();
  int deletes = 0;
  api.intercept = [&](const HttpRequest& request) -> std::optional<Result<HttpResponse>> {
    if (request.method == "DELETE") ++deletes;
    if (request.method != "GET" || deletes == 0) return std::nullopt;
    return Result<HttpResponse>(
        HttpResponse{.status = 200, .body = R"({"kind":"ConfigMap","metadata":{"name":"c1000","uid":"another"}})"});
  };
  EXPECT_TRUE(client->remove(key, soon()).ok());
  EXPECT_EQ(deletes, 1);
}

TEST(KubeClient, ANamespacedObjectWithoutItsNamespaceIsBadInput) {
  FakeApi api;
  const auto client = api.client();
  const auto applied =
      client->apply({{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", "a"}}}}, soon());
  ASSERT_FALSE(applied.ok());
  EXPECT_EQ(applied.error().kind, ErrorKind::bad_input);
}

TEST(KubeClient, AKindThatIsServedNoMoreIsUnknownAndAskedForAgainLater) {
  FakeApi api;
  const auto client = api.client();
  ASSERT_TRUE(client->list(all_configmaps, "", soon()).ok());
  bool gone = true;
  api.intercept = [&](const HttpRequest& request) -> std::optional<Result<HttpResponse>> {
    if (!gone || request.url.find("configmaps") == std::string::npos) return std::nullopt;
    return Result<HttpResponse>(HttpResponse{.status = 404, .body = "404 page not found\n"});
  };
  EXPECT_TRUE(is_unknown_kind(client->list(all_configmaps, "", soon()).error()));
  EXPECT_FALSE(client->listed({"v1", "ConfigMap", "default", "a"}, soon())->has_value());
  gone = false;
  EXPECT_TRUE(client->list(all_configmaps, "", soon()).ok());
}

struct StatusRow {
  std::string name;
  int code;
  std::string reason, message;
  ErrorKind kind;
  std::string causes = "[]";
};

class StatusKinds : public ::testing::TestWithParam<StatusRow> {};

TEST_P(StatusKinds, DecideTheErrorsKind) {
  const StatusRow& row = GetParam();
  const Value body = {{"kind", "Status"},
                      {"message", row.message},
                      {"reason", row.reason},
                      {"code", row.code},
                      {"details", {{"causes", Value::parse(row.causes)}, {"retryAfterSeconds", 7}}}};
  const Error error = error_from_api({.url = "https://a/api"}, {.status = row.code, .body = body.dump()});
  EXPECT_EQ(error.kind, row.kind) << describe(error);
  EXPECT_NE(error.found.find(row.message.substr(0, 40)), std::string::npos) << error.found;
  EXPECT_EQ(error.retry_after_seconds, 7);
}

INSTANTIATE_TEST_SUITE_P(
    , StatusKinds,
    ::testing::Values(
        StatusRow{"BadCertificate", 401, "Unauthorized", "Unauthorized", ErrorKind::unauthorised},
        StatusRow{"NoRight", 403, "Forbidden", "nodes is forbidden: User \"x\" cannot list", ErrorKind::unauthorised},
        StatusRow{"NamespaceQuota", 403, "Forbidden", "pods \"x\" is forbidden: exceeded quota: q", ErrorKind::quota},
        StatusRow{"PodSecurity", 403, "Forbidden", "pods \"x\" is forbidden: violates PodSecurity \"restricted\"",
                  ErrorKind::bad_input},
        StatusRow{"NamespaceGoing", 403, "Forbidden", "configmaps \"a\" is forbidden: unable to create new content",
                  ErrorKind::conflict,
                  R"([{"reason":"NamespaceTerminating","message":"namespace t is being terminated"}])"},
        StatusRow{"Missing", 404, "NotFound", "configmaps \"a\" not found", ErrorKind::not_found},
        StatusRow{"Conflict", 409, "Conflict", "the object has been modified", ErrorKind::conflict},
        StatusRow{"Invalid", 422, "Invalid", "Deployment.apps \"web\" is invalid", ErrorKind::bad_input},
        StatusRow{"Schema", 500, "", "failed to create typed patch object (t1/web; apps/v1, Kind=Deployment): .spec.x",
                  ErrorKind::bad_input},
        StatusRow{"WebhookAway", 500, "InternalError",
                  "Internal error occurred: failed calling webhook \"w\": connection refused", ErrorKind::unavailable},
        StatusRow{"WebhookRefuses", 400, "", "admission webhook \"w\" denied the request: no", ErrorKind::bad_input},
        StatusRow{"EtcdLeader", 500, "", "etcdserver: leader changed", ErrorKind::unavailable},
        StatusRow{"Slow", 504, "Timeout", "request did not complete within", ErrorKind::timeout},
        StatusRow{"Busy", 429, "TooManyRequests", "too many requests", ErrorKind::throttled},
        StatusRow{"Starting", 503, "ServiceUnavailable", "the server is currently unable", ErrorKind::unavailable}),
    [](const auto& info) { return info.param.name; });

TEST(StatusErrors, EachCauseIsToldWithItsField) {
  const Error error = error_from_api(
      {.url = "https://a/api"},
      {.status = 422,
       .body = R"({"kind":"Status","message":"Pod \"x\" is invalid","reason":"Invalid","code":422,"details":{"causes":[
            {"reason":"FieldValueRequired","message":"Required value","field":"spec.containers[0].image"},
            {"reason":"FieldValueInvalid","message":"Invalid value: 0","field":"spec.a"}]}})"});
  EXPECT_EQ(error.found,
            "HTTP 422: Pod \"x\" is invalid\nspec.containers[0].image: Required value\nspec.a: Invalid value: 0");
}

TEST(StatusErrors, AMessageThatRepeatsAWholeTemplateKeepsItsBeginningAndItsEnd) {
  const std::string message =
      "Job.batch \"j\" is invalid: spec.template: " + std::string(5000, 'x') + ": field is immutable";
  const Value body = {{"kind", "Status"}, {"message", message}, {"code", 422}};
  const Error error = error_from_api({.url = "https://a/api"}, {.status = 422, .body = body.dump()});
  EXPECT_LT(error.found.size(), 600u);
  EXPECT_TRUE(error.found.starts_with("HTTP 422: Job.batch \"j\" is invalid"));
  EXPECT_TRUE(asks_for_new_object(error));
}

}  // namespace
}  // namespace slipway::testing
