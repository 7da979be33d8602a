#include "cluster/orphans.h"

#include <algorithm>
#include <set>

namespace slipway {
namespace {

/// Deletes go from what stands on others to what others stand on.
int layer_of(const std::string& kind) {
  if (kind == "machine") return 0;
  return kind == "network" || kind == "subnet" || kind == "image" ? 2 : 1;
}

}  // namespace

int ordinal_of(const std::string& machine, const std::string& pool) {
  if (!machine.starts_with(pool + "-")) return 0;
  const std::string digits = machine.substr(pool.size() + 1);
  if (digits.empty() || digits.size() > 6 || digits.find_first_not_of("0123456789") != std::string::npos) return 0;
  return std::stoi(digits);
}

std::vector<CloudObject> find_orphans(const std::vector<CloudObject>& owned, const State& state) {
  std::set<std::string> ids, marks;
  for (const auto& [id, record] : state.steps) {
    for (const std::string& known : {text_at(record.outputs, "id"), text_at(record.removal_data, "id")})
      ids.insert(known);
    for (const std::string& known : {record.mark, text_at(record.removal_data, "mark")}) marks.insert(known);
  }
  ids.erase("");
  marks.erase("");
  std::vector<CloudObject> orphans;
  for (const CloudObject& object : owned)
    if (!ids.contains(object.id) && !marks.contains(object.mark)) orphans.push_back(object);
  std::stable_sort(orphans.begin(), orphans.end(), [](const CloudObject& left, const CloudObject& right) {
    return layer_of(left.kind) < layer_of(right.kind);
  });
  return orphans;
}

Result<StepId> adopt_orphan(StateStore& store, const Spec& spec, const CloudObject& orphan) {
  const std::string prefix = spec.name + "/";
  if (!orphan.mark.starts_with(prefix) || orphan.mark.size() == prefix.size())
    return fail(ErrorKind::bad_input, "its mark names no step of this cluster",
                {.found = orphan.mark.empty() ? "no mark" : orphan.mark,
                 .expected = prefix + "STEP",
                 .advice = "it can be deleted: slipway orphans SPEC --delete " + orphan.id + " --approve"});
  const StepId id(orphan.mark.substr(prefix.size()));
  const State state = store.snapshot();
  if (state.steps.contains(id))
    return fail(ErrorKind::bad_input, "the state has this step already",
                {.found = id.text(), .advice = "the next run decides which of the two stays"});
  StepRecord record;
  record.id = id;
  record.layer = "cloud";
  record.mark = orphan.mark;
  record.outputs = {{"id", orphan.id}};
  record.removal_kind = "cloud";
  record.removal_data = {{"kind", orphan.kind}, {"id", orphan.id}, {"name", orphan.name}, {"mark", orphan.mark}};
  record.updated = format_time(std::chrono::system_clock::now());
  if (orphan.kind == "machine") {
    record.machine = orphan.name;
    for (const Pool& pool : spec.pools) {
      const int ordinal = ordinal_of(orphan.name, pool.name);
      if (ordinal == 0) continue;
      const auto recorded = state.pools.find(pool.name);
      PoolMembers members = recorded == state.pools.end() ? PoolMembers{} : recorded->second;
      members.role = name(pool.role);
      members.next_ordinal = std::max(members.next_ordinal, ordinal + 1);
      if (std::find(members.names.begin(), members.names.end(), orphan.name) == members.names.end())
        members.names.push_back(orphan.name);
      if (Result<void> set = store.set_pool(pool.name, members); !set) return std::move(set).error();
      if (const std::string address = text_at(orphan.fields, "address"); !address.empty())
        if (Result<void> set = store.set_address("machine/" + orphan.name, address); !set)
          return std::move(set).error();
      break;
    }
  }
  if (Result<void> recorded = store.record_result(record); !recorded) return std::move(recorded).error();
  return id;
}

}  // namespace slipway
