#pragma once
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "artifacts/fetcher.h"

namespace slipway {

/// Which hosts answered in this run. A host is asked once, quickly; where it did not answer, nobody waits for it again.
/// Threads: any; a second asker waits for the first one's answer.
class HostMemory {
 public:
  HostMemory(Fetcher& fetcher, Milliseconds limit) : fetcher_(fetcher), limit_(limit) {}
  /// The error of the URL's host if it does not answer.
  std::optional<Error> obstacle(const std::string& url);
  /// The host failed in a way that says it will fail again.
  void write_off(const std::string& url, const Error& error);

 private:
  using Answer = std::shared_future<std::optional<Error>>;
  Fetcher& fetcher_;
  Milliseconds limit_;
  std::mutex mutex_;
  std::map<std::string, Answer> answers_;
};

/// "https://host:port" of a URL, without user and password.
std::string origin_of_url(const std::string& url);

}  // namespace slipway
