#pragma once
// The simulated provider's API server for tests of clients: it counts requests, and tests answer in its place.

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "kube/client.h"
#include "ports/clock.h"
#include "providers/simulated/api_server.h"

namespace slipway::testing {

class FakeApi : public simulated::ApiServer {
 public:
  FakeApi();

  /// A client of this server. The server must outlive it.
  std::unique_ptr<KubeClient> client(std::vector<std::string> fallbacks = {});

  /// "PATCH /api/v1/namespaces/x/configmaps/y?dryRun", with the query's dryRun only.
  std::vector<std::string> requests;
  size_t count(const std::string& beginning) const;

  /// Asked first; what it answers is the answer.
  std::function<std::optional<Result<HttpResponse>>(const HttpRequest& request)> intercept;
  /// Bodies of service proxy paths.
  std::map<std::string, int> proxied;

  Result<HttpResponse> handle(const HttpRequest& request);

 private:
  std::mutex mutex_;
};

/// A clock that tests tick: sleeping moves it.
class TickingClock final : public Clock {
 public:
  Instant now() const override { return now_; }
  WallTime wall() const override { return WallTime(now_.time_since_epoch()); }
  void sleep_until(Instant until) override {
    if (on_sleep) on_sleep();
    now_ = std::max(now_, until);
    ++sleeps;
  }
  std::function<void()> on_sleep;
  int sleeps = 0;

 private:
  Instant now_{std::chrono::hours(1)};
};

/// Manifests as YAML, for readable tests.
Value yaml(const std::string& text);
std::vector<Value> yamls(const std::string& text);

}  // namespace slipway::testing
