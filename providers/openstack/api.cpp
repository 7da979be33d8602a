#include "providers/openstack/api.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <set>
#include <thread>

#include "base/file.h"
#include "base/text.h"

namespace slipway::openstack {
namespace {

constexpr int read_tries = 5;
/// 2.64 has server groups with soft policies (2018), 2.79 is the newest that gives us anything.
constexpr std::pair<int, int> oldest_compute{2, 64}, newest_compute{2, 79};

std::optional<std::pair<int, int>> version_number(const std::string& text) {
  int major = 0, minor = 0;
  const size_t dot = text.find('.');
  if (dot == std::string::npos) return std::nullopt;
  std::from_chars(text.data(), text.data() + dot, major);
  std::from_chars(text.data() + dot + 1, text.data() + text.size(), minor);
  return std::pair{major, minor};
}

/// "2026-11-21T09:17:49.000000Z"
std::optional<std::time_t> time_of(const std::string& text) {
  std::tm parts{};
  if (!strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts)) return std::nullopt;
  return timegm(&parts);
}

Value named(const std::string& id, const std::string& name, const std::string& domain_id,
            const std::string& domain_name) {
  if (!id.empty()) return {{"id", id}};
  Value domain = domain_id.empty() ? Value{{"name", domain_name}} : Value{{"id", domain_id}};
  return {{"name", name}, {"domain", std::move(domain)}};
}

bool says(const std::string& text, std::initializer_list<const char*> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](const char* word) { return text.find(word) != std::string::npos; });
}

/// The query part of the link to the next page, or empty. Its host may be an inner one that we do not reach.
std::string next_page(const Value& page, const std::string& member) {
  std::string href = text_at(page, "next");
  if (const auto links = page.find(member + "_links"); links != page.end() && links->is_array())
    for (const Value& link : *links)
      if (text_at(link, "rel") == "next") href = text_at(link, "href");
  const size_t query = href.find('?');
  return query == std::string::npos ? std::string() : href.substr(query);
}

}  // namespace

Value token_request(const Credentials& who) {
  Value identity = Value::object();
  if (who.auth_type == "v3applicationcredential") {
    // It brings its project along: a scope beside it is refused.
    Value credential = {{"secret", who.application_credential_secret.reveal()}};
    if (!who.application_credential_id.empty()) {
      credential["id"] = who.application_credential_id;
    } else {
      credential["name"] = who.application_credential_name;
      credential["user"] = named(who.user_id, who.user_name, who.user_domain_id, who.user_domain_name);
    }
    identity = {{"methods", {"application_credential"}}, {"application_credential", std::move(credential)}};
    return {{"auth", {{"identity", std::move(identity)}}}};
  }
  if (who.auth_type == "token") {
    identity = {{"methods", {"token"}}, {"token", {{"id", who.token.reveal()}}}};
  } else {
    Value user = named(who.user_id, who.user_name, who.user_domain_id, who.user_domain_name);
    user["password"] = who.password.reveal();
    identity = {{"methods", {"password"}}, {"password", {{"user", std::move(user)}}}};
  }
  return {{"auth",
           {{"identity", std::move(identity)},
            {"scope",
             {{"project", named(who.project_id, who.project_name, who.project_domain_id, who.project_domain_name)}}}}}};
}

Error api_error(const HttpRequest& request, const HttpResponse& response) {
  Error error = error_from_status(request, response);
  const std::string& words = error.found;
  if (says(words, {"Quota exceeded", "Quota has been exceeded", "exceeds allowed", "quota exceeded"}) ||
      says(response.body, {"\"OverQuota\"", "\"overLimit\""}))
    error.kind = response.status == 429 ? ErrorKind::throttled : ErrorKind::quota;
  if (error.kind == ErrorKind::quota) {
    error.retry_after_seconds.reset();  // Cinder's "Retry-After: 0" beside a full quota means nothing.
    if (error.advice.empty()) error.advice = "ask for a larger quota, or delete what the project no longer needs";
  }
  if (says(response.body, {"IpAddressAlreadyAllocated"})) {
    error.kind = ErrorKind::bad_input;
    error.advice = "the address is in use in the network: choose another, or delete the port that has it";
  }
  // Cinder says 400 to the delete of a volume that is still being detached.
  if (response.status == 400 && request.method == "DELETE") error.kind = ErrorKind::conflict;
  return error;
}

Api::Api(Credentials who, ApiOptions options) : who_(std::move(who)), options_(options) {
  HttpOptions http;
  http.ca_file = who_.ca_file;
  http.insecure = who_.insecure;
  if (!who_.certificate_file.empty()) {
    Result<std::string> certificate = read_file(who_.certificate_file);
    Result<std::string> key = read_file(who_.key_file.empty() ? who_.certificate_file : who_.key_file);
    if (!certificate) unusable_ = std::move(certificate).error().while_doing("reading the client certificate");
    if (!key) unusable_ = std::move(key).error().while_doing("reading the client certificate's key");
    if (!unusable_) {
      http.client_certificate_pem = *certificate;
      http.client_key_pem = Secret(*key);
    }
  }
  client_ = std::make_unique<HttpClient>(std::move(http));
}

