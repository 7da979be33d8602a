#pragma once
// An authenticated connection to one project of an OpenStack cloud.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "http/client.h"
#include "providers/common/pace.h"
#include "providers/openstack/catalogue.h"
#include "providers/openstack/credentials.h"

namespace slipway::openstack {

struct ApiOptions {
  Seconds read_timeout{30};
  /// Nova blocks up to a minute on its message bus before it says 500.
  Seconds write_timeout{120};
  Milliseconds first_pause{500};  ///< Before a read is repeated; doubles each time.
};

/// Logs in when first used; the token is renewed before it expires and once on a 401. A read that meets a busy or
/// absent server is repeated a few times; whatever was throttled, since it was not carried out, is sent again in its
/// turn (Pace). Any other write is sent once: its caller looks before it sends another. Errors: those of HttpClient and
/// error_from_status, with quota where the cloud's words say so. Threads: any.
class Api {
 public:
  explicit Api(Credentials who, ApiOptions options = {});

  /// `path` begins with a slash and may hold a query.
  Result<Value> get(Service service, const std::string& path, Deadline deadline);
  /// Every element of every page of `member`.
  Result<std::vector<Value>> list(Service service, const std::string& path, const std::string& member,
                                  Deadline deadline);
  Result<Value> post(Service service, const std::string& path, const Value& body, Deadline deadline);
  Result<Value> put(Service service, const std::string& path, const Value& body, Deadline deadline);
  /// What is gone already is success.
  Result<void> remove(Service service, const std::string& path, Deadline deadline);

  /// Logs in, unless that is done.
  Result<void> log_in(Deadline deadline);
  /// Empty before the first login.
  std::string project_id() const;
  /// Requests sent so far, logins included.
  uint64_t calls() const { return calls_; }
  const Credentials& credentials() const { return who_; }

 private:
  struct Session {
    Secret token;
    Catalogue catalogue;
    std::string project;
    Instant renew_at;
  };
  struct Call {
    std::string method;
    Service service;
    std::string path;
    const Value* body = nullptr;
    bool versioned = true;
  };

  Result<std::shared_ptr<const Session>> session(Deadline deadline);
  /// A new one, unless someone else has replaced `stale` meanwhile.
  Result<std::shared_ptr<const Session>> renewed(const std::shared_ptr<const Session>& stale, Deadline deadline);
  Result<std::shared_ptr<const Session>> authenticate(Deadline deadline);
  Result<Value> exchange(const Call& call, Deadline deadline);
  Result<Value> exchange_once(const Call& call, Deadline deadline);
  Result<HttpResponse> send(const HttpRequest& request);
  /// The compute API's version to ask for. Errors: bad_input where the cloud is too old.
  Result<std::string> compute_version(Deadline deadline);

  const Credentials who_;
  const ApiOptions options_;
  std::optional<Error> unusable_;  ///< Why the credentials' files cannot be used.
  std::unique_ptr<HttpClient> client_;
  Pace pace_;
  std::counting_semaphore<> room_{16};  ///< Requests in flight: a run may have hundreds of steps at once.
  std::atomic<uint64_t> calls_{0};
  mutable std::mutex mutex_;
  std::shared_ptr<const Session> session_;  ///< Guarded by mutex_.
  std::string compute_version_;             ///< Guarded by mutex_.
  std::mutex login_mutex_;                  ///< One login at a time.
};

/// The body of a token request. Exposed for tests.
Value token_request(const Credentials& who);
/// The error that an answer stands for; what the services say about quotas, and states that pass, in its kind.
Error api_error(const HttpRequest& request, const HttpResponse& response);

}  // namespace slipway::openstack
