#pragma once
// An API server in memory: discovery, get, list with pages, server-side apply with managed fields, merge patch, delete,
// eviction. It answers refusals in the words of a real one (1.36). Not thread-safe beyond one request at a time.

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kube/client.h"
#include "ports/clock.h"

namespace slipway::testing {

class FakeApi {
 public:
  FakeApi();

  /// A client of this server. The server must outlive it.
  std::unique_ptr<KubeClient> client(std::vector<std::string> fallbacks = {});

  /// Puts an object as somebody else would: manager `by` owns every field.
  void put(const Value& object, const std::string& by = "kubectl-create");
  /// Changes an object as somebody else would: `by` takes what it changes from its owners.
  void edit(const ObjectKey& key, const Value& merge_patch, const std::string& by = "kubectl-edit");
  /// Sets parts of the status, which no manager of ours sees.
  void set_status(const ObjectKey& key, const Value& status);
  std::optional<Value> find(const ObjectKey& key) const;
  void erase(const ObjectKey& key);

  /// "PATCH /api/v1/namespaces/x/configmaps/y?dryRun", with the query's dryRun only.
  std::vector<std::string> requests;
  size_t count(const std::string& beginning) const;

  /// Asked first; what it answers is the answer.
  std::function<std::optional<Result<HttpResponse>>(const HttpRequest& request)> intercept;
  /// Bodies of service proxy paths.
  std::map<std::string, int> proxied;
  /// How many times a new definition is asked for until it is established.
  int establish_after = 0;

  Result<HttpResponse> handle(const HttpRequest& request);

 private:
  struct Kind {
    std::string group, version, kind, plural;
    bool namespaced = true;
    std::string api_version() const { return group.empty() ? version : group + "/" + version; }
    std::string prefix() const { return group.empty() ? "/api/" + version : "/apis/" + group + "/" + version; }
  };
  struct Target {
    const Kind* kind = nullptr;
    std::string name_space, name, part;
  };

  std::optional<Target> target_of(const std::string& path) const;
  std::string place(const ObjectKey& key) const;
  HttpResponse discovery(bool core) const;
  HttpResponse list(const Target& target, const std::map<std::string, std::string>& query);
  HttpResponse apply(const Target& target, const HttpRequest& request, const std::map<std::string, std::string>& query);
  HttpResponse merge_patch(const Target& target, const HttpRequest& request);
  HttpResponse remove(const Target& target, const HttpRequest& request);
  HttpResponse evict(const Target& target);
  std::optional<HttpResponse> refuse(const Target& target, const Value& live, const Value& next) const;
  void set_defaults(Value& object) const;
  void after_write(const Value& object);
  std::string key_of_target(const Target& target) const;
  void stamp(Value& object, const Value& before);

  mutable std::mutex mutex_;
  std::vector<Kind> kinds_;
  std::map<std::string, Value> objects_;  ///< By path.
  std::map<std::string, int> asked_;
  uint64_t version_ = 100;
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
