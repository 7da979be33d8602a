#include "artifacts/host_memory.h"

namespace slipway {

std::string origin_of_url(const std::string& url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  std::string authority = url.substr(scheme + 3, url.find_first_of("/?#", scheme + 3) - scheme - 3);
  authority.erase(0, authority.rfind('@') + 1);
  return url.substr(0, scheme + 3) + authority;
}

std::optional<Error> HostMemory::obstacle(const std::string& url) {
  std::promise<std::optional<Error>> promise;
  Answer answer;
  bool asked_before = true;
  {
    const std::lock_guard lock(mutex_);
    const auto [place, fresh] = answers_.try_emplace(origin_of_url(url));
    if (fresh) place->second = promise.get_future().share();
    asked_before = !fresh;
    answer = place->second;
  }
  if (!asked_before) {
    std::optional<Error> obstacle;
    if (const Result<void> reached = fetcher_.reach(url, limit_); !reached) {
      obstacle = reached.error();
      // The answer serves for every file of the host.
      obstacle->where = origin_of_url(url);
    }
    promise.set_value(std::move(obstacle));
  }
  return answer.get();
}

void HostMemory::write_off(const std::string& url, const Error& error) {
  std::promise<std::optional<Error>> promise;
  promise.set_value(error);
  const std::lock_guard lock(mutex_);
  answers_[origin_of_url(url)] = promise.get_future().share();
}

}  // namespace slipway
