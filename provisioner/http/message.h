#pragma once
// What goes out and what comes back: values, no I/O.

#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace slipway {

/// One HTTP request. Header values and the query are treated as secret: no error or log repeats them.
struct HttpRequest {
  std::string method = "GET";
  std::string url{};  ///< Absolute, http or https, already percent-encoded (see url_encode).
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  /// The whole exchange, connecting and redirects included.
  Deadline deadline = Deadline::in(std::chrono::seconds(30));
  /// GET and HEAD only, at most 10 hops, never from https to http. "Authorization" and "Cookie" stay behind when the
  /// host changes; other headers travel along, so no other header may hold a secret where this is set.
  bool follow_redirects = false;
  /// A larger body ends the request with kind quota. Counted after decompression; a stream (`on_line`) has no limit.
  uint64_t max_body = 64ull << 20;
  /// For watches: called in the calling thread for each line of a 2xx body as it comes, without its line end; `body`
  /// then stays empty. false ends the request at once, as a success.
  std::function<bool(std::string_view line)> on_line{};
  /// Fewer than `minimum_speed` bytes a second on average during one such span is a timeout, noticed within a second;
  /// 0: never.
  Seconds stall_timeout{0};
  uint64_t minimum_speed = 1;
  /// Ends the request with kind cancelled, within about a second.
  std::stop_token stop{};
};

struct HttpResponse {
  int status = 0;
  /// Names in lower case; several of one name are joined by ", ".
  std::map<std::string, std::string> headers{};
  std::string body{};
  std::string request_id{};  ///< The server's name for this exchange (x-openstack-request-id, x-request-id, audit-id).

  bool ok() const { return status >= 200 && status < 300; }
  /// The header's value or "". REQUIRES: `name` is in lower case.
  std::string header(const std::string& name) const;
};

/// "GET https://host/path": the request as errors name it, without user, password, query and fragment.
std::string place_of(const HttpRequest& request);

/// The error that a status outside 2xx stands for. Its `found` is "HTTP 404" and the message that the body holds in one
/// of the usual JSON shapes or as plain text; `where` is the place and the server's request id.
///   400 405 406 415 422: bad_input     401 403: unauthorised   404 410: not_found   408 504: timeout
///   409 412 423: conflict              413 507: quota          429: throttled       500 502 503: unavailable
///   anything else: internal
/// Retry-After, in seconds or as a date, goes to retry_after_seconds.
Error error_from_status(const HttpRequest& request, const HttpResponse& response);

/// The pause that a server asks for, in seconds, as far as we follow: not backwards, and a day at most.
int sensible_pause(int64_t seconds);

/// Percent-encodes all but letters, digits and "-._~": for one path segment or one query value.
std::string url_encode(std::string_view text);

}  // namespace slipway
