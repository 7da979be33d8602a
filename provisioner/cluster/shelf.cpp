#include "cluster/shelf.h"

#include "cluster/artifact_step.h"

namespace slipway {

const StepId& ArtifactSteps::step(const std::string& name) {
  const auto [place, fresh] = steps_.try_emplace(name, "artifact/" + name);
  if (fresh) {
    StepInfo info;
    info.id = place->second;
    info.layer = Layer::host;
    info.title = name;
    info.on_demand = true;
    info.expected = Seconds(20);
    info.limit = std::chrono::minutes(45);
    info.tries = 3;  // Each try asks every source; what none of them has, none will have soon.
    // Order without data: see others_come_later.
    info.after = first_;
    graph_.add(std::move(info), std::make_unique<ArtifactStep>(name));
  }
  return place->second;
}

void ArtifactSteps::others_come_later() {
  for (const auto& [name, step] : steps_) first_.push_back(step);
}

Result<std::shared_ptr<const playbook::Playbook>> Shelf::playbook(const std::string& name, const std::string& text) {
  std::shared_ptr<const playbook::Playbook>& slot = loaded_[name + ".yaml\n" + text];
  if (slot) return slot;
  Result<playbook::Playbook> parsed =
      playbook::parse_playbook(name + ".yaml", text, [](const std::string& file) -> Result<std::string> {
        return fail(ErrorKind::not_found, "a playbook that is made here has no files", {.found = file});
      });
  if (!parsed) return std::move(parsed).error();
  slot = std::make_shared<const playbook::Playbook>(std::move(*parsed));
  return slot;
}

Result<std::shared_ptr<const playbook::Playbook>> Shelf::playbook(const std::string& name) {
  std::shared_ptr<const playbook::Playbook>& slot = loaded_[name];
  if (!slot) {
    Result<playbook::Playbook> loaded = playbook::load_playbook(directory_ + "/" + name + ".yaml");
    if (!loaded) return std::move(loaded).error();
    slot = std::make_shared<const playbook::Playbook>(std::move(*loaded));
  }
  return slot;
}

std::shared_ptr<const Shelf::Labels> Shelf::labels_of(const Pool& pool) {
  auto& slot = labels_[pool.name];
  if (!slot) slot = std::make_shared<const Labels>(pool.labels);
  return slot;
}

Result<std::unique_ptr<Step>> Shelf::make(HostPlaybook wish, StepInfo& info) {
  Result<std::shared_ptr<const playbook::Playbook>> book =
      wish.text.empty() ? playbook(wish.playbook) : playbook(wish.playbook, wish.text);
  if (!book) return std::move(book).error();
  playbook::PlaybookWish made;
  made.cluster = cluster_;
  made.role = name(wish.member->pool->role);
  made.labels = labels_of(*wish.member->pool);
  made.shared.reserve(1 + wish.shared.size());
  made.shared.push_back(variables_);
  made.shared.insert(made.shared.end(), wish.shared.begin(), wish.shared.end());
  made.variables = std::move(wish.variables);
  made.secrets = std::move(wish.secrets);
  made.wants_interface = made.tells_facts = wish.wants_interface;
  for (const auto& [variable, artifact] : wish.artifacts) {
    info.inputs[variable] = {artifacts_.step(artifact), ""};
    made.inputs.push_back(variable);
  }
  // Inputs that were declared before are variables too; the host's access and plain order are not.
  for (const auto& [input, reference] : info.inputs)
    if (input == "interface") made.inputs.push_back(input);
  info.layer = Layer::host;
  info.machine = wish.member->name;
  info.lanes = {"host/" + wish.member->name.text()};
  info.limit = made.limit;
  return std::unique_ptr<Step>(std::make_unique<playbook::PlaybookStep>(*book, std::move(made)));
}

}  // namespace slipway
