#include "kube/gates_step.h"

namespace slipway {
namespace {

constexpr Seconds observe_limit{30};

}  // namespace

Result<Observation> GatesStep::observe(Reader& reader, const Inputs&) const {
  Observation seen;
  Value waiting = Value::array();
  for (const Gate& gate : options_.gates) {
    const Result<Readiness> state =
        check_gate(reader.cluster, gate, options_.probe_url, Freshness::listed, Deadline::in(observe_limit));
    if (!state) return Error(state.error()).while_doing("checking " + gate.text);
    if (state->ready)
      seen.exists = true;
    else
      waiting.push_back({{"gate", gate.text}, {"why", state->why}});
  }
  if (waiting.empty()) {
    seen.exists = true;
    seen.outputs["ready"] = true;
  }
  seen.facts = {{"waiting", std::move(waiting)}};
  return seen;
}

Diff GatesStep::diff(const Observation& seen, const Inputs&) const {
  Diff diff;
  for (const Value& gate : seen.facts.at("waiting"))
    diff.fields.push_back({.field = gate.at("gate"), .old_value = gate.at("why"), .new_value = "ready"});
  if (diff.fields.empty()) return diff;
  diff.action = seen.exists ? Action::update : Action::create;
  diff.reason = seen.exists ? Reason::drift : Reason::missing;
  return diff;
}

Diff GatesStep::forecast(const Inputs&) const {
  Diff diff{.action = Action::create, .reason = Reason::missing};
  for (const Gate& gate : options_.gates) diff.fields.push_back({.field = gate.text, .new_value = "ready"});
  return diff;
}

Result<Outputs> GatesStep::apply(Writer& writer, const Diff&, const Inputs&, Recorder& recorder) const {
  WaitRules rules{.until = writer.clock.now() + options_.limit,
                  .probe_url = options_.probe_url,
                  .on_progress = [&](std::string_view text) { recorder.progress(text); },
                  .cancelled = [&] { return recorder.cancelled(); }};
  if (Result<void> waited = wait_ready(writer.read.cluster, writer.clock, options_.gates, rules); !waited)
    return std::move(waited).error();
  return Outputs{{"ready", true}};
}

}  // namespace slipway
