#include "cluster/artifact_step.h"

namespace slipway {
namespace {

Outputs outputs_of(const ArtifactFile& file) {
  return {{"path", file.path}, {"sha256", file.sha256}, {"version", file.version}, {"size", file.size}, {"source", file.source}};
}

}  // namespace

Result<Observation> ArtifactStep::observe(Reader& reader, const Inputs&) const {
  const std::optional<ArtifactFile> file = reader.artifacts.find(name_);
  if (!file) return Observation{};
  return Observation{.exists = true, .facts = {{"sha256", file->sha256}}, .outputs = outputs_of(*file)};
}

Diff ArtifactStep::diff(const Observation& seen, const Inputs&) const {
  if (seen.exists) return {};
  return {.action = Action::create, .reason = Reason::missing};
}

Result<Outputs> ArtifactStep::apply(Writer& writer, const Diff&, const Inputs&, Recorder& recorder) const {
  const Result<ArtifactFile> file = writer.artifacts.acquire(
      name_, [&](std::string_view what, uint64_t done, uint64_t total) { recorder.progress(what, done, total); },
      Deadline::in(std::chrono::minutes(40)));
  if (!file) return Error(file.error()).while_doing("getting " + name_);
  recorder.log(name_ + " " + file->version + " from " + file->source + ", sha256 " + file->sha256);
  return outputs_of(*file);
}

}  // namespace slipway
