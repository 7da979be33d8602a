#pragma once
// A small HTTP/1.1 server on loopback whose answers a test scripts byte by byte, with or without TLS.

#include <arpa/inet.h>
#include <atomic>
#include <csignal>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace slipway::testing {

struct Received {
  std::string method, target, body;
  std::map<std::string, std::string> headers;  ///< Names in lower case.
};

/// A key and a certificate for `names` ("DNS:localhost,IP:127.0.0.1"), signed by itself.
struct Identity {
  std::string certificate, key;

  /// `valid_for`: seconds from now until it ends; negative: it ended then.
  static Identity make(const std::string& names, long valid_for = 3600) {
    EVP_PKEY* pair = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), std::min(-60L, valid_for - 3600));
    X509_gmtime_adj(X509_getm_notAfter(certificate), valid_for);
    X509_set_pubkey(certificate, pair);
    X509_NAME* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    for (const auto& [kind, value] : {std::pair<int, std::string>{NID_subject_alt_name, names},
                                      std::pair<int, std::string>{NID_basic_constraints, "critical,CA:TRUE"}}) {
      X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
      X509_add_ext(certificate, extension, -1);
      X509_EXTENSION_free(extension);
    }
    X509_sign(certificate, pair, EVP_sha256());
    Identity made;
    made.certificate = text([&](BIO* out) { PEM_write_bio_X509(out, certificate); });
    made.key = text([&](BIO* out) { PEM_write_bio_PrivateKey(out, pair, nullptr, nullptr, 0, nullptr, nullptr); });
    X509_free(certificate);
    EVP_PKEY_free(pair);
    return made;
  }

 private:
  static std::string text(const std::function<void(BIO*)>& write) {
    BIO* out = BIO_new(BIO_s_mem());
    write(out);
    char* data = nullptr;
    const long size = BIO_get_mem_data(out, &data);
    std::string result(data, static_cast<size_t>(size));
    BIO_free(out);
    return result;
  }
};

class Connection {
 public:
  Connection(int socket, SSL* tls, const std::atomic<bool>& stopping)
      : socket_(socket), tls_(tls), stopping_(stopping) {}

  void write(std::string_view text) {
    while (!text.empty() && !cut_) {
      const auto count = tls_ ? SSL_write(tls_, text.data(), static_cast<int>(text.size()))
                              : ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0) return cut();
      text.remove_prefix(static_cast<size_t>(count));
    }
  }
  /// A whole answer.
  void answer(int status, std::string_view body, const std::string& headers = {}) {
    write("HTTP/1.1 " + std::to_string(status) + " Said\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
          headers + "\r\n" + std::string(body));
  }
  /// A file's bytes, as a server does that knows ranges.
  void file(const Received& request, std::string_view content) {
    const auto range = request.headers.find("range");
    if (range == request.headers.end()) return answer(200, content, "Accept-Ranges: bytes\r\n");
    const size_t from = std::stoul(range->second.substr(range->second.find('=') + 1));
    const std::string size = std::to_string(content.size());
    if (from >= content.size()) return answer(416, "", "Content-Range: bytes */" + size + "\r\n");
    answer(206, content.substr(from),
           "Content-Range: bytes " + std::to_string(from) + "-" + std::to_string(content.size() - 1) + "/" + size +
               "\r\n");
  }
  /// Says nothing until the client hangs up or the server stops.
  void stay_silent() {
    while (!stopping_ && !cut_) {
      pollfd watched{socket_, POLLRDHUP, 0};
      if (::poll(&watched, 1, 20) > 0) return cut();
    }
  }
  void cut() { cut_ = true; }
  bool is_cut() const { return cut_; }

 private:
  int socket_;
  SSL* tls_;
  const std::atomic<bool>& stopping_;
  bool cut_ = false;
};

class TestServer {
 public:
  using Handler = std::function<void(Connection&, const Received&)>;

