#include "providers/openstack/object_kind.h"

#include <algorithm>
#include <thread>

namespace slipway::openstack {
namespace {

Error only_looked_up(std::string_view kind) {
  return fail(ErrorKind::internal, "provider 'openstack' does not make or change this kind of object",
              {.found = std::string(kind), .advice = "this is a bug in Slipway"});
}

}  // namespace

Result<CloudObject> ObjectKind::create(const CloudRequest& request, const CloudProgress&, Deadline) {
  return only_looked_up(request.kind);
}

Result<CloudObject> ObjectKind::update(const CloudObject& object, const Value&, const CloudProgress&, Deadline) {
  return only_looked_up(object.kind);
}

Result<void> ObjectKind::remove(const std::string&, Deadline) {
  return only_looked_up("a thing that is only looked up");
}

Result<CloudObject> ObjectKind::look(std::string_view kind, const std::string& id) const {
  Result<std::vector<CloudObject>> all = place_.fresh->list(kind);
  if (!all) return std::move(all).error();
  const auto found = std::find_if(all->begin(), all->end(), [&](const CloudObject& object) { return object.id == id; });
  return found == all->end() ? CloudObject{} : *found;
}

bool Poll::again() {
  if (deadline_.passed()) return false;
  std::this_thread::sleep_for(std::min(pause_, deadline_.left()));
  pause_ = std::min(pause_ + pause_ / 2, longest_);
  return true;
}

Result<void> remove_when_free(const Workplace& place, Service service, const std::string& path, const std::string& what,
                              Deadline deadline) {
  Poll poll(place.timing, {std::min(deadline.at, Deadline::in(place.timing.in_use_limit).at)});
  for (;;) {
    Result<void> gone = place.api.remove(service, path, deadline);
    if (gone || gone.error().kind != ErrorKind::conflict) return gone;
    if (poll.again()) continue;
    Error error = std::move(gone).error();
    // Not ours to wait for any longer, and nothing that a repetition mends.
    error.kind = ErrorKind::internal;
    error.summary = what + " is in use by something else and is left";
    error.expected = "nothing but Slipway's own objects on it";
    error.advice =
        "delete what uses it (a load balancer, a volume or port that the cluster or somebody else made), then "
        "run the same command again";
    return error;
  }
}

}  // namespace slipway::openstack
