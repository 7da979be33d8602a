#pragma once
#include <string>

#include "artifacts/fetcher.h"
#include "http/client.h"

namespace slipway::testing {

/// Joins the artifacts room to the http room. `client` is not owned and outlives it. Threads: any.
class HttpFetcher final : public Fetcher {
 public:
  explicit HttpFetcher(HttpClient& client) : client_(client) {}

  Result<void> reach(const std::string& url, Milliseconds limit) override {
    const Result<HttpResponse> answer = client_.send({.method = "HEAD", .url = url, .deadline = Deadline::in(limit)});
    if (!answer) return answer.error();
    return {};
  }

  Result<void> fetch(const Fetch& fetch, const FetchProgress& progress) override {
    const HttpRequest request{
        .url = fetch.url, .deadline = fetch.deadline, .follow_redirects = true, .stall_timeout = fetch.stall_timeout};
    const Result<HttpResponse> answer = client_.download(request, fetch.path, true, progress);
    if (!answer) return answer.error();
    if (!answer->ok()) return error_from_status(request, *answer);
    return {};
  }

 private:
  HttpClient& client_;
};

}  // namespace slipway::testing
