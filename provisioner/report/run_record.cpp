#include "report/run_record.h"

#include <algorithm>
#include <map>

#include "base/file.h"
#include "base/text.h"

namespace slipway {
namespace {

/// Milliseconds since the epoch of "2026-11-21T09:30:00.123Z"; 0 where it is none.
int64_t parse_time(const std::string& text) {
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (!rest) return 0;
  int64_t milliseconds = static_cast<int64_t>(::timegm(&parts)) * 1000;
  if (*rest == '.') milliseconds += std::stoi(std::string(rest + 1, 3));
  return milliseconds;
}

class Reading {
 public:
  Result<RunRecord> read(const std::string& folder) {
    Result<std::string> header = read_file(folder + "/run.json");
    if (!header) return std::move(header).error().while_doing("reading the run's folder");
    const Value document = Value::parse(*header, nullptr, false);
    if (!document.is_object() || !document.contains("steps"))
      return fail(ErrorKind::corrupt, "the run's facts cannot be read", {.where = folder + "/run.json"});
    add_header(document);
    if (const Result<std::string> events = read_file(folder + "/events.jsonl"); events)
      for (const std::string& line : split(*events, '\n'))
        if (const Value event = Value::parse(line, nullptr, false); event.is_object()) add_event(event);
    if (const Result<std::string> summary = read_file(folder + "/summary.json"); summary)
      record_.summary = Value::parse(*summary, nullptr, false);
    if (record_.summary.is_discarded()) record_.summary = Value();
    if (record_.summary.is_object()) record_.artifacts = record_.summary.value("artifacts", Value::array());
    find_critical_path();
    return std::move(record_);
  }

 private:
  void add_header(const Value& document) {
    record_.facts = document.value("facts", Value::object());
    for (const Value& row : document.at("steps")) {
      RunStep step;
      step.id = text_at(row, "id");
      step.machine = text_at(row, "machine");
      step.layer = text_at(row, "layer");
      step.title = text_at(row, "title");
      step.action = text_at(row, "action");
      step.reason = text_at(row, "reason");
      for (const Value& need : row.value("needs", Value::array())) step.needs.push_back(need.get<size_t>());
      for (const Value& field : row.value("diff", Value::array()))
        step.fields.push_back({.field = text_at(field, "field"),
                               .old_value = field.value("old", Value()),
                               .new_value = field.value("new", Value()),
                               .unknown = field.value("unknown", false),
                               .sensitive = field.value("sensitive", false)});
      position_.emplace(step.id, record_.steps.size());
      record_.steps.push_back(std::move(step));
    }
  }

  void add_event(const Value& event) {
    const int64_t now = parse_time(text_at(event, "time"));
    if (begun_ == 0) begun_ = now;
    const int64_t at = now - begun_;
    record_.length_ms = std::max(record_.length_ms, at);
    const auto found = position_.find(text_at(event, "step"));
    if (found == position_.end()) return;
    RunStep& step = record_.steps[found->second];
    const std::string type = text_at(event, "type");
    if (type == "step-started") {
      step.begun_ms = at;
      step.outcome = "running";
    } else if (type == "step-done" || type == "step-failed") {
      step.ended_ms = at;
      if (!step.begun_ms) step.begun_ms = at - event.value("ms", int64_t{0});
      step.outcome = type == "step-done" ? "done" : "failed";
      if (type == "step-failed") step.text = text_at(event, "text");
    } else if (type == "step-blocked") {
      step.outcome = text_at(event, "kind") == "approval needed" ? "waiting" : "blocked";
      step.text = text_at(event, "text");
    }
  }

  void find_critical_path() {
    constexpr size_t none = static_cast<size_t>(-1);
    std::vector<int64_t> chain(record_.steps.size(), 0);
    std::vector<size_t> before(record_.steps.size(), none);
    size_t last = none;
    for (size_t i = 0; i < record_.steps.size(); ++i) {
      const RunStep& step = record_.steps[i];
      for (const size_t need : step.needs)
        if (need < i && chain[need] > chain[i]) {
          chain[i] = chain[need];
          before[i] = need;
        }
      if (step.begun_ms && step.ended_ms) chain[i] += *step.ended_ms - *step.begun_ms;
      if (chain[i] > 0 && (last == none || chain[i] > chain[last])) last = i;
    }
    for (size_t i = last; i != none; i = before[i])
      if (record_.steps[i].begun_ms) record_.critical_path.push_back(i);
    std::reverse(record_.critical_path.begin(), record_.critical_path.end());
  }

  RunRecord record_;
  std::map<std::string, size_t> position_;
  int64_t begun_ = 0;
};

}  // namespace

Value run_header(const Graph& graph, const Plan& plan, const Value& facts) {
  Value document = to_json(plan, true);
  Value& steps = document["steps"];
  for (size_t i = 0; i < steps.size() && i < graph.nodes().size(); ++i) {
    steps[i]["needs"] = graph.nodes()[i].needs;
    steps[i]["title"] = plan.steps[i].title;
  }
  return {{"format", 1}, {"facts", facts}, {"steps", std::move(steps)}};
}

Result<RunRecord> read_run(const std::string& folder) { return Reading().read(folder); }

}  // namespace slipway
