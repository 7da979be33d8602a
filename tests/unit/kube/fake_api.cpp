#include "fake_api.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "spec/yaml.h"

namespace slipway::testing {
namespace {

class FakeTransport final : public ApiTransport {
 public:
  explicit FakeTransport(FakeApi& api) : api_(api) {}
  Result<HttpResponse> send(const HttpRequest& request) override { return api_.handle(request); }

 private:
  FakeApi& api_;
};

}  // namespace

FakeApi::FakeApi() {
  ApiServer::proxied = [this](const std::string& path) {
    const auto found = proxied.find(path);
    return found == proxied.end() ? 503 : found->second;
  };
}

std::unique_ptr<KubeClient> FakeApi::client(std::vector<std::string> fallbacks) {
  return std::make_unique<KubeClient>(
      KubeAccess{.server = "https://10.0.0.10:6443", .fallback_servers = std::move(fallbacks)},
      std::make_unique<FakeTransport>(*this));
}

size_t FakeApi::count(const std::string& beginning) const {
  return static_cast<size_t>(std::count_if(requests.begin(), requests.end(),
                                           [&](const std::string& line) { return line.starts_with(beginning); }));
}

Result<HttpResponse> FakeApi::handle(const HttpRequest& request) {
  if (intercept)
    if (std::optional<Result<HttpResponse>> answer = intercept(request)) return *answer;
  const std::lock_guard lock(mutex_);
  const simulated::ApiCall call = simulated::read_call(request);
  requests.push_back(request.method + " " + call.path + (call.query.contains("dryRun") ? "?dryRun" : ""));
  return ApiServer::handle(request);
}

Value yaml(const std::string& text) {
  Result<Value> value = parse_yaml("test.yaml", text);
  if (!value) ADD_FAILURE() << describe(value.error());
  return value ? *value : Value();
}

std::vector<Value> yamls(const std::string& text) {
  Result<std::vector<Value>> values = parse_yaml_documents("test.yaml", text);
  if (!values) ADD_FAILURE() << describe(values.error());
  return values ? *values : std::vector<Value>();
}

}  // namespace slipway::testing