  explicit TestServer(Handler handler, const Identity* identity = nullptr, const std::string& client_authority = {})
      : handler_(std::move(handler)) {
    if (identity) start_tls(*identity, client_authority);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0) std::abort();
    ::listen(listener_, 64);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~TestServer() {
    stopping_ = true;
    acceptor_.join();
    for (std::thread& serving : serving_) serving.join();
    ::close(listener_);
    if (context_) SSL_CTX_free(context_);
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  uint16_t port() const { return port_; }
  std::string url(const std::string& path, const std::string& host = "127.0.0.1") const {
    return (context_ ? "https://" : "http://") + host + ":" + std::to_string(port_) + path;
  }
  int connections() const { return connections_; }
  std::vector<Received> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void start_tls(const Identity& identity, const std::string& client_authority) {
    context_ = SSL_CTX_new(TLS_server_method());
    const auto reader = [](const std::string& text) {
      return std::unique_ptr<BIO, int (*)(BIO*)>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
    };
    X509* certificate = PEM_read_bio_X509(reader(identity.certificate).get(), nullptr, nullptr, nullptr);
    EVP_PKEY* key = PEM_read_bio_PrivateKey(reader(identity.key).get(), nullptr, nullptr, nullptr);
    SSL_CTX_use_certificate(context_, certificate);
    SSL_CTX_use_PrivateKey(context_, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
    if (client_authority.empty()) return;
    X509* authority = PEM_read_bio_X509(reader(client_authority).get(), nullptr, nullptr, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), authority);
    X509_free(authority);
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }

  void accept_all() {
    while (!stopping_) {
      pollfd watched{listener_, POLLIN, 0};
      if (::poll(&watched, 1, 20) <= 0) continue;
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) continue;
      ++connections_;
      serving_.emplace_back([this, socket] { serve(socket); });
    }
  }

  void serve(int socket) {
    // A TLS write to a client that has gone would end the whole test.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    SSL* tls = nullptr;
    if (context_) {
      tls = SSL_new(context_);
      SSL_set_fd(tls, socket);
    }
    if (!tls || SSL_accept(tls) == 1) {
      Connection connection(socket, tls, stopping_);
      Received request;
      while (!connection.is_cut() && receive(socket, tls, request)) {
        {
          const std::lock_guard lock(mutex_);
          requests_.push_back(request);
        }
        handler_(connection, request);
      }
    }
    if (tls) SSL_free(tls);
    // Unread bytes would turn the close into a reset, which overtakes what the client has yet to read.
    ::shutdown(socket, SHUT_WR);
    char block[4096];
    for (pollfd watched{socket, POLLIN, 0}; !stopping_;) {
      const int ready = ::poll(&watched, 1, 20);
      if (ready > 0 && ::recv(socket, block, sizeof block, 0) <= 0) break;
    }
    ::close(socket);
  }

  bool receive(int socket, SSL* tls, Received& request) {
    std::string text;
    const auto more = [&] {
      while (!stopping_) {
        pollfd watched{socket, POLLIN, 0};
        if ((!tls || SSL_pending(tls) == 0) && ::poll(&watched, 1, 20) <= 0) continue;
        char block[4096];
        const auto count = tls ? SSL_read(tls, block, sizeof block) : ::recv(socket, block, sizeof block, 0);
        if (count > 0) text.append(block, static_cast<size_t>(count));
        return count > 0;
      }
      return false;
    };
    size_t end = std::string::npos;
    while ((end = text.find("\r\n\r\n")) == std::string::npos)
      if (!more()) return false;
    request = {};
    std::string head = text.substr(0, end + 2);
    const size_t first = head.find("\r\n");
    const std::string line = head.substr(0, first);
    request.method = line.substr(0, line.find(' '));
    request.target = line.substr(line.find(' ') + 1, line.rfind(' ') - line.find(' ') - 1);
    for (size_t at = first + 2; at < head.size();) {
      const size_t stop = head.find("\r\n", at);
      std::string name = head.substr(at, head.find(':', at) - at);
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      const size_t value = head.find_first_not_of(": ", head.find(':', at));
      request.headers[name] = value < stop ? head.substr(value, stop - value) : "";
      at = stop + 2;
    }
    const auto length = request.headers.find("content-length");
    const size_t size = length == request.headers.end() ? 0 : std::stoul(length->second);
    while (text.size() < end + 4 + size)
      if (!more()) return false;
    request.body = text.substr(end + 4, size);
    return true;
  }

  Handler handler_;
  SSL_CTX* context_ = nullptr;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  mutable std::mutex mutex_;
  std::vector<Received> requests_;
  std::vector<std::thread> serving_;
  std::thread acceptor_;
};

}  // namespace slipway::testing
