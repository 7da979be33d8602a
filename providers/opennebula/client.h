#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <semaphore>
#include <string>
#include <vector>

#include "http/client.h"
#include "providers/common/pace.h"
#include "providers/opennebula/credentials.h"
#include "providers/opennebula/xml_rpc.h"

namespace slipway::opennebula {

/// OpenNebula's error codes (index 2 of a failed reply).
enum class OneCode {
  authentication = 0x0100,
  authorization = 0x0200,
  no_exists = 0x0400,
  action = 0x0800,
  rpc_api = 0x1000,
  internal = 0x2000,
  allocate = 0x4000,
  locked = 0x8000,
  replication = 0x10000
};

/// The error that a failed reply stands for. OpenNebula uses one code for different troubles (a quota, a missing right
/// and a lock are all 512), so the text decides together with it:
///   unauthorised  wrong credentials, a missing right, a locked object      quota        a limit of the user or the
///   group not_found     unknown id or name                                       conflict     name or address taken,
///   wrong state unavailable   no leader, election, zone disabled: HA, soon over        bad_input    what the server
///   cannot take internal      anything else
Error error_of_reply(const std::string& method, int64_t code, const std::string& text);

/// One OpenNebula front-end. A call is one connection: the server closes it after each answer and serves 15 at once,
/// so calls in flight are limited here. What a proxy before it refuses as too fast is sent again in its turn.
/// Errors:  those of HttpClient and of error_of_reply; corrupt (not an XML-RPC answer). After timeout a call may or may
///          not have had effect.
/// Threads: any.
class OneClient {
 public:
  OneClient(Login login, HttpOptions options);

  /// The value at index 1 of a successful reply.
  Result<RpcValue> call(const std::string& method, std::vector<RpcParameter> parameters, Deadline deadline);
  /// Calls that answer an object id.
  Result<int> call_for_id(const std::string& method, std::vector<RpcParameter> parameters, Deadline deadline);
  /// Calls that answer a document or another text.
  Result<std::string> call_for_text(const std::string& method, std::vector<RpcParameter> parameters, Deadline deadline);

  const Login& login() const { return login_; }
  uint64_t calls() const { return calls_; }

 private:
  Result<HttpResponse> send(const std::string& body, Deadline deadline);

  Login login_;
  HttpClient http_;
  Pace pace_;
  std::counting_semaphore<> room_;
  std::atomic<uint64_t> calls_{0};
};

}  // namespace slipway::opennebula
