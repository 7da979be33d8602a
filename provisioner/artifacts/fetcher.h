#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace slipway {

/// One file to be fetched.
struct Fetch {
  std::string url;
  std::string path;  ///< What is there already is kept and continued where the server can send parts.
  Deadline deadline;
  Seconds stall_timeout{30};
};

using FetchProgress = std::function<void(uint64_t received, uint64_t total)>;

/// How this room reaches the network; the command line joins it to the http room.
/// Errors:  of both calls by kind: unavailable (no such host, refused, cut), timeout (deadline or stall), not_found
/// (404)
///          and whatever else the server's answer stands for.
/// Threads: any.
class Fetcher {
 public:
  virtual ~Fetcher() = default;
  /// Does a server answer at the URL's host within `limit`? Any answer counts, a refusal too.
  virtual Result<void> reach(const std::string& url, Milliseconds limit) = 0;
  /// One attempt. What came before a failure stays in the file.
  virtual Result<void> fetch(const Fetch& fetch, const FetchProgress& progress) = 0;
};

}  // namespace slipway
