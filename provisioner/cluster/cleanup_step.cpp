#include "cluster/cleanup_step.h"

namespace slipway {
namespace {

/// The playbook step with the recorded access in the place of an input.
class CleanupStep final : public Step {
 public:
  CleanupStep(std::unique_ptr<Step> playbook, Value access) : playbook_(std::move(playbook)) {
    inputs_.set("access", std::move(access));
  }
  Result<Observation> observe(Reader& reader, const Inputs&) const override {
    return playbook_->observe(reader, inputs_);
  }
  Diff diff(const Observation& seen, const Inputs&) const override {
    Diff diff = playbook_->diff(seen, inputs_);
    if (diff.action != Action::none) {
      diff.action = Action::remove;
      diff.reason = Reason::not_in_spec;
    }
    return diff;
  }
  Result<Outputs> apply(Writer& writer, const Diff& diff, const Inputs&, Recorder& recorder) const override {
    return playbook_->apply(writer, diff, inputs_, recorder);
  }

 private:
  std::unique_ptr<Step> playbook_;
  Inputs inputs_;
};

Result<std::unique_ptr<Step>> make_step(std::shared_ptr<const playbook::Playbook> book, const std::string& cluster,
                                        const Value& access, bool removal, Value variables = Value::object()) {
  if (Result<HostAccess> valid = host_access_from(access); !valid) return std::move(valid).error();
  playbook::PlaybookWish wish;
  wish.cluster = cluster;
  wish.removal = removal;
  wish.variables = std::move(variables);
  return std::unique_ptr<Step>(std::make_unique<CleanupStep>(
      std::make_unique<playbook::PlaybookStep>(std::move(book), std::move(wish)), access));
}

}  // namespace

Result<std::unique_ptr<Step>> make_cleanup_step(Shelf& shelf, const std::string& cluster, const Value& access) {
  Result<std::shared_ptr<const playbook::Playbook>> book = shelf.playbook("cleanup");
  if (!book) return std::move(book).error();
  return make_step(std::move(*book), cluster, access, true);
}

Result<std::unique_ptr<Step>> make_folder_removal(Shelf& shelf, const std::string& cluster, const std::string& path,
                                                  const Value& access) {
  const Value task = {{"name", "folder"}, {"directory", {{"path", path}, {"state", "absent"}}}};
  Result<std::shared_ptr<const playbook::Playbook>> book =
      shelf.playbook("folder-removal", Value::array({task}).dump());
  if (!book) return std::move(book).error();
  return make_step(std::move(*book), cluster, access, false);
}

Result<std::unique_ptr<Step>> make_recorded_step(Shelf& shelf, const std::string& cluster, const std::string& playbook,
                                                 const Value& variables, const Value& access) {
  Result<std::shared_ptr<const playbook::Playbook>> book = shelf.playbook(playbook);
  if (!book) return std::move(book).error();
  return make_step(std::move(*book), cluster, access, false, variables);
}

}  // namespace slipway