std::string Api::project_id() const {
  const std::lock_guard lock(mutex_);
  return session_ ? session_->project : std::string();
}

Result<HttpResponse> Api::send(const HttpRequest& request) {
  if (!room_.try_acquire_until(request.deadline.at))
    return fail(ErrorKind::timeout, "no time left for the request", {.where = place_of(request)});
  ++calls_;
  Result<HttpResponse> answer = client_->send(request);
  room_.release();
  return answer;
}

Result<std::shared_ptr<const Api::Session>> Api::authenticate(Deadline deadline) {
  if (unusable_) return *unusable_;
  HttpRequest request{.method = "POST",
                      .url = token_url(who_.auth_url),
                      .headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}},
                      .body = token_request(who_).dump(),
                      .deadline = {std::min(deadline.at, Deadline::in(options_.read_timeout).at)}};
  Result<HttpResponse> answer = send(request);
  // Asking for a token changes nothing: it may be repeated like a read.
  for (int i = 1; i < read_tries && !deadline.passed(); ++i) {
    const bool again = answer ? answer->status == 429 || answer->status >= 500 : retryable(answer.error().kind);
    if (!again) break;
    std::this_thread::sleep_for(options_.first_pause * (1 << (i - 1)));
    request.deadline = {std::min(deadline.at, Deadline::in(options_.read_timeout).at)};
    answer = send(request);
  }
  if (!answer) return std::move(answer).error().while_doing("logging in with " + who_.origin);
  if (!answer->ok()) {
    Error error = api_error(request, *answer);
    if (answer->status == 401)
      error.advice =
          "Keystone does not tell which: check user, password or secret, project, domains, and that the user "
          "has a role in the project";
    return std::move(error).while_doing("logging in with " + who_.origin);
  }
  const Value body = Value::parse(answer->body, nullptr, false);
  const Value token = body.is_object() ? body.value("token", Value::object()) : Value::object();
  const std::string text = answer->header("x-subject-token");
  if (text.empty() || !token.is_object())
    return fail(ErrorKind::unavailable, "this is no Keystone",
                {.found = "HTTP " + std::to_string(answer->status) + " without a token",
                 .expected = "an X-Subject-Token header",
                 .advice = "check auth_url",
                 .where = place_of(request)});
  Result<Catalogue> catalogue = Catalogue::read(token, who_.region, who_.interface);
  if (!catalogue) return std::move(catalogue).error();
  // Both times are the cloud's own, so that a wrong clock here does no harm.
  const auto issued = time_of(text_at(token, "issued_at")), expires = time_of(text_at(token, "expires_at"));
  const Seconds life(issued && expires ? std::max<std::time_t>(*expires - *issued, 1) : 600);
  auto made = std::make_shared<Session>();
  made->token = Secret(text);
  made->catalogue = std::move(*catalogue);
  made->project = text_at(token.value("project", Value::object()), "id");
  made->renew_at = std::chrono::steady_clock::now() + life - std::min<Seconds>(Seconds(120), life / 4);
  return std::shared_ptr<const Session>(std::move(made));
}

Result<std::shared_ptr<const Api::Session>> Api::renewed(const std::shared_ptr<const Session>& stale,
                                                         Deadline deadline) {
  const std::lock_guard login(login_mutex_);
  {
    const std::lock_guard lock(mutex_);
    if (session_ && session_ != stale) return session_;
  }
  Result<std::shared_ptr<const Session>> made = authenticate(deadline);
  if (!made) return made;
  const std::lock_guard lock(mutex_);
  session_ = *made;
  return made;
}

Result<std::shared_ptr<const Api::Session>> Api::session(Deadline deadline) {
  std::shared_ptr<const Session> known;
  {
    const std::lock_guard lock(mutex_);
    known = session_;
  }
  if (known && std::chrono::steady_clock::now() < known->renew_at) return known;
  Result<std::shared_ptr<const Session>> fresh = renewed(known, deadline);
  // A token that still has some life in it is better than none while Keystone is away.
  if (!fresh && known && retryable(fresh.error().kind)) return known;
  return fresh;
}

Result<void> Api::log_in(Deadline deadline) {
  Result<std::shared_ptr<const Session>> logged_in = session(deadline);
  if (!logged_in) return std::move(logged_in).error();
  return {};
}

Result<std::string> Api::compute_version(Deadline deadline) {
  {
    const std::lock_guard lock(mutex_);
    if (!compute_version_.empty()) return compute_version_;
  }
  Result<Value> root =
      exchange({.method = "GET", .service = Service::compute, .path = "/", .versioned = false}, deadline);
  if (!root) return std::move(root).error().while_doing("asking for the versions of the compute API");
  const std::string newest = text_at(root->value("version", Value::object()), "version");
  const auto theirs = version_number(newest);
  if (!theirs || *theirs < oldest_compute)
    return fail(ErrorKind::bad_input, "this cloud's compute API is too old",
                {.found = newest.empty() ? "no microversions" : "microversions up to " + newest,
                 .expected = "2.64 or newer (OpenStack Rocky, 2018)"});
  const auto chosen = std::min(*theirs, newest_compute);
  const std::lock_guard lock(mutex_);
  compute_version_ = std::to_string(chosen.first) + "." + std::to_string(chosen.second);
  return compute_version_;
}

