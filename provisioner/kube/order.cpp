#include "kube/order.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace slipway {
namespace {

struct Rank {
  std::string_view group;  ///< Empty: the core group; "*": any.
  std::string_view kind;
  int rank;
};

constexpr int custom_resource = 130;

constexpr std::array ranks{
    Rank{"", "Namespace", 0},
    Rank{"apiextensions.k8s.io", "CustomResourceDefinition", 10},
    Rank{"scheduling.k8s.io", "PriorityClass", 20},
    Rank{"storage.k8s.io", "StorageClass", 20},
    Rank{"storage.k8s.io", "CSIDriver", 20},
    Rank{"node.k8s.io", "RuntimeClass", 20},
    Rank{"networking.k8s.io", "IngressClass", 20},
    Rank{"", "ServiceAccount", 30},
    Rank{"rbac.authorization.k8s.io", "ClusterRole", 40},
    Rank{"rbac.authorization.k8s.io", "Role", 40},
    Rank{"rbac.authorization.k8s.io", "ClusterRoleBinding", 41},
    Rank{"rbac.authorization.k8s.io", "RoleBinding", 41},
    Rank{"", "ResourceQuota", 50},
    Rank{"", "LimitRange", 50},
    Rank{"networking.k8s.io", "NetworkPolicy", 50},
    Rank{"", "ConfigMap", 60},
    Rank{"", "Secret", 60},
    Rank{"", "PersistentVolume", 70},
    Rank{"", "PersistentVolumeClaim", 71},
    Rank{"", "Service", 80},
    Rank{"", "Endpoints", 81},
    Rank{"discovery.k8s.io", "EndpointSlice", 81},
    Rank{"", "Pod", 90},
    Rank{"apps", "*", 90},
    Rank{"batch", "*", 90},
    Rank{"policy", "PodDisruptionBudget", 100},
    Rank{"autoscaling", "HorizontalPodAutoscaler", 100},
    Rank{"networking.k8s.io", "Ingress", 110},
    Rank{"apiregistration.k8s.io", "APIService", 120},
    Rank{"admissionregistration.k8s.io", "*", 140},
};

std::string_view group_of(std::string_view api_version) {
  const size_t slash = api_version.find('/');
  return slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
}

}  // namespace

int apply_rank(const std::string& api_version, const std::string& kind) {
  const std::string_view group = group_of(api_version);
  for (const Rank& row : ranks)
    if (row.group == group && (row.kind == kind || row.kind == "*")) return row.rank;
  // Other built-in kinds have no dependents among the rest.
  return group.empty() || group.ends_with(".k8s.io") ? 60 : custom_resource;
}

void sort_for_apply(std::vector<Value>& objects) {
  std::stable_sort(objects.begin(), objects.end(), [](const Value& a, const Value& b) {
    return apply_rank(text_at(a, "apiVersion"), text_at(a, "kind")) <
           apply_rank(text_at(b, "apiVersion"), text_at(b, "kind"));
  });
}

void sort_for_delete(std::vector<ObjectKey>& keys) {
  std::stable_sort(keys.begin(), keys.end(), [](const ObjectKey& a, const ObjectKey& b) {
    return apply_rank(a.api_version, a.kind) > apply_rank(b.api_version, b.kind);
  });
}

bool holds_data(const ObjectKey& key) {
  return key.kind == "PersistentVolumeClaim" || key.kind == "PersistentVolume" || key.kind == "Namespace" ||
         key.kind == "CustomResourceDefinition";
}

}  // namespace slipway
