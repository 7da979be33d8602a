#pragma once
// An API server in memory: discovery, get, list with pages, server-side apply with managed fields, merge patch, delete,
// eviction. It answers refusals in the words of a real one (1.36); tests/unit/kube/api_contract_test.cpp holds it to a
// real one's answers.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "http/message.h"
#include "ports/cluster.h"

namespace slipway::simulated {

/// A request's path and query, decoded.
struct ApiCall {
  std::string path;
  std::map<std::string, std::string> query;
};
ApiCall read_call(const HttpRequest& request);

/// One thread at a time.
class ApiServer {
 public:
  ApiServer();
  virtual ~ApiServer() = default;

  Result<HttpResponse> handle(const HttpRequest& request);

  /// Puts an object as somebody else would: manager `by` owns every field.
  void put(const Value& object, const std::string& by = "kubectl-create");
  /// Changes an object as somebody else would: `by` takes what it changes from its owners.
  void edit(const ObjectKey& key, const Value& merge_patch, const std::string& by = "kubectl-edit");
  /// Sets the status, which no manager of ours sees.
  void set_status(const ObjectKey& key, const Value& status);
  std::optional<Value> find(const ObjectKey& key) const;
  std::vector<Value> all(const std::string& kind) const;
  void erase(const ObjectKey& key);

  /// Takes in what an earlier process stored; on_change is not called.
  void load(const std::string& path, Value object);
  /// Forgets every object, as when etcd is lost.
  void clear();

  /// Called with every object that was written, and with null for one that is gone.
  std::function<void(const std::string& path, const Value* object)> on_change;
  /// The status that a service answers with through the proxy path; unset: 503.
  std::function<int(const std::string& path)> proxied;
  /// Of Kubernetes, as /version tells it.
  std::string release = "1.36.4";
  /// How many times a new definition is asked for until it is established.
  int establish_after = 0;

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
  void put_namespaces();
  void set_defaults(Value& object) const;
  void add_defined_kinds(const Value& object);
  void store(const std::string& path, Value object);
  void drop(const std::string& path);
  std::string key_of_target(const Target& target) const;
  void stamp(Value& object, const Value& before);

  std::vector<Kind> kinds_;
  std::map<std::string, Value> objects_;                  ///< By path.
  std::map<std::string, std::set<std::string>> by_kind_;  ///< Kind -> paths.
  std::map<std::string, int> asked_;
  uint64_t version_ = 100;
};

}  // namespace slipway::simulated
