#include "kube/pattern_job.h"

#include "base/text.h"
#include "kube/explain.h"

namespace slipway {
namespace {

constexpr Seconds call_limit{15};
Deadline soon() { return Deadline::in(call_limit); }

Value member(const Value& object, const char* key) {
  return object.is_object() ? object.value(key, Value::object()) : Value::object();
}

void set_environment(Value& container, const std::map<std::string, std::string>& environment) {
  Value list = Value::array();
  for (const Value& entry : container.value("env", Value::array()))
    if (!environment.contains(text_at(entry, "name"))) list.push_back(entry);
  for (const auto& [name, value] : environment) list.push_back({{"name", name}, {"value", value}});
  container["env"] = std::move(list);
}

Value job_from(const Value& pattern, const PatternJob& wanted) {
  Value job = member(member(pattern, "spec"), "jobTemplate");
  job["apiVersion"] = "batch/v1";
  job["kind"] = "Job";
  job["metadata"]["name"] = wanted.name;
  job["metadata"]["namespace"] = wanted.pattern.name_space;
  job["metadata"]["annotations"]["cronjob.kubernetes.io/instantiate"] = "manual";
  // One try, told at once; gone by itself where nobody is left to remove it.
  job["spec"]["backoffLimit"] = 0;
  job["spec"]["ttlSecondsAfterFinished"] = 3600;
  for (Value& container : job["spec"]["template"]["spec"]["containers"]) set_environment(container, wanted.environment);
  return job;
}

bool has_condition(const Value& job, const std::string& type) {
  for (const Value& condition : member(job, "status").value("conditions", Value::array()))
    if (text_at(condition, "type") == type && text_at(condition, "status") == "True") return true;
  return false;
}

Result<std::string> log_of(ClusterReader& reader, const ObjectKey& job) {
  Result<std::vector<Value>> pods =
      reader.list({"v1", "Pod", job.name_space, ""}, "batch.kubernetes.io/job-name=" + job.name, soon());
  if (!pods) return std::move(pods).error();
  std::string newest, since;
  for (const Value& pod : *pods)
    if (const std::string made = text_at(pod["metadata"], "creationTimestamp"); newest.empty() || made > since) {
      newest = text_at(pod["metadata"], "name");
      since = made;
    }
  if (newest.empty()) return std::string("its pod is gone");
  return reader.probe("/api/v1/namespaces/" + job.name_space + "/pods/" + newest + "/log?tailLines=2000", soon());
}

Result<JobOutcome> wait_for(ClusterReader& reader, Clock& clock, const ObjectKey& key, const PatternJob& wanted) {
  for (;;) {
    Result<Value> now = reader.get(key, soon());
    if (!now && !retryable(now.error().kind)) return std::move(now).error();
    if (now) {
      const bool complete = has_condition(*now, "Complete");
      if (complete || has_condition(*now, "Failed")) {
        Result<std::string> log = log_of(reader, key);
        return JobOutcome{.succeeded = complete, .log = log ? *log : describe(log.error())};
      }
    }
    if (wanted.cancelled && wanted.cancelled()) return fail(ErrorKind::cancelled, "stopped while a job was running");
    if (clock.now() >= wanted.until)
      return fail(
          ErrorKind::timeout, "a job did not end in time",
          {.found = now ? explain_not_ready(reader, *now, soon()) : now.error().summary, .where = describe(key)});
    clock.sleep_until(clock.now() + Seconds(1));
  }
}

}  // namespace

Result<JobOutcome> run_pattern_job(ClusterReader& reader, ClusterWriter& writer, Clock& clock, const PatternJob& job) {
  Result<Value> pattern = reader.get(job.pattern, soon());
  if (!pattern) return std::move(pattern).error();
  const ObjectKey key{"batch/v1", "Job", job.pattern.name_space, job.name};
  if (Result<Value> made = writer.apply(job_from(*pattern, job), soon()); !made) return std::move(made).error();
  Result<JobOutcome> outcome = wait_for(reader, clock, key, job);
  Result<void> removed = writer.remove(key, Deadline::in(std::chrono::minutes(2)));
  if (outcome && !removed) return std::move(removed).error();
  return outcome;
}

}  // namespace slipway
