#include "providers/simulated/faults.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::simulated {
namespace {

const std::vector<std::pair<Fault, std::string_view>> names = {{Fault::refuse, "refuse"},
                                                               {Fault::throttle, "throttle"},
                                                               {Fault::server_error, "server-error"},
                                                               {Fault::timeout_before, "timeout-before"},
                                                               {Fault::timeout_after, "timeout-after"},
                                                               {Fault::slow, "slow"},
                                                               {Fault::cut, "cut"},
                                                               {Fault::quota, "quota"},
                                                               {Fault::machine_error, "machine-error"},
                                                               {Fault::unreachable, "unreachable"},
                                                               {Fault::reboot, "reboot"},
                                                               {Fault::wrong_key, "wrong-key"},
                                                               {Fault::disk_full, "disk-full"},
                                                               {Fault::hang, "hang"},
                                                               {Fault::fail, "fail"},
                                                               {Fault::clock_jump, "clock-jump"}};

Error bad_plan(const std::string& path, const std::string& found, const std::string& expected) {
  return fail(ErrorKind::bad_input, "the fault plan cannot be read",
              {.found = found, .expected = expected, .where = path});
}

}  // namespace

std::string_view name(Fault fault) {
  for (const auto& [known, text] : names)
    if (known == fault) return text;
  return "";
}

Result<std::vector<FaultRule>> FaultPlan::parse(const std::string& text, const std::string& path) {
  const Value list = Value::parse(text, nullptr, false);
  if (!list.is_array()) return bad_plan(path, "no JSON list", "a list of rules");
  std::vector<FaultRule> rules;
  for (const Value& entry : list) {
    const std::string word = text_at(entry, "fault");
    const auto known = std::find_if(names.begin(), names.end(), [&](const auto& pair) { return pair.second == word; });
    if (known == names.end() || text_at(entry, "call").empty())
      return bad_plan(path, entry.dump(), "a known fault, and the calls that it strikes");
    FaultRule rule;
    rule.fault = known->first;
    rule.call = text_at(entry, "call");
    for (const auto& [key, value] : entry.items()) {
      if (key == "fault" || key == "call") continue;
      if (!value.is_number()) return bad_plan(path, entry.dump(), "a number for " + key);
      if (key == "skip")
        rule.skip = value.get<int>();
      else if (key == "times")
        rule.times = value.get<int>();
      else if (key == "chance")
        rule.chance = value.get<double>();
      else if (key == "seconds")
        rule.seconds = value.get<int64_t>();
      else
        return bad_plan(path, key, "skip, times, chance or seconds");
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

std::optional<Strike> FaultPlan::strike(const std::string& call) {
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < rules_.size(); ++i) {
    const FaultRule& rule = rules_[i];
    Count& count = counts_[i];
    if (!glob_match(rule.call, call)) continue;
    if (count.matched++ < rule.skip) continue;
    if (rule.times >= 0 && count.struck >= rule.times) continue;
    if (rule.chance < 1 && std::uniform_real_distribution<double>(0, 1)(random_) >= rule.chance) continue;
    ++count.struck;
    return Strike{rule.fault, Seconds(rule.seconds)};
  }
  return std::nullopt;
}

bool takes_effect(Fault fault) {
  switch (fault) {
    case Fault::timeout_after:
    case Fault::slow:
    case Fault::cut:
    case Fault::machine_error:
    case Fault::reboot:
    case Fault::disk_full:
    case Fault::hang:
    case Fault::fail:
    case Fault::clock_jump:
      return true;
    default:
      return false;
  }
}

std::optional<Error> error_of(const Strike& strike, const std::string& call) {
  const auto error = [&](ErrorKind kind, const std::string& summary, const std::string& found) {
    return fail(kind, summary, {.found = found, .where = "simulated: " + call});
  };
  switch (strike.fault) {
    case Fault::refuse:
      return error(ErrorKind::unauthorised, "the provider refuses the credentials", "HTTP 401");
    case Fault::throttle: {
      Error slower = error(ErrorKind::throttled, "the provider asks us to slow down", "HTTP 429");
      slower.retry_after_seconds = static_cast<int>(strike.span.count());
      return slower;
    }
    case Fault::server_error:
      return error(ErrorKind::unavailable, "the provider failed", "HTTP 500");
    case Fault::timeout_before:
    case Fault::timeout_after:
      return error(ErrorKind::timeout, "no answer in time", "nothing");
    case Fault::cut:
      return error(ErrorKind::unavailable, "the connection broke in the middle of the answer", "a part of the body");
    case Fault::quota:
      return error(ErrorKind::quota, "the provider's quota is used up", "HTTP 403: quota exceeded");
    case Fault::unreachable:
      return error(ErrorKind::unavailable, "the host cannot be reached", "no route to host");
    case Fault::wrong_key:
      return error(ErrorKind::verification, "the host shows another key than the pinned one", "a key never seen");
    default:
      return std::nullopt;
  }
}

}  // namespace slipway::simulated
