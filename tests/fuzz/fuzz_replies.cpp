#include "http/message.h"
#include "kube/compare.h"
#include "kube/managed_fields.h"
#include "kube/readiness.h"
#include "kube/status.h"
#include "ports/hosts.h"
#include "providers/common/remove_step.h"

#include "targets.h"

namespace slipway::fuzz {
namespace {

HttpResponse response_of(std::string_view bytes) {
  static const int statuses[] = {200, 400, 401, 403, 404, 409, 413, 422, 429, 500, 503, 504};
  const Choice choice = choose(bytes, std::size(statuses));
  HttpResponse response{.status = statuses[choice.number]};
  const size_t line = choice.rest.find('\n');
  response.headers["retry-after"] = std::string(choice.rest.substr(0, line));
  if (line != std::string_view::npos) response.body = std::string(choice.rest.substr(line + 1));
  return response;
}

}  // namespace

/// Whatever an API answers becomes a value or an error of a kind.
void fuzz_replies(std::string_view bytes) {
  const Choice choice = choose(bytes, 3);
  if (choice.number == 0) {
    const HttpResponse response = response_of(choice.rest);
    const HttpRequest request{.url = "https://api.example/v1/servers"};
    const Error from_status = error_from_status(request, response), from_api = error_from_api(request, response);
    require(from_status.retry_after_seconds.value_or(0) >= 0, "no waiting backwards");
    require(!describe(from_status).empty() && !describe(from_api).empty(), "an error says something");
    (void)asks_for_new_object(from_api);
    (void)cannot_preview(from_api);
    return;
  }
  const Value value = Value::parse(choice.rest, nullptr, false);
  if (value.is_discarded()) return;
  if (choice.number == 1) {
    (void)readiness_of(value);
    (void)condition_text(value, "Ready");
    (void)applied_by_us(value);
    (void)touched_since_our_apply(value);
    (void)host_access_from(value);
    (void)removal_target_from(value, value);
    return;
  }
  // Two versions of one object.
  if (!value.is_array() || value.size() != 2) return;
  const Value &live = value[0], &wanted = value[1];
  for (const ObjectChange& change : changes_between(live, wanted)) {
    (void)text_of(change.path);
    (void)owned_by_us(live, change.path);
    (void)other_owners(live, change.path);
  }
  (void)owned_exactly(live, wanted);
  // Elements of others stay in a list with names, so that the whole need not be held; but nothing is left to lay.
  const Value laid = overlaid(live, wanted);
  require(overlaid(laid, wanted) == laid, "laying the same over it once more changes nothing");
}

}  // namespace slipway::fuzz
