#include "kube/transport.h"

#include <map>
#include <mutex>

#include "http/client.h"
#include "spec/network.h"

namespace slipway {
namespace {

struct Authority {
  std::string host, port;
};

/// "https://10.0.0.1:6443/x" -> 10.0.0.1 and 6443.
Authority authority_of(std::string_view url) {
  const size_t scheme = url.find("://");
  std::string_view rest = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  const size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos) return {std::string(rest), "443"};
  return {std::string(rest.substr(0, colon)), std::string(rest.substr(colon + 1))};
}

bool in_network(Address address, uint32_t base, int prefix) {
  return (address.bits >> (32 - prefix)) == (base >> (32 - prefix));
}

bool is_private(Address address) {
  return in_network(address, 0x0A000000, 8) || in_network(address, 0xAC100000, 12) ||
         in_network(address, 0xC0A80000, 16) || in_network(address, 0x7F000000, 8) ||
         in_network(address, 0x64400000, 10);
}

class HttpTransport final : public ApiTransport {
 public:
  explicit HttpTransport(const KubeAccess& access) : access_(access), tls_name_(access.tls_name) {
    const bool has_fallback = !access.fallback_servers.empty();
    add(access, access.server, has_fallback);
    for (const std::string& server : access.fallback_servers)
      if (access.outside_name.empty() || authority_of(server).host != access.outside_name)
        add(access, server, has_fallback);
  }

  Result<HttpResponse> send(const HttpRequest& request) override {
    const Authority target = authority_of(request.url);
    if (!access_.outside_name.empty() && target.host == access_.outside_name) return send_outside(request, target.port);
    const auto found = clients_.find(target.host + ":" + target.port);
    if (found == clients_.end())
      return fail(ErrorKind::internal, "a request to a server that is not in the cluster's access",
                  {.found = place_of(request), .advice = "this is a bug in Slipway"});
    if (!found->second.by_tls_name) return found->second.client->send(request);
    // The name goes into the URL, so that the certificate is checked against it; the client connects to the address.
    HttpRequest named = request;
    const size_t host = request.url.find(target.host);
    named.url.replace(host, target.host.size(), tls_name_);
    return found->second.client->send(named);
  }

 private:
  struct Entry {
    std::unique_ptr<HttpClient> client;
    bool by_tls_name = false;
  };

  Result<HttpResponse> send_outside(const HttpRequest& request, const std::string& port) {
    const std::string address = access_.outside_address ? access_.outside_address() : std::string();
    if (address.empty())
      return fail(ErrorKind::unavailable, "the API's outside address is not known yet",
                  {.found = access_.outside_name});
    HttpClient* client = nullptr;
    {
      const std::lock_guard lock(mutex_);
      std::unique_ptr<HttpClient>& known = outside_[address];
      if (!known)
        known = std::make_unique<HttpClient>(HttpOptions{.ca_pem = access_.ca_pem,
                                                         .client_certificate_pem = access_.client_certificate_pem,
                                                         .client_key_pem = access_.client_key_pem,
                                                         .connect_timeout = Seconds(5),
                                                         .resolve = {{access_.outside_name + ":" + port, address}}});
      client = known.get();
    }
    return client->send(request);
  }

  void add(const KubeAccess& access, const std::string& server, bool has_fallback) {
    const Authority target = authority_of(server);
    const std::string place = target.host + ":" + target.port;
    if (clients_.contains(place)) return;
    const Result<Address> address = parse_address(target.host);
    HttpOptions options{.ca_pem = access.ca_pem,
                        .client_certificate_pem = access.client_certificate_pem,
                        .client_key_pem = access.client_key_pem};
    // A dead control plane should cost little where another can answer.
    options.connect_timeout = has_fallback ? Seconds(3) : Seconds(10);
    options.proxy_from_environment = !address || !is_private(*address);
    Entry entry;
    entry.by_tls_name = !tls_name_.empty() && tls_name_ != target.host && address.ok();
    if (entry.by_tls_name) options.resolve[tls_name_ + ":" + target.port] = target.host;
    entry.client = std::make_unique<HttpClient>(std::move(options));
    clients_.emplace(place, std::move(entry));
  }

  const KubeAccess access_;
  std::string tls_name_;
  std::map<std::string, Entry> clients_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<HttpClient>> outside_;  ///< By address. Guarded by mutex_.
};

}  // namespace

std::unique_ptr<ApiTransport> make_http_transport(const KubeAccess& access) {
  return std::make_unique<HttpTransport>(access);
}

}  // namespace slipway
