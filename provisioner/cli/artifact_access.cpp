#include "cli/artifact_access.h"

#include "http/client.h"

namespace slipway {
namespace {

/// The artifact room's way to the network, by the http room.
class HttpFetcher final : public Fetcher {
 public:
  Result<void> reach(const std::string& url, Milliseconds limit) override {
    HttpRequest request{.method = "HEAD", .url = url, .deadline = Deadline::in(limit)};
    Result<HttpResponse> answer = client_.send(request);
    if (!answer) return std::move(answer).error();
    return {};
  }

  Result<void> fetch(const Fetch& fetch, const FetchProgress& progress) override {
    HttpRequest request{
        .url = fetch.url, .deadline = fetch.deadline, .follow_redirects = true, .stall_timeout = fetch.stall_timeout};
    Result<HttpResponse> answer = client_.download(request, fetch.path, true, progress);
    if (!answer) return std::move(answer).error();
    if (!answer->ok()) return error_from_status(request, *answer);
    return {};
  }

 private:
  HttpClient client_;
};

}  // namespace

ArtifactAccess::ArtifactAccess() : fetcher_(std::make_unique<HttpFetcher>()) {}
ArtifactAccess::~ArtifactAccess() = default;

Result<std::unique_ptr<ArtifactAccess>> ArtifactAccess::open(const std::string& data_directory,
                                                             const std::string& kubernetes) {
  std::unique_ptr<ArtifactAccess> access(new ArtifactAccess());
  ArtifactOptions options;
  options.data_directory = data_directory + "/playbooks";
  options.kubernetes = kubernetes;
  options.add_environment();
  Result<std::unique_ptr<ArtifactStore>> store = ArtifactStore::open(std::move(options), *access->fetcher_);
  if (!store) return std::move(store).error();
  access->store_ = std::move(*store);
  return access;
}

}  // namespace slipway
