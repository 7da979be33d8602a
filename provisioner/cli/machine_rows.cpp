#include "cli/machine_rows.h"

#include <map>
#include <optional>

namespace slipway {
namespace {

/// Machine name -> its object, as the provider has it now.
std::map<std::string, CloudObject> machines_of(Session& session) {
  std::map<std::string, CloudObject> found;
  if (Result<std::vector<CloudObject>> owned = session.provider().list_owned())
    for (CloudObject& object : *owned)
      if (object.kind == "machine") found.emplace(object.name, std::move(object));
  return found;
}

/// Node name -> whether it is Ready; nothing where the API does not answer.
std::optional<std::map<std::string, bool>> readiness(Session& session) {
  Result<std::vector<Value>> nodes =
      session.reader().cluster.list({"v1", "Node", "", ""}, "", Deadline::in(Seconds(5)));
  if (!nodes) return std::nullopt;
  std::map<std::string, bool> ready;
  for (const Value& node : *nodes) {
    bool& is_ready = ready[key_of(node).name];
    for (const Value& condition : node.value("status", Value::object()).value("conditions", Value::array()))
      if (text_at(condition, "type") == "Ready") is_ready = text_at(condition, "status") == "True";
  }
  return ready;
}

}  // namespace

Value machine_rows(Session& session) {
  const std::map<std::string, CloudObject> machines = machines_of(session);
  const std::optional<std::map<std::string, bool>> ready = readiness(session);
  Value rows = Value::array();
  for (const Member& member : session.membership().members) {
    const std::string& name = member.name.text();
    std::string state = "absent";
    if (session.spec().provider == "existing")
      state = ready && ready->contains(name) ? "running" : "unreachable";
    else if (const auto found = machines.find(name); found != machines.end())
      state = text_at(found->second.fields, "state", "running");
    Value is_ready;
    if (ready) is_ready = ready->contains(name) && ready->at(name);
    rows.push_back({{"name", name},
                    {"pool", member.pool->name},
                    {"role", slipway::name(member.pool->role)},
                    {"address", member.address},
                    {"state", state},
                    {"ready", is_ready}});
  }
  return rows;
}

}  // namespace slipway
