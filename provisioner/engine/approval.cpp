#include "engine/approval.h"

namespace slipway {

std::string backup_fact(const StepId& step) { return "backup/" + step.text(); }

DataRule::DataRule(const State& state, const Graph& graph) {
  for (const auto& [id, record] : state.steps) {
    if (!record.carries_data || !record.applied) continue;
    const std::optional<size_t> node = graph.find(id);
    const std::string title = node ? graph.nodes()[*node].info.title : "";
    Carrier carrier{title.empty() ? id.text() : title + " (" + id.text() + ")", ""};
    const Value backup = state.facts.value(backup_fact(id), Value());
    if (backup.is_object() && backup.value("verified", Value(false)) == true)
      carrier.backup = text_at(backup, "file") + " of " + text_at(backup, "at");
    carriers_.emplace(id, std::move(carrier));
    if (!record.machine.empty()) on_machine_[MachineName(record.machine)].push_back(id);
  }
}

bool DataRule::machine_with_data(const StepInfo& info) const {
  return info.layer == Layer::cloud && !info.machine.empty() && info.id.text() == "machine/" + info.machine.text() &&
         on_machine_.contains(info.machine);
}

Consent DataRule::consent(const StepInfo& info, bool applied_before, const Diff& diff) const {
  const bool made_again = diff.action == Action::create || diff.action == Action::replace;
  if (made_again && applied_before && (info.carries_data || machine_with_data(info))) return Consent::data_loss;
  return diff.action == Action::replace || diff.action == Action::remove ? Consent::approve : Consent::none;
}

std::string DataRule::loss(const StepInfo& info) const {
  std::vector<StepId> lost;
  if (const auto on_it = on_machine_.find(info.machine); machine_with_data(info)) lost = on_it->second;
  if (carriers_.contains(info.id)) lost.push_back(info.id);
  std::string text;
  for (const StepId& id : lost) {
    const Carrier& carrier = carriers_.at(id);
    text += (text.empty() ? "its data is gone with it: " : "; ") + carrier.title + ", " +
            (carrier.backup.empty() ? "no verified backup is known" : "newest verified backup " + carrier.backup);
  }
  return text;
}

}  // namespace slipway