Result<Value> Api::exchange_once(const Call& call, Deadline deadline) {
  Result<std::shared_ptr<const Session>> current = session(deadline);
  if (!current) return std::move(current).error();
  std::string version;
  if (call.service == Service::compute && call.versioned) {
    Result<std::string> wanted = compute_version(deadline);
    if (!wanted) return std::move(wanted).error();
    version = std::move(*wanted);
  }
  for (int attempt = 0;; ++attempt) {
    Result<std::string> base = (*current)->catalogue.base(call.service);
    if (!base) return std::move(base).error();
    // The version document stands before a project id that some catalogues carry.
    if (!call.versioned && base->ends_with("/" + (*current)->project))
      base->resize(base->size() - (*current)->project.size() - 1);
    const bool reads = call.method == "GET";
    HttpRequest request{
        .method = call.method,
        .url = *base + call.path,
        .headers = {{"X-Auth-Token", (*current)->token.reveal()}, {"Accept", "application/json"}},
        .deadline = {std::min(deadline.at, Deadline::in(reads ? options_.read_timeout : options_.write_timeout).at)}};
    if (call.body) {
      request.headers.emplace_back("Content-Type", "application/json");
      request.body = call.body->dump();
    }
    if (!version.empty()) {
      request.headers.emplace_back("OpenStack-API-Version", "compute " + version);
      request.headers.emplace_back("X-OpenStack-Nova-API-Version", version);
    } else if (call.service == Service::volume && call.path.find("/action") != std::string::npos) {
      request.headers.emplace_back("OpenStack-API-Version", "volume 3.42");  // Volumes grow while in use.
    }
    Result<HttpResponse> answer = send(request);
    if (!answer) return std::move(answer).error();
    if (answer->status == 401 && attempt == 0) {
      current = renewed(*current, deadline);
      if (!current) return std::move(current).error();
      continue;
    }
    if (!answer->ok()) return api_error(request, *answer);
    if (answer->body.empty()) return Value();
    Value body = Value::parse(answer->body, nullptr, false);
    if (body.is_discarded())
      return fail(ErrorKind::unavailable, "an answer that is not JSON",
                  {.found = answer->body.substr(0, 200), .where = place_of(request)});
    return body;
  }
}

Result<Value> Api::exchange(const Call& call, Deadline deadline) {
  Milliseconds pause = options_.first_pause;
  for (int attempt = 1;; ++attempt) {
    Result<Value> answer = paced(pace_, deadline, [&] { return exchange_once(call, deadline); });
    const bool repeatable = call.method == "GET" || call.method == "DELETE";
    if (answer || attempt == read_tries || !repeatable) return answer;
    const Error& error = answer.error();
    if (error.kind != ErrorKind::unavailable && error.kind != ErrorKind::timeout) return answer;
    const Milliseconds wait = error.retry_after_seconds ? Milliseconds(Seconds(*error.retry_after_seconds)) : pause;
    if (wait >= deadline.left()) return answer;
    std::this_thread::sleep_for(wait);
    pause *= 2;
  }
}

Result<Value> Api::get(Service service, const std::string& path, Deadline deadline) {
  return exchange({.method = "GET", .service = service, .path = path}, deadline);
}

Result<std::vector<Value>> Api::list(Service service, const std::string& path, const std::string& member,
                                     Deadline deadline) {
  std::vector<Value> all;
  std::set<std::string> seen;
  std::string query;
  for (std::string page_path = path;;) {
    Result<Value> page = get(service, page_path, deadline);
    if (!page) return std::move(page).error();
    const auto items = page->find(member);
    if (items == page->end() || !items->is_array())
      return fail(ErrorKind::unavailable, "a list without its elements",
                  {.found = page->dump().substr(0, 200), .expected = "member '" + member + "'"});
    // Elements can move from page to page while we read.
    for (Value& item : *items) {
      const std::string id = text_at(item, "id");
      if (id.empty() || seen.insert(id).second) all.push_back(std::move(item));
    }
    const std::string next = next_page(*page, member);
    if (next.empty() || next == query) return all;
    query = next;
    page_path = path.substr(0, path.find('?')) + next;
  }
}

Result<Value> Api::post(Service service, const std::string& path, const Value& body, Deadline deadline) {
  return exchange({.method = "POST", .service = service, .path = path, .body = &body}, deadline);
}

Result<Value> Api::put(Service service, const std::string& path, const Value& body, Deadline deadline) {
  return exchange({.method = "PUT", .service = service, .path = path, .body = &body}, deadline);
}

Result<void> Api::remove(Service service, const std::string& path, Deadline deadline) {
  Result<Value> gone = exchange({.method = "DELETE", .service = service, .path = path}, deadline);
  if (!gone && gone.error().kind != ErrorKind::not_found) return std::move(gone).error();
  return {};
}

}  // namespace slipway::openstack
