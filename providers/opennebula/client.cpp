#include "providers/opennebula/client.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::opennebula {
namespace {

constexpr std::ptrdiff_t calls_at_once = 6;
constexpr uint64_t largest_answer = 256ull << 20;
/// One call, however long the whole operation may take.
constexpr Milliseconds longest_call = Seconds(60);

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

bool contains_one(std::string_view text, const std::vector<std::string_view>& parts) {
  return std::any_of(parts.begin(), parts.end(), [&](std::string_view part) { return contains(text, part); });
}

bool is_loopback(const std::string& url) {
  const size_t scheme = url.find("://");
  const std::string host = scheme == std::string::npos ? std::string() : url.substr(scheme + 3);
  return host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]");
}

HttpOptions direct_to_loopback(HttpOptions options, const std::string& url) {
  if (is_loopback(url)) options.proxy_from_environment = false;
  return options;
}

Error authorization_error(const std::string& text, ErrorDetails details) {
  if (contains(text, "limit of ") && contains(text, " quota in ")) {
    details.advice = "free some of it, or ask the cloud's administrator for a larger quota";
    return fail(ErrorKind::quota, "an OpenNebula quota is reached", std::move(details));
  }
  if (contains(text, "is locked")) {
    details.advice = "somebody locked it on purpose: onevm unlock ID, or the like for its kind";
    return fail(ErrorKind::unauthorised, "the OpenNebula object is locked", std::move(details));
  }
  details.advice =
      contains(text, "restricted attribute")
          ? "only administrators may set it: leave it to the template"
          : "ask the cloud's administrator for the right, or use another user; a lock on the object reads so too";
  return fail(ErrorKind::unauthorised, "OpenNebula refuses a right", std::move(details));
}

Error internal_error(const std::string& text, ErrorDetails details) {
  if (contains_one(text, {"no leader found", "in election mode", "replicating log", "zone disabled"}))
    return fail(ErrorKind::unavailable, "OpenNebula is not ready to serve", std::move(details));
  if (contains(text, "NAME is already taken"))
    return fail(ErrorKind::conflict, "the name is taken in OpenNebula", std::move(details));
  if (contains_one(text, {"Cannot get IP/MAC lease", "in use", "is locked", "not part of the address range"}))
    return fail(ErrorKind::conflict, "OpenNebula has it in use", std::move(details));
  if (contains_one(text, {"does not own a", "does not exist"}))
    return fail(ErrorKind::not_found, "OpenNebula does not know it", std::move(details));
  if (contains_one(text,
                   {"Parse error", "Error parsing", "is less than the image", "Invalid NAME", "attribute must be"}))
    return fail(ErrorKind::bad_input, "OpenNebula cannot take the request", std::move(details));
  return fail(ErrorKind::internal, "OpenNebula failed", std::move(details));
}

Error action_error(const std::string& text, ErrorDetails details) {
  if (contains_one(text, {"wrong state", "not available for state", "is locked", "leases in use", "VMs using it",
                          "in use", "Cannot get IP/MAC lease", "Not enough free addresses"}))
    return fail(ErrorKind::conflict, "OpenNebula cannot do that now", std::move(details));
  if (contains_one(text, {"Not enough memory", "Not enough CPU", "does not fit"}))
    return fail(ErrorKind::quota, "the OpenNebula host has no room", std::move(details));
  if (contains(text, "does not exist"))
    return fail(ErrorKind::not_found, "OpenNebula does not know it", std::move(details));
  return fail(ErrorKind::bad_input, "OpenNebula refuses the action", std::move(details));
}

}  // namespace

