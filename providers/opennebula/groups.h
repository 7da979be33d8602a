#pragma once
#include "ports/cloud.h"
#include "providers/opennebula/catalog.h"

namespace slipway::opennebula {

/// Kind "security-group": what may reach the machines. Fields: rules (text, sorted). Its name is its mark.
///
/// A NIC has its own groups plus those of its network; while the network carries OpenNebula's group 0, which allows
/// everything, these rules change nothing.
class SecurityGroups {
 public:
  SecurityGroups(OneClient& client, Catalog& catalog, const Settings& settings)
      : client_(client), catalog_(catalog), settings_(settings) {}

  /// The rules that a cluster needs, as field "rules" shows them.
  static Value wanted_rules();
  Result<std::vector<CloudObject>> list();
  Result<CloudObject> create(const CloudRequest& request);
  Result<CloudObject> update(const CloudObject& object, const Value& fields);
  Result<void> remove(const std::string& id, Deadline deadline);

 private:
  Result<std::string> template_text(const std::string& name, const Value& rules);

  OneClient& client_;
  Catalog& catalog_;
  const Settings& settings_;
};

/// Kind "vm-group": keeps control planes on different hosts. Fields: policy. Its name is its mark.
///
/// It is seen through the machines that are in it where there are any, which saves a call.
class VmGroups {
 public:
  VmGroups(OneClient& client, const Settings& settings) : client_(client), settings_(settings) {}

  static constexpr const char* role = "control-plane";

  Result<std::vector<CloudObject>> list();
  CloudObject object_of(const std::string& id) const;
  Result<CloudObject> create(const CloudRequest& request);
  Result<void> remove(const std::string& id, Deadline deadline);

 private:
  OneClient& client_;
  const Settings& settings_;
};

/// Kind "volume": a persistent image as a machine's data disk. Fields: size_bytes, created. Marked in its template.
class Volumes {
 public:
  Volumes(OneClient& client, Catalog& catalog, const Settings& settings)
      : client_(client), catalog_(catalog), settings_(settings) {}

  Result<std::vector<CloudObject>> list();
  Result<CloudObject> create(const CloudRequest& request, Deadline deadline);
  Result<void> remove(const std::string& id, Deadline deadline);

 private:
  Result<Image> look(int id);
  CloudObject object_of(const Image& image) const;

  OneClient& client_;
  Catalog& catalog_;
  const Settings& settings_;
};

}  // namespace slipway::opennebula
