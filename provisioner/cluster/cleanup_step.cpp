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

}  // namespace

Result<std::unique_ptr<Step>> make_cleanup_step(Shelf& shelf, const std::string& cluster, const Value& access) {
  if (Result<HostAccess> valid = host_access_from(access); !valid) return std::move(valid).error();
  Result<std::shared_ptr<const playbook::Playbook>> book = shelf.playbook("cleanup");
  if (!book) return std::move(book).error();
  playbook::PlaybookWish wish;
  wish.cluster = cluster;
  wish.removal = true;
  return std::unique_ptr<Step>(
      std::make_unique<CleanupStep>(std::make_unique<playbook::PlaybookStep>(*book, std::move(wish)), access));
}

}  // namespace slipway