Error error_of_reply(const std::string& method, int64_t code, const std::string& text) {
  // Every text begins with "[one.x.y] ", which `where` says already.
  const std::string prefix = "[" + method + "] ";
  ErrorDetails details{.found = text.starts_with(prefix) ? text.substr(prefix.size()) : text,
                       .expected = {},
                       .advice = {},
                       .where = method + ", code " + std::to_string(code)};
  switch (static_cast<OneCode>(code)) {
    case OneCode::authentication:
      details.expected = "a living user with this password, or a token that has not expired";
      details.advice = "check the file with the credentials (ONE_AUTH, ~/.one/one_auth): oneuser show";
      return fail(ErrorKind::unauthorised, "OpenNebula refuses the credentials", std::move(details));
    case OneCode::authorization:
      return authorization_error(text, std::move(details));
    case OneCode::no_exists:
      return fail(ErrorKind::not_found, "OpenNebula does not know it", std::move(details));
    case OneCode::action:
      return action_error(text, std::move(details));
    case OneCode::internal:
    case OneCode::allocate:
      return internal_error(text, std::move(details));
    case OneCode::locked:
      return fail(ErrorKind::conflict, "the OpenNebula object is locked", std::move(details));
    case OneCode::replication:
      return fail(ErrorKind::unavailable, "OpenNebula is not ready to serve", std::move(details));
    case OneCode::rpc_api:
      break;
  }
  return fail(ErrorKind::internal, "OpenNebula refuses the call", std::move(details));
}

OneClient::OneClient(Login login, HttpOptions options)
    : login_(std::move(login)), http_(direct_to_loopback(std::move(options), login_.endpoint)), room_(calls_at_once) {}

Result<HttpResponse> OneClient::send(const std::string& body, Deadline deadline) {
  ++calls_;
  const HttpRequest request{.method = "POST",
                            .url = login_.endpoint,
                            .headers = {{"Content-Type", "text/xml"}},
                            .body = body,
                            .deadline = Deadline::in(std::min(deadline.left(), longest_call)),
                            .max_body = largest_answer};
  Result<HttpResponse> response = http_.send(request);
  if (response && !response->ok()) return error_from_status(request, *response);
  return response;
}

Result<RpcValue> OneClient::call(const std::string& method, std::vector<RpcParameter> parameters, Deadline deadline) {
  parameters.insert(parameters.begin(), login_.session.reveal());
  Result<std::string> body = encode_call(method, parameters);
  if (!body) return std::move(body).error();
  // Room first, then a turn: hundreds of calls that wait for room have not left yet when the first is refused.
  if (!room_.try_acquire_until(deadline.at))
    return fail(ErrorKind::timeout, "no time left for the request", {.where = method});
  Result<HttpResponse> response = paced(pace_, deadline, [&] { return send(*body, deadline); });
  room_.release();
  if (!response) return std::move(response).error().while_doing("calling " + method);
  Result<RpcAnswer> answer = decode_answer(std::move(response->body));
  if (!answer) {
    Error error = std::move(answer).error();
    error.where = place_of({.method = "POST", .url = login_.endpoint});
    return std::move(error).while_doing("calling " + method);
  }
  if (answer->fault_code != 0)
    return fail(ErrorKind::internal, "OpenNebula does not understand the call",
                {.found = answer->fault_text + " (fault " + std::to_string(answer->fault_code) + ")",
                 .expected = "an answer",
                 .advice = "this is a bug in Slipway, or a version of OpenNebula that it does not know",
                 .where = method});
  const std::vector<RpcValue>* reply = answer->value.as_array();
  const bool* success = reply && reply->size() >= 3 ? reply->front().as_bool() : nullptr;
  if (!success)
    return fail(ErrorKind::corrupt, "unreadable answer of OpenNebula",
                {.expected = "an array of success, value and code", .where = method});
  if (*success) return std::move((*reply)[1]);
  const std::string* text = (*reply)[1].as_string();
  const int64_t* code = (*reply)[2].as_int();
  return error_of_reply(method, code ? *code : 0, text ? *text : "");
}

Result<int> OneClient::call_for_id(const std::string& method, std::vector<RpcParameter> parameters, Deadline deadline) {
  Result<RpcValue> value = call(method, std::move(parameters), deadline);
  if (!value) return std::move(value).error();
  if (const int64_t* id = value->as_int()) return static_cast<int>(*id);
  return fail(ErrorKind::corrupt, "unreadable answer of OpenNebula", {.expected = "an id", .where = method});
}

Result<std::string> OneClient::call_for_text(const std::string& method, std::vector<RpcParameter> parameters,
                                             Deadline deadline) {
  Result<RpcValue> value = call(method, std::move(parameters), deadline);
  if (!value) return std::move(value).error();
  if (std::string* text = std::get_if<std::string>(&value->content)) return std::move(*text);
  return fail(ErrorKind::corrupt, "unreadable answer of OpenNebula", {.expected = "a text", .where = method});
}

}  // namespace slipway::opennebula
