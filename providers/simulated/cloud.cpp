#include "providers/simulated/cloud.h"

#include <algorithm>
#include <array>

#include "spec/network.h"

namespace slipway::simulated {
namespace {

constexpr std::array<std::string_view, 4> kinds = {"network", "address", "volume", "machine"};
/// 100.64.0.0/10, where no real network of the user lies.
constexpr uint32_t first_address = (100u << 24 | 64u << 16) + 10;

std::string key_of(std::string_view kind, const std::string& id) { return "object/" + std::string(kind) + "/" + id; }

CloudObject object_from(std::string_view kind, const std::string& id, const Value& value) {
  return {.kind = std::string(kind),
          .id = id,
          .name = text_at(value, "name"),
          .mark = text_at(value, "mark"),
          .fields = value.at("fields")};
}

Error unknown_kind(std::string_view kind) {
  return fail(ErrorKind::internal, "the simulated provider has no such kind of object", {.found = std::string(kind)});
}

bool known(std::string_view kind) { return std::find(kinds.begin(), kinds.end(), kind) != kinds.end(); }

}  // namespace

/// More calls in one second than agreed are throttled.
Result<void> Cloud::take_a_turn() {
  if (settings_.calls_per_second == 0) return {};
  const int64_t second = clock_.elapsed() / 1000000000;
  if (second != second_) {
    second_ = second;
    calls_this_second_ = 0;
  }
  if (++calls_this_second_ <= settings_.calls_per_second) return {};
  Error slower = fail(ErrorKind::throttled, "the provider asks us to slow down", {.found = "HTTP 429"});
  slower.retry_after_seconds = 1;
  return slower;
}

Result<Cloud::Call> Cloud::begin(const std::string& name, Deadline deadline) {
  clock_.stir();
  if (settings_.latency.count() > 0) clock_.sleep_for(settings_.latency);
  const std::optional<Strike> strike = faults_.strike(name);
  std::optional<Error> error;
  if (strike) {
    if (strike->fault == Fault::slow) clock_.sleep_for(strike->span);
    if (strike->fault == Fault::clock_jump) clock_.shift_wall(strike->span);
    error = error_of(*strike, name);
    if (strike->fault == Fault::timeout_before) clock_.sleep_for(deadline.left());
    if (error && !takes_effect(strike->fault)) return *error;
  }
  Call call{.lock = world_.enter(), .strike = strike, .error = error};
  if (Result<void> free = take_a_turn(); !free) return std::move(free).error();
  return call;
}

Result<void> Cloud::end(Call& call, Deadline deadline) {
  world_.set_time(clock_.elapsed());
  if (Result<void> kept = world_.commit(); !kept) return kept;
  call.lock.unlock();
  if (!call.error) return {};
  if (call.strike->fault == Fault::timeout_after) clock_.sleep_for(deadline.left());
  return *call.error;
}

std::optional<CloudObject> Cloud::shown(std::string_view kind, const std::string& key, const Value& value) const {
  const int64_t horizon = clock_.elapsed() - std::chrono::nanoseconds(settings_.list_lag).count();
  if (settings_.list_lag.count() > 0 && value.at("at").get<int64_t>() > horizon) return std::nullopt;
  if (!text_at(value, "mark").starts_with(settings_.cluster + "/")) return std::nullopt;
  return object_from(kind, key.substr(key_of(kind, "").size()), value);
}

std::vector<CloudObject> Cloud::visible(std::string_view kind) const {
  std::vector<CloudObject> found;
  world_.each(key_of(kind, ""), [&](const std::string& key, const Value& value) {
    if (std::optional<CloudObject> object = shown(kind, key, value)) found.push_back(*std::move(object));
  });
  return found;
}

Result<std::vector<CloudObject>> Cloud::list(std::string_view kind) {
  if (!known(kind)) return unknown_kind(kind);
  const Deadline deadline = Deadline::in(Seconds(30));
  Result<Call> call = begin("cloud/list/" + std::string(kind), deadline);
  if (!call) return std::move(call).error();
  std::vector<CloudObject> found = visible(kind);
  if (Result<void> ended = end(*call, deadline); !ended) return std::move(ended).error();
  return found;
}

Result<std::vector<CloudObject>> Cloud::find(std::string_view kind, const CloudKey& key) {
  if (!known(kind)) return unknown_kind(kind);
  const Deadline deadline = Deadline::in(Seconds(30));
  Result<Call> call = begin("cloud/list/" + std::string(kind), deadline);
  if (!call) return std::move(call).error();
  // Everything of ours carries a mark, so that no name is ever needed.
  std::set<std::string> places;
  if (!key.mark.empty()) places = world_.marked(key.mark);
  if (!key.id.empty()) places.insert(key_of(kind, key.id));
  std::vector<CloudObject> found;
  for (const std::string& place : places)
    if (const Value* value = world_.find(place); value && place.starts_with(key_of(kind, "")))
      if (std::optional<CloudObject> object = shown(kind, place, *value)) found.push_back(*std::move(object));
  if (Result<void> ended = end(*call, deadline); !ended) return std::move(ended).error();
  return found;
}

Result<std::vector<CloudObject>> Cloud::list_owned() {
  std::vector<CloudObject> owned;
  for (const std::string_view kind : kinds) {
    Result<std::vector<CloudObject>> some = list(kind);
    if (!some) return some;
    owned.insert(owned.end(), some->begin(), some->end());
  }
  return owned;
}

size_t Cloud::count_machines() const {
  size_t machines = 0;
  world_.each("object/machine/", [&](const std::string&, const Value&) { ++machines; });
  return machines;
}

int Cloud::free_machines() {
  const auto lock = world_.enter();
  return settings_.machines - static_cast<int>(count_machines());
}

/// The next address that nobody ever had: a machine that comes late never meets another's traffic.
std::string Cloud::free_address() const {
  const Value* given = world_.find("count/addresses");
  return to_string(Address{first_address + (given ? given->get<uint32_t>() : 0)});
}

Result<CloudObject> Cloud::create(const CloudRequest& request, const CloudProgress& progress, Deadline deadline) {
  if (!known(request.kind)) return unknown_kind(request.kind);
  Result<Call> call = begin("cloud/create/" + request.kind + "/" + request.name, deadline);
  if (!call) return std::move(call).error();
  const Value* count = world_.find("count/objects");
  const int64_t number = (count ? count->get<int64_t>() : 0) + 1;
  Value fields = request.fields;
  fields["created"] = number;
  const std::string id = request.kind.substr(0, 1) + "-" + std::to_string(number);
  if (request.kind == "address") {
    fields["address"] = free_address();
    const Value* given = world_.find("count/addresses");
    world_.set("count/addresses", (given ? given->get<uint32_t>() : 0) + 1);
  }
  bool broken = false;
  if (request.kind == "machine") {
    // Kept as a number: counting ten thousand machines at each create would cost more than making them.
    const Value* machines = world_.find("count/machines");
    const int64_t living = machines ? machines->get<int64_t>() : 0;
    if (living >= settings_.machines)
      return fail(ErrorKind::quota, "the provider's quota of machines is used up",
                  {.found = std::to_string(living) + " machines",
                   .expected = "at most " + std::to_string(settings_.machines),
                   .advice = "a higher simulated.machines, or fewer machines"});
    world_.set("count/machines", living + 1);
    broken = call->strike && call->strike->fault == Fault::machine_error;
    fields["state"] = broken ? "error" : "running";
    const std::string address = text_at(fields, "address");
    if (world_.text("address/" + address).empty()) world_.set("address/" + address, id);
    progress("building");
  }
  world_.set("count/objects", number);
  const Value made = {{"name", request.name}, {"mark", request.mark}, {"fields", fields}, {"at", clock_.elapsed()}};
  world_.set(key_of(request.kind, id), made);
  // How often a mark was made: the sweep looks at what is left of it, and at this.
  const std::string times = "made/" + request.mark;
  const Value* before = world_.find(times);
  world_.set(times, (before ? before->get<int64_t>() : 0) + 1);
  if (Result<void> ended = end(*call, deadline); !ended) return std::move(ended).error();
  if (broken)
    return fail(ErrorKind::unavailable, "the machine ended in state error",
                {.found = "No valid host was found", .expected = "running", .where = request.name});
  return object_from(request.kind, id, made);
}

Result<CloudObject> Cloud::update(const CloudObject& object, const Value& fields, const CloudProgress&,
                                  Deadline deadline) {
  Result<Call> call = begin("cloud/update/" + object.kind + "/" + object.name, deadline);
  if (!call) return std::move(call).error();
  const std::string key = key_of(object.kind, object.id);
  const Value* found = world_.find(key);
  if (!found)
    return fail(ErrorKind::not_found, "no such object", {.found = object.id, .where = "simulated: " + object.kind});
  Value changed = *found;
  for (const auto& [field, value] : fields.items()) changed["fields"][field] = value;
  const bool started = object.kind == "machine" && text_at(found->at("fields"), "state") != "running" &&
                       text_at(changed["fields"], "state") == "running";
  world_.set(key, changed);
  if (started) {
    const std::string host = "host/" + object.id + "/";
    const Value* boots = world_.find(host + "boot");
    world_.set(host + "boot", (boots ? boots->get<int64_t>() : 0) + 1);
    world_.erase(host + "apply");
    world_.erase_all(host + "file/run/");
  }
  if (object.kind == "machine") cluster_.machine_changed(object.id, object.name);
  if (Result<void> ended = end(*call, deadline); !ended) return std::move(ended).error();
  return object_from(object.kind, object.id, changed);
}

Result<void> Cloud::remove(std::string_view kind, const std::string& id, Deadline deadline) {
  if (!known(kind)) return unknown_kind(kind);
  Result<Call> call = begin("cloud/remove/" + std::string(kind) + "/" + id, deadline);
  if (!call) return std::move(call).error();
  const std::string key = key_of(kind, id);
  if (const Value* found = world_.find(key)) {
    const CloudObject object = object_from(kind, id, *found);
    world_.erase(key);
    if (kind == "machine") {
      world_.set("count/machines", world_.find("count/machines")->get<int64_t>() - 1);
      world_.erase_all("host/" + id + "/");
      const std::string address = text_at(object.fields, "address");
      if (world_.text("address/" + address) == id) {
        world_.erase("address/" + address);
        // A twin that shares the address answers there now.
        world_.each("object/machine/", [&](const std::string& other, const Value& machine) {
          if (text_at(machine.at("fields"), "address") == address && world_.text("address/" + address).empty())
            world_.set("address/" + address, other.substr(15));
        });
      }
      cluster_.machine_changed(id, object.name);
    }
  }
  return end(*call, deadline);
}

}  // namespace slipway::simulated
