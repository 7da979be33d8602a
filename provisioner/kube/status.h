#pragma once
#include "http/message.h"

namespace slipway {

/// The error that an API server's refusal stands for, out of its Status object: the kind by code, reason and causes; in
/// `found` the API's own message with each cause's field; Retry-After kept.
///   400 422, an object that fails its schema, an admission refusal, Pod Security: bad_input    401 403: unauthorised
///   404: not_found     409, a namespace being deleted: conflict                               quota exceeded: quota
///   429: throttled     500 503 and webhooks that cannot be called: unavailable                504: timeout
Error error_from_api(const HttpRequest& request, const HttpResponse& response);

/// The error for a kind that the API does not serve (yet): kind not_found.
Error unknown_kind(const std::string& api_version, const std::string& kind);
bool is_unknown_kind(const Error& error);
/// True for the answer to a path that the API does not know: the kind was served once and is not any more.
bool is_unknown_path(const Error& error);

/// True for a refusal that only deleting the object and making it again can get around (an immutable field).
bool asks_for_new_object(const Error& error);
/// True where a dry run is refused or cannot be made because of an admission webhook, though an apply may work.
bool cannot_preview(const Error& error);

}  // namespace slipway
