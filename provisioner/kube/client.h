#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kube/access.h"
#include "kube/discovery.h"
#include "kube/transport.h"
#include "ports/cluster.h"

namespace slipway {

/// The Kubernetes API as our two cluster ports. Every call asks the API afresh; ObservedCluster keeps lists.
///
/// Servers:  `server` first; where it cannot be reached, each fallback in turn; the one that answered is asked first
///           from then on. All calls may be repeated safely, so that a cut connection is no reason to give up.
/// Kinds:    learnt from the API's discovery once, and again when a kind is unknown (its definition may be new).
/// Apply:    server-side, field manager "slipway", forced; unknown fields are refused (bad_input), not dropped.
/// Errors:   as the ports say; in addition verification (the server's certificate), quota. Nothing is retried in here
///           apart from the change of server and lists whose continuation expired.
/// Threads:  any.
class KubeClient final : public ClusterReader, public ClusterWriter {
 public:
  explicit KubeClient(KubeAccess access);
  KubeClient(KubeAccess access, std::unique_ptr<ApiTransport> transport);

  Result<std::string> probe(const std::string& path, Deadline deadline) override;
  Result<Value> get(const ObjectKey& key, Deadline deadline) override;
  Result<std::vector<Value>> list(const ObjectKey& key, const std::string& selector, Deadline deadline) override;
  Result<Value> preview(const Value& object, Deadline deadline) override;

  Result<Value> apply(const Value& object, Deadline deadline) override;
  Result<Value> patch(const ObjectKey& key, const Value& merge_patch, Deadline deadline) override;
  /// Dependents go first (foreground) for what runs pods, so that "gone" means that its pods are gone, too.
  Result<void> remove(const ObjectKey& key, Deadline deadline) override;
  /// A pod that is gone already is success; does not wait for the pod's end.
  Result<void> evict(const std::string& name_space, const std::string& pod, Deadline deadline) override;

  /// Requests sent so far.
  size_t calls() const { return calls_; }

  static constexpr const char* field_manager = "slipway";

 private:
  struct Call {
    std::string method = "GET";
    std::string path;  ///< With its query.
    std::string body{};
    std::string content_type{};
    std::string accept = "application/json";
  };

  Result<HttpResponse> send(const Call& call, Deadline deadline);
  Result<Value> ask(const Call& call, Deadline deadline);
  /// As ask, of a path of this kind: where the API does not know the path any more, the kinds are learnt anew.
  Result<Value> ask(const Call& call, const ObjectKey& kind, Deadline deadline);
  Result<std::string> path(const ObjectKey& key, Deadline deadline);
  Result<ApiResource> resource(const std::string& api_version, const std::string& kind, Deadline deadline);
  Result<Value> server_side_apply(const Value& object, bool dry_run, Deadline deadline);
  Result<std::vector<Value>> list_pages(const ObjectKey& key, const std::string& base, Deadline deadline);
  Result<void> wait_until_gone(const ObjectKey& key, const std::string& path, const std::string& uid,
                               Deadline deadline);

  std::vector<std::string> servers_;
  std::unique_ptr<ApiTransport> transport_;
  std::atomic<size_t> preferred_{0};  ///< Index of the server that answered last.
  std::atomic<size_t> calls_{0};
  std::mutex discovery_mutex_;
  std::shared_ptr<const Discovery> discovery_;  ///< Guarded by discovery_mutex_, as is the next.
  Instant discovered_at_{};
};

}  // namespace slipway
