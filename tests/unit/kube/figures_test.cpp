#include "kube/figures.h"

#include <gtest/gtest.h>

#include "fake_api.h"

namespace slipway::testing {
namespace {

const char* section = R"(
from: http://prometheus.monitoring.svc:9090
tables:
- of: objective
  by: slo
  columns:
  - {title: left %, query: 'slo:error_budget_left:ratio * 100'}
  - {title: failing, query: 'slo:error_ratio:rate5m'}
- {of: alert, by: alertname, columns: [{title: firing, query: 'count by (alertname) (ALERTS)'}]}
)";

std::string vector_of(const std::string& samples) {
  return R"({"status":"success","data":{"resultType":"vector","result":[)" + samples + "]}}";
}

class Asking : public ::testing::Test {
 protected:
  Asking() {
    client = api.client();
    figures = *figures_from(yaml(section));
    api.intercept = [this](const HttpRequest& request) -> std::optional<Result<HttpResponse>> {
      const size_t mark = request.url.find("query=");
      if (mark == std::string::npos) return std::nullopt;
      paths.push_back(request.url.substr(request.url.find("/api/v1")));
      const std::string query = request.url.substr(mark + 6);
      for (const auto& [part, body] : answers)
        if (query.find(part) != std::string::npos) return HttpResponse{.status = 200, .body = body};
      return HttpResponse{.status = 200, .body = vector_of("")};
    };
  }
  Result<std::vector<FigureRows>> ask() { return read_figures(*client, *figures, Deadline::in(Seconds(5))); }

  FakeApi api;
  std::unique_ptr<KubeClient> client;
  std::optional<Figures> figures;
  std::vector<std::string> paths;
  std::map<std::string, std::string> answers;  ///< Part of a query -> body.
};

TEST_F(Asking, AnswersBecomeRowsByTheTablesLabel) {
  answers["budget"] =
      vector_of(R"({"metric":{"slo":"shop"},"value":[1,"40.25"]},{"metric":{"slo":"front"},"value":[1,"NaN"]})");
  answers["ratio%3Arate5m"] =
      vector_of(R"({"metric":{"slo":"shop"},"value":[1,"0.0125"]},{"metric":{"slo":"late"},"value":[1,"1"]})");
  const Result<std::vector<FigureRows>> tables = ask();
  ASSERT_TRUE(tables.ok()) << describe(tables.error());
  EXPECT_EQ(figures_value(*tables), yaml("[{of: objective, rows: [{name: late, figures: {left %: ~, failing: 1.0}}, "
                                         "{name: shop, figures: {left %: 40.25, failing: 0.0125}}]}, "
                                         "{of: alert, rows: []}]"));
  EXPECT_EQ(figures_text(*tables),
            "OBJECTIVE  left %      failing\n"
            "late       -           1\n"
            "shop       40.2        0.013\n");
}

TEST_F(Asking, GoesThroughTheApisProxyWithTheQueryEncoded) {
  ASSERT_TRUE(ask().ok());
  ASSERT_EQ(paths.size(), 3u);
  EXPECT_EQ(paths[0],
            "/api/v1/namespaces/monitoring/services/http:prometheus:9090/proxy/api/v1/query?query="
            "slo%3Aerror_budget_left%3Aratio%20%2A%20100");
}

TEST_F(Asking, AnAnswerThatIsNoVectorIsToldWithItsQuery) {
  answers["budget"] = R"({"status":"error","error":"parse error"})";
  const Result<std::vector<FigureRows>> tables = ask();
  ASSERT_FALSE(tables.ok());
  EXPECT_NE(describe(tables.error()).find("parse error"), std::string::npos);
  EXPECT_NE(describe(tables.error()).find("slo:error_budget_left:ratio * 100"), std::string::npos);
}

TEST(FiguresSection, IsReadStrictly) {
  EXPECT_FALSE(figures_from(Value())->has_value());
  for (const auto& [text, where] : std::vector<std::pair<std::string, std::string>>{
           {"{from: 'https://example.org', tables: []}", "/figures/from"},
           {"{from: 'http://a.b.svc:1', tables: {}}", "/figures/tables"},
           {"{from: 'http://a.b.svc:1', tables: [{of: x, columns: []}]}", "/figures/tables/0"},
           {"{from: 'http://a.b.svc:1', tables: [{of: x, by: y, columns: [{title: t}]}]}",
            "/figures/tables/0/columns"}}) {
    const auto read = figures_from(yaml(text));
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().where, where);
  }
}

}  // namespace
}  // namespace slipway::testing
