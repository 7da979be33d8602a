#include "kube/file_objects_step.h"

#include "base/file.h"

namespace slipway {
namespace {

constexpr Seconds observe_limit{60};

std::string path_of(const Inputs& inputs) {
  const Value& path = inputs.at("path");
  return path.is_string() ? path.get<std::string>() : "";
}

}  // namespace

Result<std::shared_ptr<const ObjectsStep>> FileObjectsStep::step_of(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  if (read_ && read_path_ == path) return read_;
  Result<std::string> text = read_file(path);
  if (!text) return std::move(text).error();
  Value list = Value::parse(*text, nullptr, false);
  if (!list.is_object() || !list.contains("items"))
    return fail(ErrorKind::corrupt, "not a list of objects", {.expected = "JSON, kind: List", .where = path});
  ObjectsOptions options = options_;
  options.objects.assign(1, std::move(list));
  Result<std::unique_ptr<ObjectsStep>> made = ObjectsStep::make(std::move(options));
  if (!made) return std::move(made).error();
  read_ = std::move(*made);
  read_path_ = path;
  return read_;
}

Result<Observation> FileObjectsStep::observe_without_file(Reader& reader) const {
  Value absent = Value::array(), inventory = Value::array();
  for (const ObjectKey& key : options_.recorded) {
    const Result<std::optional<Value>> live = reader.cluster.listed(key, Deadline::in(observe_limit));
    if (!live) return Error(live.error()).while_doing("looking at " + describe(key));
    if (!*live) absent.push_back(short_name(key));
    inventory.push_back(to_value(key));
  }
  Observation seen{.exists = absent.size() < options_.recorded.size(), .facts = {{"without_file", absent}}};
  seen.outputs["inventory"] = std::move(inventory);
  return seen;
}

Result<Observation> FileObjectsStep::observe(Reader& reader, const Inputs& inputs) const {
  Result<std::shared_ptr<const ObjectsStep>> step = step_of(path_of(inputs));
  if (step) return (*step)->observe(reader, inputs);
  if (step.error().kind == ErrorKind::not_found) return observe_without_file(reader);
  return std::move(step).error();
}

Diff FileObjectsStep::diff(const Observation& seen, const Inputs& inputs) const {
  if (!seen.facts.contains("without_file")) {
    const Result<std::shared_ptr<const ObjectsStep>> step = step_of(path_of(inputs));
    return step ? (*step)->diff(seen, inputs) : Diff{};
  }
  Diff diff;
  for (const Value& name : seen.facts["without_file"]) diff.fields.push_back({.field = name, .new_value = "present"});
  if (diff.fields.empty()) return diff;
  diff.action = seen.exists ? Action::update : Action::create;
  diff.reason = Reason::missing;
  return diff;
}

Diff FileObjectsStep::forecast(const Inputs&) const {
  return {.action = Action::create, .reason = Reason::missing, .fields = {{.field = "objects", .unknown = true}}};
}

bool FileObjectsStep::needs_input(const std::string&, const Diff& diff) const { return diff.action != Action::none; }

Result<Outputs> FileObjectsStep::apply(Writer& writer, const Diff& diff, const Inputs& inputs,
                                       Recorder& recorder) const {
  Result<std::shared_ptr<const ObjectsStep>> step = step_of(path_of(inputs));
  if (!step) return std::move(step).error();
  Diff permitted = diff;
  // Planned before the file was there: what it holds is what was approved.
  const bool forecast = diff.fields.size() == 1 && diff.fields[0].unknown;
  if (forecast) permitted = (*step)->forecast(inputs);
  return (*step)->apply(writer, permitted, inputs, recorder);
}

Removal FileObjectsStep::removal() const {
  Value keys = Value::array();
  for (const ObjectKey& key : options_.recorded) keys.push_back(to_value(key));
  return {"objects", {{"cluster", options_.owner.cluster}, {"objects", std::move(keys)}}};
}

}  // namespace slipway
