#pragma once
#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace slipway::opennebula {

/// Where the API is and who we are, by OpenNebula's own conventions.
struct Login {
  std::string endpoint;  ///< "http://localhost:2633/RPC2"
  Secret session;        ///< "user:password" or "user:token"; the first colon ends the name.
  std::string user;
  std::string source;  ///< For messages: "/root/.one/one_auth".
};

/// What stands in the environment; a value so that tests need not change their own.
struct Environment {
  std::string one_xmlrpc, one_auth, home;
  static Environment of_process();
};

/// `endpoint` and `auth_file` are the spec's, or empty: then ONE_XMLRPC, ~/.one/one_endpoint, localhost; and ONE_AUTH,
/// ~/.one/one_auth. White space at the end of a file is dropped: the server would take it for a part of the password.
/// Errors: unauthorised (no file, or it holds no user:secret), bad_input (not an http or https URL).
Result<Login> find_login(const std::string& endpoint, const std::string& auth_file, const Environment& environment);

}  // namespace slipway::opennebula
