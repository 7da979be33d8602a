#include "kube/status.h"

#include <algorithm>

#include "base/json.h"
#include "base/secret.h"

namespace slipway {
namespace {

const std::string unknown_kind_summary = "the cluster's API does not serve this kind";

bool holds(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// Some messages repeat a whole pod template. Their ends hold what matters: what it is about, and why it was refused.
std::string shortened(const std::string& text) {
  constexpr size_t head = 240, tail = 200;
  if (text.size() <= head + tail + 20) return text;
  // Not inside a UTF-8 sequence.
  size_t first = head, last = text.size() - tail;
  while (first > 0 && (static_cast<unsigned char>(text[first]) & 0xC0) == 0x80) --first;
  while (last < text.size() && (static_cast<unsigned char>(text[last]) & 0xC0) == 0x80) ++last;
  return text.substr(0, first) + " … " + text.substr(last);
}

struct Status {
  std::string message, reason;
  std::vector<Value> causes;
  std::optional<int> retry_after;

  bool has_cause(std::string_view reason_wanted) const {
    return std::any_of(causes.begin(), causes.end(),
                       [&](const Value& cause) { return text_at(cause, "reason") == reason_wanted; });
  }
};

std::optional<Status> status_in(const HttpResponse& response) {
  const Value body = Value::parse(response.body, nullptr, false);
  if (body.is_discarded() || text_at(body, "kind") != "Status") return std::nullopt;
  Status status{
      .message = text_at(body, "message"), .reason = text_at(body, "reason"), .causes = {}, .retry_after = {}};
  if (const auto details = body.find("details"); details != body.end() && details->is_object()) {
    if (details->contains("causes") && (*details)["causes"].is_array())
      for (const Value& cause : (*details)["causes"]) status.causes.push_back(cause);
    if (details->contains("retryAfterSeconds") && (*details)["retryAfterSeconds"].is_number_integer())
      status.retry_after = sensible_pause((*details)["retryAfterSeconds"].get<int64_t>());
  }
  return status;
}

/// Where the API's code alone would mislead.
ErrorKind kind_of(int code, const Status& status, ErrorKind by_code) {
  const std::string& message = status.message;
  if (holds(message, "failed to create typed patch object") || holds(message, "strict decoding error"))
    return ErrorKind::bad_input;
  if (holds(message, "failed calling webhook") || holds(message, "does not support dry run"))
    return holds(message, "does not support dry run") ? ErrorKind::bad_input : ErrorKind::unavailable;
  if (holds(message, "denied the request")) return ErrorKind::bad_input;
  if (status.has_cause("NamespaceTerminating")) return ErrorKind::conflict;
  if (code == 403) {
    if (holds(message, "exceeded quota")) return ErrorKind::quota;
    if (holds(message, "violates PodSecurity") || holds(message, "ValidatingAdmissionPolicy"))
      return ErrorKind::bad_input;
  }
  if (code == 413) return ErrorKind::bad_input;
  // The API server and etcd answer so for a moment while they start or change leaders.
  if (code >= 500 && code != 504) return ErrorKind::unavailable;
  return by_code;
}

std::string summary_of(ErrorKind kind, int code) {
  switch (kind) {
    case ErrorKind::bad_input:
      return "the API refused the request";
    case ErrorKind::unauthorised:
      return code == 401 ? "the API does not accept our certificate" : "the API does not allow this";
    case ErrorKind::not_found:
      return "not found in the cluster";
    case ErrorKind::conflict:
      return "the object is being changed by someone else";
    case ErrorKind::throttled:
      return "the API asks us to wait";
    case ErrorKind::quota:
      return "a quota of the namespace is used up";
    case ErrorKind::timeout:
      return "the API took too long";
    default:
      return "the API cannot answer now";
  }
}

}  // namespace

Error error_from_api(const HttpRequest& request, const HttpResponse& response) {
  Error error = error_from_status(request, response);
  const std::optional<Status> status = status_in(response);
  if (!status) {
    if (response.status >= 500 && response.status != 504) error.kind = ErrorKind::unavailable;
    return error;
  }
  error.kind = kind_of(response.status, *status, error.kind);
  error.summary = summary_of(error.kind, response.status);
  error.found = "HTTP " + std::to_string(response.status) + ": " + redact(shortened(status->message));
  for (const Value& cause : status->causes) {
    const std::string message = text_at(cause, "message");
    if (message.empty() || holds(status->message, message)) continue;
    const std::string field = text_at(cause, "field");
    error.found += "\n" + (field.empty() ? "" : field + ": ") + redact(shortened(message));
  }
  if (!error.retry_after_seconds) error.retry_after_seconds = status->retry_after;
  if (error.kind == ErrorKind::unauthorised)
    error.advice = response.status == 401 ? "the API trusts another CA than the one in our state, or a clock is wrong"
                                          : "the client certificate needs a group that may do this";
  return error;
}

Error unknown_kind(const std::string& api_version, const std::string& kind) {
  return fail(ErrorKind::not_found, unknown_kind_summary,
              {.found = kind + " of " + api_version,
               .advice = "its CustomResourceDefinition is missing, or the version is not served"});
}

bool is_unknown_kind(const Error& error) {
  return error.kind == ErrorKind::not_found && error.summary == unknown_kind_summary;
}

bool is_unknown_path(const Error& error) {
  return error.kind == ErrorKind::not_found &&
         (holds(error.found, "404 page not found") || holds(error.found, "could not find the requested resource"));
}

bool asks_for_new_object(const Error& error) {
  if (error.kind != ErrorKind::bad_input || !error.found.starts_with("HTTP 422")) return false;
  for (const char* sign :
       {"field is immutable", "may not change once set", "updates to statefulset spec for fields",
        "cannot change roleRef", "is immutable after creation", "are immutable", "updates to parameters are forbidden",
        "updates to provisioner are forbidden", "field is immutable when", "pod updates may not change fields"})
    if (holds(error.found, sign)) return true;
  return false;
}

bool cannot_preview(const Error& error) {
  return holds(error.found, "does not support dry run") || holds(error.found, "failed calling webhook");
}

}  // namespace slipway
