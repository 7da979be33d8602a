#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "http/message.h"

namespace slipway {

/// How one kind of server is reached and trusted. Immutable once a client is made of it.
struct HttpOptions {
  /// The accepted certificate authorities, as PEM text or as a file; both empty: the system's. Where one is given, the
  /// system's are not accepted.
  std::string ca_pem{};
  std::string ca_file{};
  /// Client certificate (PEM, its chain may follow) and key; handed over in memory, never through a file.
  std::string client_certificate_pem{};
  Secret client_key_pem{};
  bool insecure = false;  ///< true: no check of certificate and name. Never a default, never set by a spec silently.
  Milliseconds connect_timeout = std::chrono::seconds(10);
  /// "host:port" -> IP address: connects there while name and certificate check stay those of the URL.
  std::map<std::string, std::string> resolve{};
  bool proxy_from_environment = true;  ///< http_proxy, https_proxy, no_proxy. false: always direct.
  std::string user_agent = "slipway";
};

/// `received` counts from the start of the file, what was resumed included; `total` is 0 where unknown.
using DownloadProgress = std::function<void(uint64_t received, uint64_t total)>;

/// An HTTP client that keeps connections open between requests, and speaks HTTP/2 where the server offers it. A POST
/// has a fresh connection, so that it is sent once and no more.
///
///   HttpClient client({.ca_pem = ca});
///   Result<HttpResponse> answer = client.send({.url = "https://10.0.0.10:6443/readyz"});
///   if (!answer) return std::move(answer).error();              // no answer at all
///   if (!answer->ok()) return error_from_status(request, *answer);   // an answer that says no
///
/// Errors:  an answer of any status is a value, not an error. Kinds of errors:
///          unavailable   the name is unknown, the connection was refused, could not be made in time, or was cut
///          timeout       the deadline passed or the transfer stalled; the request may have taken effect
///          verification  the server's certificate is not signed by an accepted authority, expired, or for another
///                        name (found: its names)
///          unauthorised  the client certificate was refused
///          bad_input     URL, CA, certificate or key cannot be used
///          quota         the body is larger than allowed, or the disk is full
///          cancelled     `stop` was asked for
///          internal      too many redirects
///          `where` is method and URL without query. Nothing is retried in here.
/// Threads: any; each request in flight has a connection of its own out of the pool.
class HttpClient {
 public:
  explicit HttpClient(HttpOptions options = {});
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;

  Result<HttpResponse> send(const HttpRequest& request);

  /// Streams the body of a 2xx answer into the file; the answer's `body` stays empty. With `resume`, bytes already in
  /// the file are kept and only the rest is asked for (Range); a server that does not know ranges sends all of it
  /// again. On errors what came so far stays in the file, for the next call to resume. A status outside 2xx leaves the
  /// file as it was; a file that is whole already counts as a 206. The bytes are on disk (fsync) when this returns. The
  /// caller checks the content: a resumed file whose source changed in between is a mixture.
  Result<HttpResponse> download(const HttpRequest& request, const std::string& path, bool resume = false,
                                const DownloadProgress& progress = {});

 private:
  struct Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace slipway
