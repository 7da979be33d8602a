#include "http/client.h"

#include <algorithm>
#include <csignal>
#include <ctime>
#include <curl/curl.h>
#include <mutex>
#include <sys/socket.h>
#include <vector>

#include "base/text.h"
#include "http/shown_certificate.h"
#include "http/sink.h"
#include "http/transfer_error.h"

namespace slipway {
namespace {

constexpr size_t idle_handles_kept = 32;
constexpr long most_redirects = 10;

struct HandleCloser {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Handle = std::unique_ptr<CURL, HandleCloser>;

struct ListFreer {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListFreer>;

void append(List& list, const std::string& text) {
  if (curl_slist* longer = curl_slist_append(list.get(), text.c_str())) {
    static_cast<void>(list.release());
    list.reset(longer);
  }
}

/// "https://host:port" of a URL: connections are shared within one origin.
std::string origin_of(const std::string& url) {
  const size_t scheme = url.find("://");
  return url.substr(0, scheme == std::string::npos ? std::string::npos : url.find_first_of("/?#", scheme + 3));
}

std::string host_of(const std::string& place) {
  const size_t scheme = place.find("://");
  if (scheme == std::string::npos) return place;
  return place.substr(scheme + 3, place.find('/', scheme + 3) - scheme - 3);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

/// libcurl leaves SIGPIPE to us (CURLOPT_NOSIGNAL), and a TLS write to a closed connection may raise it.
class WithoutPipeSignal {
 public:
  WithoutPipeSignal() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~WithoutPipeSignal() {
    if (sigismember(&before_, SIGPIPE) == 1) return;
    const timespec at_once{};
    while (sigtimedwait(&pipe_, nullptr, &at_once) == SIGPIPE) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  WithoutPipeSignal(const WithoutPipeSignal&) = delete;
  WithoutPipeSignal& operator=(const WithoutPipeSignal&) = delete;

 private:
  sigset_t pipe_{}, before_{};
};

/// One exchange as libcurl's callbacks see it.
struct Exchange {
  const HttpRequest& request;
  Sink& sink;
  CURL* handle;
  DownloadProgress progress{};
  uint64_t already_there = 0;
  HttpResponse answer{};
  bool ended_by_sink = false;
  bool stalled = false;
  Instant span_start = std::chrono::steady_clock::now();
  curl_off_t moved_before = 0;

  /// libcurl's own low-speed limit looks at an average of five seconds and so reacts late.
  bool stalls(curl_off_t moved) {
    const Instant now = std::chrono::steady_clock::now();
    if (request.stall_timeout.count() == 0 || now - span_start < request.stall_timeout) return false;
    const auto needed = static_cast<curl_off_t>(request.minimum_speed) * request.stall_timeout.count();
    stalled = moved - moved_before < std::max<curl_off_t>(1, needed);
    span_start = now;
    moved_before = moved;
    return stalled;
  }
};

size_t on_header(char* data, size_t size, size_t count, void* context) {
  auto& answer = static_cast<Exchange*>(context)->answer;
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) {
    // An interim answer or a redirect came before this one: what it said does not count.
    answer = {};
    const size_t space = line.find(' ');
    if (space != std::string_view::npos) answer.status = std::atoi(std::string(line.substr(space + 1)).c_str());
    return line.size();
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return line.size();
  std::string& value = answer.headers[lower(trim(line.substr(0, colon)))];
  if (!value.empty()) value += ", ";
  value += trim(line.substr(colon + 1));
  return line.size();
}

size_t on_body(char* data, size_t size, size_t count, void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  if (exchange.sink.take(exchange.answer, std::string_view(data, size * count))) return size * count;
  exchange.ended_by_sink = true;
  return CURL_WRITEFUNC_ERROR;
}

int on_progress(void* context, curl_off_t total, curl_off_t received, curl_off_t, curl_off_t sent) {
  auto& exchange = *static_cast<Exchange*>(context);
  if (exchange.request.stop.stop_requested() || exchange.stalls(received + sent)) return 1;
  if (exchange.progress && exchange.answer.ok() && received > 0) {
    const uint64_t before = exchange.answer.status == 206 ? exchange.already_there : 0;
    exchange.progress(before + static_cast<uint64_t>(received), total > 0 ? before + static_cast<uint64_t>(total) : 0);
  }
  return 0;
}

/// No child process may hold our connections open.
curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) {
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/// "api.example, 10.0.0.1": the names that the shown certificate carries.
std::string certificate_names(CURL* handle) {
  curl_certinfo* info = nullptr;
  if (curl_easy_getinfo(handle, CURLINFO_CERTINFO, &info) != CURLE_OK || !info || info->num_of_certs < 1) return {};
  std::string subject;
  for (const curl_slist* entry = info->certinfo[0]; entry; entry = entry->next) {
    const std::string_view text(entry->data);
    constexpr std::string_view names = "X509v3 Subject Alternative Name:";
    if (text.starts_with(names)) {
      const std::string plain = replace_all(replace_all(text.substr(names.size()), "DNS:", ""), "IP Address:", "");
      return std::string(trim(plain));
    }
    if (const size_t common = text.find("CN = "); text.starts_with("Subject:") && common != std::string_view::npos)
      subject = text.substr(common + 5);
  }
  return subject;
}

CURLcode on_tls_context(CURL*, void* context, void* shown) {
  note_refused(context, static_cast<ShownCertificate*>(shown));
  return CURLE_OK;
}

template <class T>
void set(CURL* handle, CURLoption option, T value) {
  curl_easy_setopt(handle, option, value);
}

void set_blob(CURL* handle, CURLoption option, const std::string& text) {
  // NOLINTNEXTLINE: libcurl's struct takes a mutable pointer and only reads it.
  curl_blob blob{const_cast<char*>(text.data()), text.size(), CURL_BLOB_NOCOPY};
  curl_easy_setopt(handle, option, &blob);
}

void set_method(CURL* handle, const HttpRequest& request) {
  if (request.method == "HEAD") {
    set(handle, CURLOPT_NOBODY, 1L);
    return;
  }
  // libcurl sends a request again by itself when a connection that was kept open is cut before an answer came, a POST
  // that took effect included. On a connection of its own it never does, so that each POST is sent once.
  set(handle, CURLOPT_FRESH_CONNECT, request.method == "POST" ? 1L : 0L);
  const bool takes_body = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (takes_body || !request.body.empty()) {
    set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(handle, CURLOPT_POSTFIELDS, request.body.c_str());
  }
  if (request.method != "GET" || !request.body.empty()) set(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

List header_list(const HttpRequest& request, uint64_t resume_at) {
  List list;
  bool typed = false;
  for (const auto& [name, value] : request.headers) {
    typed = typed || lower(name) == "content-type";
    // An empty value needs libcurl's own spelling, or the header is left out.
    append(list, value.empty() ? name + ";" : name + ": " + value);
  }
  if (!typed) append(list, "Content-Type:");
  // Waiting for "100 Continue" costs a second with servers that do not know it.
  append(list, "Expect:");
  if (resume_at > 0) append(list, "Range: bytes=" + std::to_string(resume_at) + "-");
  return list;
}

bool breaks_a_line(const HttpRequest& request) {
  const auto broken = [](const std::string& text) { return text.find_first_of("\r\n") != std::string::npos; };
  return broken(request.method) || broken(request.url) ||
         std::any_of(request.headers.begin(), request.headers.end(),
                     [&](const auto& header) { return broken(header.first) || broken(header.second); });
}

/// The size of the whole file as a 416 names it ("bytes */1234").
bool is_whole_already(const HttpResponse& answer, uint64_t offset) {
  return answer.status == 416 && answer.header("content-range") == "bytes */" + std::to_string(offset);
}

}  // namespace

struct HttpClient::Pool {
  explicit Pool(HttpOptions given) : options(std::move(given)) {
    for (const auto& [host_and_port, address] : options.resolve)
      append(resolve, host_and_port + ":" + (address.find(':') == std::string::npos ? address : "[" + address + "]"));
  }

  Handle borrow(const std::string& origin);
  void give_back(const std::string& origin, Handle handle);
  void configure(CURL* handle) const;
  void configure(CURL* handle, const HttpRequest& request) const;
  Result<HttpResponse> exchange(const HttpRequest& request, Sink& sink, uint64_t resume_at,
                                const DownloadProgress& progress);

  const HttpOptions options;
  List resolve;
  std::mutex mutex;
  /// Most recently used last, so that the connections in use stay warm.
  std::vector<std::pair<std::string, Handle>> idle;
};

Handle HttpClient::Pool::borrow(const std::string& origin) {
  {
    const std::lock_guard lock(mutex);
    const auto found =
        std::find_if(idle.rbegin(), idle.rend(), [&](const auto& entry) { return entry.first == origin; });
    if (found != idle.rend()) {
      Handle handle = std::move(found->second);
      idle.erase(std::next(found).base());
      return handle;
    }
  }
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  return Handle(ready == CURLE_OK ? curl_easy_init() : nullptr);
}

void HttpClient::Pool::give_back(const std::string& origin, Handle handle) {
  curl_easy_reset(handle.get());
  const std::lock_guard lock(mutex);
  idle.emplace_back(origin, std::move(handle));
  if (idle.size() > idle_handles_kept) idle.erase(idle.begin());
}

void HttpClient::Pool::configure(CURL* handle) const {
  set(handle, CURLOPT_NOSIGNAL, 1L);
  // A name server that does not answer must not keep us beyond the deadline.
  set(handle, CURLOPT_QUICK_EXIT, 1L);
  set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(handle, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
  set(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  set(handle, CURLOPT_TCP_KEEPIDLE, 30L);
  set(handle, CURLOPT_TCP_KEEPINTVL, 15L);
  set(handle, CURLOPT_CERTINFO, 1L);
  set(handle, CURLOPT_USERAGENT, options.user_agent.c_str());
  set(handle, CURLOPT_CONNECTTIMEOUT_MS, std::max<long>(1, options.connect_timeout.count()));
  if (!options.proxy_from_environment) set(handle, CURLOPT_NOPROXY, "*");
  if (resolve) set(handle, CURLOPT_RESOLVE, resolve.get());
  set(handle, CURLOPT_SSL_VERIFYPEER, options.insecure ? 0L : 1L);
  set(handle, CURLOPT_SSL_VERIFYHOST, options.insecure ? 0L : 2L);
  // The default folder of authorities would stay accepted beside the given ones.
  if (!options.ca_pem.empty() || !options.ca_file.empty()) set(handle, CURLOPT_CAPATH, static_cast<char*>(nullptr));
  if (!options.ca_file.empty()) set(handle, CURLOPT_CAINFO, options.ca_file.c_str());
  if (!options.ca_pem.empty()) set_blob(handle, CURLOPT_CAINFO_BLOB, options.ca_pem);
  if (!options.client_certificate_pem.empty()) set_blob(handle, CURLOPT_SSLCERT_BLOB, options.client_certificate_pem);
  if (!options.client_key_pem.empty()) set_blob(handle, CURLOPT_SSLKEY_BLOB, options.client_key_pem.reveal());
}

void HttpClient::Pool::configure(CURL* handle, const HttpRequest& request) const {
  set(handle, CURLOPT_URL, request.url.c_str());
  set(handle, CURLOPT_TIMEOUT_MS, std::max<long>(1, request.deadline.left().count()));
  set_method(handle, request);
  if (request.follow_redirects && (request.method == "GET" || request.method == "HEAD")) {
    set(handle, CURLOPT_FOLLOWLOCATION, 1L);
    set(handle, CURLOPT_MAXREDIRS, most_redirects);
    set(handle, CURLOPT_REDIR_PROTOCOLS_STR, request.url.starts_with("https:") ? "https" : "http,https");
  }
}

Result<HttpResponse> HttpClient::Pool::exchange(const HttpRequest& request, Sink& sink, uint64_t resume_at,
                                                const DownloadProgress& progress) {
  const std::string place = place_of(request);
  if (breaks_a_line(request))
    return fail(ErrorKind::bad_input, "request holds a line break", {.expected = "none", .where = place});
  if (request.stop.stop_requested()) return fail(ErrorKind::cancelled, "stopped", {.where = place});
  if (request.deadline.passed()) return fail(ErrorKind::timeout, "no time left for the request", {.where = place});
  const std::string origin = origin_of(request.url);
  Handle handle = borrow(origin);
  if (!handle) return fail(ErrorKind::internal, "cannot make an HTTP handle", {.where = place});

  Exchange exchange{request, sink, handle.get(), progress, resume_at};
  const List headers = header_list(request, resume_at);
  char detail[CURL_ERROR_SIZE] = "";
  configure(handle.get());
  configure(handle.get(), request);
  set(handle.get(), CURLOPT_HTTPHEADER, headers.get());
  set(handle.get(), CURLOPT_ERRORBUFFER, &detail[0]);
  set(handle.get(), CURLOPT_HEADERFUNCTION, &on_header);
  set(handle.get(), CURLOPT_HEADERDATA, &exchange);
  set(handle.get(), CURLOPT_WRITEFUNCTION, &on_body);
  set(handle.get(), CURLOPT_WRITEDATA, &exchange);
  set(handle.get(), CURLOPT_XFERINFOFUNCTION, &on_progress);
  set(handle.get(), CURLOPT_XFERINFODATA, &exchange);
  set(handle.get(), CURLOPT_NOPROGRESS, 0L);
  ShownCertificate refused;
  set(handle.get(), CURLOPT_SSL_CTX_FUNCTION, &on_tls_context);
  set(handle.get(), CURLOPT_SSL_CTX_DATA, &refused);
  if (sink.takes_compressed()) set(handle.get(), CURLOPT_ACCEPT_ENCODING, "");

  CURLcode code = CURLE_OK;
  {
    const WithoutPipeSignal guard;
    code = curl_easy_perform(handle.get());
  }
  FailedTransfer failed{.code = code, .detail = std::string(trim(detail)), .place = place, .host = host_of(place)};
  if (code != CURLE_OK) {
    long system_error = 0;
    curl_off_t prepared = 0;
    if (code == CURLE_COULDNT_CONNECT && curl_easy_getinfo(handle.get(), CURLINFO_OS_ERRNO, &system_error) == CURLE_OK)
      failed.system_error = static_cast<int>(system_error);
    curl_easy_getinfo(handle.get(), CURLINFO_PRETRANSFER_TIME_T, &prepared);
    curl_easy_getinfo(handle.get(), CURLINFO_TOTAL_TIME, &failed.seconds);
    failed.request_sent = prepared > 0;
    failed.certificate_names = certificate_names(handle.get());
    failed.refused = refused;
    failed.authority = certificate_fingerprint(options.ca_pem);
  }
  give_back(origin, std::move(handle));

  HttpResponse& answer = exchange.answer;
  for (const char* name : {"x-openstack-request-id", "x-compute-request-id", "x-request-id", "audit-id"})
    if (answer.request_id.empty()) answer.request_id = answer.header(name);
  if (exchange.ended_by_sink) {
    if (sink.failure()) return *sink.failure();
    return std::move(answer);
  }
  if (exchange.stalled)
    return fail(ErrorKind::timeout, "transfer stalled",
                {.found = "too little came for " + std::to_string(request.stall_timeout.count()) + " s",
                 .expected = "at least " + format_bytes(request.minimum_speed) + " a second",
                 .where = place});
  if (code == CURLE_ABORTED_BY_CALLBACK) return fail(ErrorKind::cancelled, "stopped", {.where = place});
  if (code != CURLE_OK) return transfer_error(failed);
  if (Result<void> finished = sink.finish(answer); !finished) return std::move(finished).error();
  return std::move(answer);
}

HttpClient::HttpClient(HttpOptions options) : pool_(std::make_unique<Pool>(std::move(options))) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

Result<HttpResponse> HttpClient::send(const HttpRequest& request) {
  if (request.on_line) {
    LineSink lines(request);
    return pool_->exchange(request, lines, 0, {});
  }
  BodySink body(request);
  return pool_->exchange(request, body, 0, {});
}

Result<HttpResponse> HttpClient::download(const HttpRequest& request, const std::string& path, bool resume,
                                          const DownloadProgress& progress) {
  for (bool from_start = !resume;; from_start = true) {
    FileSink file(request, path);
    if (Result<void> opened = file.open(); !opened) return std::move(opened).error();
    if (from_start) file.start_over();
    const uint64_t offset = file.offset();
    Result<HttpResponse> answer = pool_->exchange(request, file, offset, progress);
    if (offset == 0) return answer;
    if (answer && is_whole_already(*answer, offset)) {
      answer->status = 206;
      return answer;
    }
    // The server's file is not the one we began with, or it cannot send parts: all of it, once.
    const bool refused = answer ? answer->status == 416 : file.wrong_part();
    if (!refused) return answer;
  }
}

}  // namespace slipway
