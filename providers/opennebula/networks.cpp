#include "providers/opennebula/networks.h"

#include <algorithm>
#include <thread>

#include "providers/opennebula/template_text.h"

namespace slipway::opennebula {
namespace {

constexpr int ready = 1;

std::string text_of(const AddressRange& range) {
  return range.first == range.last ? to_string(range.first) : to_string(range.first) + "-" + to_string(range.last);
}

AddressRange range_of(const AddressRangeOf& range) {
  return {range.first, Address{static_cast<uint32_t>(range.first.bits + std::max<uint64_t>(range.size, 1) - 1)}};
}

}  // namespace

std::vector<Reservations::Wish> Reservations::wishes() const {
  std::vector<Wish> wishes;
  if (settings_.endpoint.bits != 0)
    wishes.push_back({"cloud/endpoint", settings_.object_name("endpoint"), {settings_.endpoint, settings_.endpoint}});
  if (settings_.load_balancers)
    wishes.push_back({"cloud/load-balancers", settings_.object_name("load-balancers"), *settings_.load_balancers});
  return wishes;
}

CloudObject Reservations::object_of(const VirtualNetwork& reservation) const {
  std::string addresses;
  for (const AddressRangeOf& range : reservation.ranges)
    addresses += (addresses.empty() ? "" : ",") + text_of(range_of(range));
  const bool endpoint = reservation.name == settings_.object_name("endpoint");
  return {.kind = "reservation",
          .id = std::to_string(reservation.id),
          .name = reservation.name,
          .mark = settings_.mark(endpoint ? "cloud/endpoint" : "cloud/load-balancers"),
          .fields = {{"addresses", addresses}, {"network", settings_.network}}};
}

Result<std::vector<CloudObject>> Reservations::list(Milliseconds age) {
  Result<std::vector<VirtualNetwork>> reservations = catalog_.reservations(age);
  if (!reservations) return std::move(reservations).error();
  std::vector<CloudObject> objects;
  for (const VirtualNetwork& reservation : *reservations) objects.push_back(object_of(reservation));
  // A spec that holds only a name (destroy) knows no network; then there is nothing to compare with.
  if (settings_.network.empty()) return objects;
  Result<VirtualNetwork> parent = catalog_.network();
  if (!parent) return std::move(parent).error();
  for (const Wish& wish : wishes()) {
    const bool inside = std::any_of(parent->ranges.begin(), parent->ranges.end(), [&](const AddressRangeOf& range) {
      return range.size > 0 && range_of(range).overlaps(wish.addresses);
    });
    if (!inside)
      objects.push_back({.kind = "reservation",
                         .id = outside,
                         .name = wish.name,
                         .mark = settings_.mark(wish.intent),
                         .fields = {{"addresses", text_of(wish.addresses)}, {"network", settings_.network}}});
  }
  return objects;
}

Result<CloudObject> Reservations::create(const CloudRequest& request, Deadline deadline) {
  Result<VirtualNetwork> parent = catalog_.network();
  if (!parent) return std::move(parent).error();
  Result<AddressRange> wanted = parse_range(text_at(request.fields, "addresses"));
  if (!wanted) return std::move(wanted).error();
  const auto home = std::find_if(parent->ranges.begin(), parent->ranges.end(), [&](const AddressRangeOf& range) {
    return range.contains(wanted->first) && range.contains(wanted->last);
  });
  if (home == parent->ranges.end())
    return fail(ErrorKind::bad_input, "the addresses to reserve are not inside one address range",
                {.found = to_string(*wanted) + " in network " + parent->name,
                 .expected = "addresses inside one range, or outside of all",
                 .advice = "onevnet show " + parent->name + " lists its ranges"});
  TemplateText text;
  text.set("NAME", request.name);
  text.set("SIZE", std::to_string(wanted->size()));
  text.set("AR_ID", std::to_string(home->id));
  text.set("IP", to_string(wanted->first));
  Result<std::string> written = text.write();
  if (!written) return std::move(written).error();
  Result<int> id = client_.call_for_id("one.vn.reserve", {parent->id, *written}, call_deadline());
  if (!id) {
    Error error = std::move(id).error();
    if (error.found.find("Not enough free addresses") != std::string::npos) {
      error.found = to_string(*wanted) + " in network " + parent->name + ": at least one address is in use";
      error.advice =
          "choose free addresses for network.endpoint and network.load_balancers: onevnet show " + parent->name;
    }
    return error;
  }
  TemplateText tags;
  tags.set("SLIPWAY_CLUSTER", settings_.cluster);
  tags.set("SLIPWAY_MARK", request.mark);
  if (Result<std::string> tag = tags.write())
    (void)client_.call_for_id("one.vn.update", {*id, *tag, 1},
                              call_deadline());  // For people; the name is what counts.
  while (true) {
    Result<std::string> body = client_.call_for_text("one.vn.info", {*id, false}, call_deadline());
    if (!body) return std::move(body).error();
    Result<std::vector<VirtualNetwork>> read = read_networks(std::move(*body));
    if (!read) return std::move(read).error();
    if (!read->empty() && read->front().state == ready) return object_of(read->front());
    if (deadline.passed())
      return fail(ErrorKind::timeout, "the reservation is not ready in time",
                  {.where = "virtual network " + std::to_string(*id)});
    std::this_thread::sleep_for(std::min(settings_.poll, deadline.left()));
  }
}

Result<void> Reservations::remove(const std::string& id, Deadline deadline) {
  if (id == outside) return {};
  const int number = std::atoi(id.c_str());
  for (bool accepted = false;; std::this_thread::sleep_for(std::min(settings_.poll, deadline.left()))) {
    // Deleting takes a while, in which the network can still be read.
    Result<RpcValue> answer = accepted ? client_.call("one.vn.info", {number, false}, call_deadline())
                                       : client_.call("one.vn.delete", {number}, call_deadline());
    if (!answer && answer.error().kind == ErrorKind::not_found) return {};
    if (!answer && !retryable(answer.error().kind)) return std::move(answer).error();
    if (deadline.passed())
      return answer
                 ? fail(ErrorKind::timeout, "the reservation is not gone in time", {.where = "virtual network " + id})
                 : std::move(answer).error();
    accepted = accepted || answer.ok();
  }
}

}  // namespace slipway::opennebula
