#include "providers/opennebula/credentials.h"

#include <cstdlib>

#include "base/file.h"
#include "base/text.h"

namespace slipway::opennebula {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::string without_end(const std::string& text) { return text.substr(0, text.find_last_not_of(" \t\r\n") + 1); }

Result<std::string> find_endpoint(const std::string& given, const Environment& environment) {
  std::string url = given;
  if (url.empty()) url = environment.one_xmlrpc;
  if (url.empty())
    if (Result<std::string> text = read_file(environment.home + "/.one/one_endpoint")) url = std::string(trim(*text));
  if (url.empty()) url = "http://localhost:2633/RPC2";
  if ((url.starts_with("http://") || url.starts_with("https://")) && url.find("://") + 3 < url.size()) return url;
  return fail(ErrorKind::bad_input, "unusable OpenNebula endpoint",
              {.found = url,
               .expected = "http://HOST:2633/RPC2, or https",
               .advice = "correct opennebula.endpoint in the spec, or ONE_XMLRPC"});
}

}  // namespace

Environment Environment::of_process() {
  return {.one_xmlrpc = variable("ONE_XMLRPC"), .one_auth = variable("ONE_AUTH"), .home = home_directory()};
}

Result<Login> find_login(const std::string& endpoint, const std::string& auth_file, const Environment& environment) {
  Result<std::string> url = find_endpoint(endpoint, environment);
  if (!url) return std::move(url).error();
  Login login{.endpoint = std::move(*url), .session = {}, .user = {}, .source = auth_file};
  if (login.source.empty()) login.source = environment.one_auth;
  if (login.source.empty()) login.source = environment.home + "/.one/one_auth";
  const Result<std::string> text = read_file(login.source);
  if (!text)
    return fail(ErrorKind::unauthorised, "no credentials for OpenNebula",
                {.found = text.error().found.empty() ? "no readable file" : text.error().found,
                 .expected = "a file that holds user:password or user:token",
                 .advice = "write one with mode 0600 there, or name another in ONE_AUTH or opennebula.auth_file",
                 .where = login.source});
  const std::string session = without_end(*text);
  const size_t colon = session.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == session.size() ||
      session.find('\n') != std::string::npos)
    return fail(ErrorKind::unauthorised, "unreadable credentials for OpenNebula",
                {.found = "no user:secret on one line",
                 .expected = "user:password or user:token",
                 .advice = "as `oneuser login` or the installation writes it",
                 .where = login.source});
  login.user = session.substr(0, colon);
  const Secret password(session.substr(colon + 1));  // Known to the redactor by itself, too.
  login.session = Secret(session);
  return login;
}

}  // namespace slipway::opennebula
