#pragma once
// Is an object ready, and if not, why? "Pod Ready is not ready": what depends on a thing waits for its gates (gates.h).

#include <string>

#include "base/json.h"

namespace slipway {

struct Readiness {
  bool ready = false;
  bool final = false;  ///< It will not become ready by waiting (a failed Job).
  std::string why{};   ///< What is missing, in one line; empty where ready.
};

/// Of one object as the API answers it. Pure.
///   Deployment, StatefulSet, DaemonSet, ReplicaSet: the controller has seen this version, every replica runs it and is
///   available, no old one is left. Pod: Ready, or ended well. Node: Ready. Job: complete. PersistentVolumeClaim,
///   PersistentVolume: bound (a volume also: available). Namespace: active. CustomResourceDefinition: established.
///   APIService: available. Service: a load balancer has its address; others at once (their endpoints are a gate).
///   Others: a condition Ready or Available is true where there is one, and the controller has seen this version.
Readiness readiness_of(const Value& object);

/// The status of the object's condition `type`: "True", "False", "Unknown"; empty where it has none.
std::string condition_status(const Value& object, const std::string& type);
/// "Reason: message" of the condition, or what of it there is.
std::string condition_text(const Value& object, const std::string& type);

}  // namespace slipway
