#include "http/message.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <ctime>
#include <optional>

#include "base/json.h"
#include "base/secret.h"
#include "base/text.h"

namespace slipway {
namespace {

constexpr size_t longest_message = 600;

ErrorKind kind_of(int status) {
  switch (status) {
    case 400:
    case 405:
    case 406:
    case 415:
    case 422:
      return ErrorKind::bad_input;
    case 401:
    case 403:
      return ErrorKind::unauthorised;
    case 404:
    case 410:
      return ErrorKind::not_found;
    case 408:
    case 504:
      return ErrorKind::timeout;
    case 409:
    case 412:
    case 423:
      return ErrorKind::conflict;
    case 413:
    case 507:
      return ErrorKind::quota;
    case 429:
      return ErrorKind::throttled;
    case 500:
    case 502:
    case 503:
      return ErrorKind::unavailable;
    default:
      return ErrorKind::internal;
  }
}

std::string_view summary_of(int status) {
  if (status >= 300 && status < 400) return "unexpected redirect";
  switch (kind_of(status)) {
    case ErrorKind::bad_input:
      return "request refused as invalid";
    case ErrorKind::unauthorised:
      return "access refused";
    case ErrorKind::not_found:
      return "not found on the server";
    case ErrorKind::timeout:
      return "server took too long";
    case ErrorKind::conflict:
      return "conflict with another change";
    case ErrorKind::quota:
      return "limit reached on the server";
    case ErrorKind::throttled:
      return "too many requests";
    case ErrorKind::unavailable:
      return "server not able to answer";
    default:
      return "unexpected answer";
  }
}

/// The first human sentence in one of the shapes that APIs use: {"message"}, {"error": {"message"}}, {"error": "text"},
/// {"badRequest": {"message"}}, {"errors": [{"detail"}]}.
std::string message_in(const Value& body, int depth = 0) {
  if (depth > 3) return {};
  if (body.is_array()) {
    for (const Value& item : body)
      if (std::string text = message_in(item, depth + 1); !text.empty()) return text;
    return {};
  }
  if (!body.is_object()) return {};
  for (const char* key : {"message", "detail", "error_description", "faultstring", "error", "title"})
    if (std::string text = text_at(body, key); !text.empty()) return text;
  for (const auto& [key, inner] : body.items())
    if (std::string text = message_in(inner, depth + 1); !text.empty()) return text;
  return {};
}

std::string without_tags(std::string_view html) {
  std::string text;
  bool inside = false;
  for (const char c : html) {
    if (c == '<') inside = true;
    if (!inside) text += c;
    if (c == '>') {
      inside = false;
      text += ' ';
    }
  }
  return text;
}

/// A cut in the middle of a letter of several bytes would leave text that is not UTF-8.
std::string without_torn_letter(std::string text) {
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) text.pop_back();
  if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xC0) text.pop_back();
  return text;
}

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool blank = static_cast<unsigned char>(c) <= ' ';
    if (blank && (line.empty() || line.back() == ' ')) continue;
    line += blank ? ' ' : c;
    if (line.size() >= longest_message) return without_torn_letter(std::move(line)) + "…";
  }
  return std::string(trim(line));
}

std::string message_of(const HttpResponse& response) {
  const Value body = Value::parse(response.body, nullptr, false);
  if (!body.is_discarded()) return one_line(message_in(body));
  const bool html = response.header("content-type").find("html") != std::string::npos;
  return one_line(html ? without_tags(response.body) : response.body);
}

std::optional<int> retry_after(const HttpResponse& response) {
  const std::string text(trim(response.header("retry-after")));
  if (text.empty()) return std::nullopt;
  int64_t seconds = 0;
  if (const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
      failed == std::errc() && end == text.data() + text.size())
    return sensible_pause(seconds);
  std::tm date{};
  if (!strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date)) return std::nullopt;
  return sensible_pause(timegm(&date) - std::time(nullptr));
}

}  // namespace

int sensible_pause(int64_t seconds) { return static_cast<int>(std::clamp<int64_t>(seconds, 0, 24 * 60 * 60)); }

std::string HttpResponse::header(const std::string& name) const {
  const auto it = headers.find(name);
  return it == headers.end() ? std::string() : it->second;
}

std::string place_of(const HttpRequest& request) {
  std::string_view url = request.url;
  url = url.substr(0, url.find_first_of("?#"));
  std::string place(url);
  const size_t scheme = place.find("://");
  const size_t host = scheme == std::string::npos ? 0 : scheme + 3;
  const size_t path = std::min(place.find('/', host), place.size());
  if (const size_t at = place.rfind('@', path); at != std::string::npos && at >= host && at < path)
    place.erase(host, at + 1 - host);
  return redact(request.method + " " + place);
}

Error error_from_status(const HttpRequest& request, const HttpResponse& response) {
  std::string found = "HTTP " + std::to_string(response.status);
  if (std::string message = redact(message_of(response)); !message.empty()) found += ": " + message;
  std::string where = place_of(request);
  if (!response.request_id.empty()) where += " (request " + response.request_id + ")";
  Error error = fail(kind_of(response.status), std::string(summary_of(response.status)),
                     {.found = std::move(found), .where = std::move(where)});
  error.retry_after_seconds = retry_after(response);
  return error;
}

std::string url_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
                       byte == '-' || byte == '.' || byte == '_' || byte == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

}  // namespace slipway
