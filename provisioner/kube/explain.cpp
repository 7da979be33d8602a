#include "kube/explain.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "kube/readiness.h"

namespace slipway {
namespace {

constexpr size_t pods_named = 3;
constexpr size_t longest_message = 300;

const Value& member(const Value& object, const char* key) {
  static const Value none = Value::object();
  if (!object.is_object()) return none;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? none : *found;
}

std::string shortened(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text.size() <= longest_message) return text;
  size_t end = longest_message;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

std::string with_message(const std::string& reason, const std::string& message) {
  return message.empty() || message == reason ? reason : reason + ": " + shortened(message);
}

std::string exit_text(const Value& terminated) {
  const Value& code = member(terminated, "exitCode");
  std::string text = text_at(terminated, "reason", "ended");
  if (code.is_number()) text += ", exit code " + code.dump();
  return with_message(text, text_at(terminated, "message"));
}

std::string container_trouble(const Value& container, bool init) {
  const std::string name = "container " + text_at(container, "name");
  const Value& state = member(container, "state");
  const Value& waiting = member(state, "waiting");
  const Value& last = member(member(container, "lastState"), "terminated");
  if (const std::string reason = text_at(waiting, "reason"); !reason.empty()) {
    // It says nothing by itself: an init container is waited for.
    if (reason == "PodInitializing") return "";
    std::string text = name + " " + with_message(reason, text_at(waiting, "message"));
    if (!last.empty()) text += " (last: " + exit_text(last) + ")";
    return text;
  }
  const Value& terminated = member(state, "terminated");
  if (!terminated.empty()) {
    const bool well = init && member(terminated, "exitCode") == 0;
    return well ? "" : name + " " + exit_text(terminated);
  }
  if (init || member(container, "ready") == true) return "";
  std::string text = name + " runs but is not ready";
  if (!last.empty()) text += " (last: " + exit_text(last) + ")";
  return text;
}

/// The newest warning about any of the objects.
std::string newest_warning(ClusterReader& reader, const std::string& name_space, const std::set<std::string>& uids,
                           Deadline deadline) {
  const Result<std::vector<Value>> events = reader.list({"v1", "Event", name_space, ""}, "", deadline);
  if (!events) return "";
  std::string newest, text;
  for (const Value& event : *events) {
    if (text_at(event, "type") != "Warning" || !uids.contains(text_at(member(event, "involvedObject"), "uid")))
      continue;
    std::string time = text_at(member(event, "series"), "lastObservedTime");
    for (const char* key : {"lastTimestamp", "eventTime", "firstTimestamp"})
      if (time.empty()) time = text_at(event, key);
    if (time < newest) continue;
    newest = time;
    text = with_message(text_at(event, "reason"), text_at(event, "message"));
  }
  return text;
}

std::string uid_of(const Value& object) { return text_at(member(object, "metadata"), "uid"); }

}  // namespace

std::string pod_trouble(const Value& pod) {
  if (readiness_of(pod).ready) return "";
  if (condition_status(pod, "PodScheduled") == "False") return "not scheduled: " + condition_text(pod, "PodScheduled");
  const Value& status = member(pod, "status");
  for (const auto& [list, init] : {std::pair{"initContainerStatuses", true}, std::pair{"containerStatuses", false}})
    for (const Value& container : member(status, list))
      if (std::string trouble = container_trouble(container, init); !trouble.empty()) return trouble;
  return readiness_of(pod).why;
}

std::string selector_text(const Value& label_selector) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : member(label_selector, "matchLabels").items())
    if (value.is_string()) parts.push_back(key + "=" + value.get<std::string>());
  for (const Value& expression : member(label_selector, "matchExpressions")) {
    const std::string key = text_at(expression, "key"), how = text_at(expression, "operator");
    std::vector<std::string> values;
    for (const Value& value : member(expression, "values"))
      if (value.is_string()) values.push_back(value.get<std::string>());
    if (how == "Exists") parts.push_back(key);
    if (how == "DoesNotExist") parts.push_back("!" + key);
    if (how == "In") parts.push_back(key + " in (" + join(values, ",") + ")");
    if (how == "NotIn") parts.push_back(key + " notin (" + join(values, ",") + ")");
  }
  return join(parts, ",");
}

std::string explain_not_ready(ClusterReader& reader, const Value& object, Deadline deadline) {
  const ObjectKey key = key_of(object);
  std::set<std::string> uids = {uid_of(object)};
  std::vector<std::string> troubles;
  std::vector<Value> pods;
  if (key.kind == "Pod") {
    pods.push_back(object);
  } else if (const std::string selector = selector_text(member(member(object, "spec"), "selector"));
             !selector.empty()) {
    if (Result<std::vector<Value>> found = reader.list({"v1", "Pod", key.name_space, ""}, selector, deadline); found)
      pods = std::move(*found);
    // No pod at all: the ReplicaSet's events say why none could be made.
    if (pods.empty() && key.kind == "Deployment")
      if (const auto sets = reader.list({"apps/v1", "ReplicaSet", key.name_space, ""}, selector, deadline); sets)
        for (const Value& set : *sets) uids.insert(uid_of(set));
  }
  size_t more = 0;
  for (const Value& pod : pods) {
    const std::string trouble = pod_trouble(pod);
    if (trouble.empty()) continue;
    uids.insert(uid_of(pod));
    if (troubles.size() < pods_named)
      troubles.push_back("pod " + key_of(pod).name + ": " + trouble);
    else
      ++more;
  }
  if (more > 0) troubles.push_back("and " + std::to_string(more) + " pods more");
  if (const std::string warning = newest_warning(reader, key.name_space, uids, deadline); !warning.empty())
    troubles.push_back("last warning: " + warning);
  return join(troubles, "\n");
}

}  // namespace slipway
