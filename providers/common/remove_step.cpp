#include "providers/common/remove_step.h"

#include "ports/cloud_search.h"

namespace slipway {

Result<RemovalTarget> removal_target_from(const Value& removal_data, const Value& outputs) {
  RemovalTarget target{.kind = text_at(removal_data, "kind"),
                       .id = text_at(outputs, "id", text_at(removal_data, "id")),
                       .name = text_at(removal_data, "name"),
                       .mark = text_at(removal_data, "mark")};
  if (!target.kind.empty() && !(target.id.empty() && target.mark.empty() && target.name.empty())) return target;
  return fail(ErrorKind::corrupt, "a removal record names nothing",
              {.found = removal_data.dump(), .expected = "kind, and one of id, mark and name"});
}

Result<std::vector<std::string>> RemoveObjectStep::ids(CloudReader& cloud) const {
  const bool by_name = target_.id.empty() && target_.mark.empty();
  Result<std::vector<CloudObject>> objects =
      by_name ? cloud.list(target_.kind) : find_objects(cloud, target_.kind, {.id = target_.id, .mark = target_.mark});
  if (!objects) return std::move(objects).error().while_doing("looking for " + target_.kind + " " + target_.name);
  std::vector<std::string> found;
  for (const CloudObject& object : *objects)
    if (!by_name || object.name == target_.name) found.push_back(object.id);
  return found;
}

Result<Observation> RemoveObjectStep::observe(Reader& reader, const Inputs&) const {
  Result<std::vector<std::string>> found = ids(reader.cloud);
  if (!found) return std::move(found).error();
  Observation seen;
  seen.exists = !found->empty() || (target_.intent_open && target_.list_lag.count() > 0);
  seen.facts = {{"ids", *found}};
  return seen;
}

Diff RemoveObjectStep::diff(const Observation& seen, const Inputs& inputs) const {
  return seen.exists ? forecast(inputs) : Diff{};
}

Diff RemoveObjectStep::forecast(const Inputs&) const {
  return {.action = Action::remove, .reason = Reason::not_in_spec, .fields = {}};
}

Result<Outputs> RemoveObjectStep::apply(Writer& writer, const Diff&, const Inputs&, Recorder& recorder) const {
  const Instant until = writer.clock.now() + target_.list_lag;
  Result<std::vector<std::string>> found = ids(writer.read.cloud);
  while (found && found->empty() && target_.intent_open && writer.clock.now() < until && !recorder.cancelled()) {
    writer.clock.sleep_until(std::min(until, writer.clock.now() + Milliseconds(1000)));
    found = ids(writer.read.cloud);
  }
  if (!found) return std::move(found).error();
  for (const std::string& id : *found) {
    recorder.progress("removing " + target_.kind + " " + target_.name);
    if (Result<void> gone = writer.cloud.remove(target_.kind, id, Deadline::in(limit_)); !gone)
      return std::move(gone).error().while_doing("removing " + target_.kind + " " + target_.name);
  }
  return Outputs{};
}

}  // namespace slipway
