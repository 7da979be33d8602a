#pragma once
// Exchanges recorded from a real oned (7.5.80), as files beside this.

#include <map>
#include <string>
#include <vector>

#include "providers/opennebula/xml_rpc.h"

namespace slipway::testing_support {

struct Recorded {
  std::string name, method, file;
  std::string request;   ///< The methodCall as sent.
  std::string response;  ///< The methodResponse as received.
};

/// Every exchange of the folder, by file and then in the file's order. Ends the test run where a file cannot be read.
std::vector<Recorded> all_recorded();
/// REQUIRES: there is one of this name.
const Recorded& recorded(const std::string& name);

/// A methodCall, taken apart: the method and its parameters with their types.
struct ReadCall {
  std::string method;
  std::vector<opennebula::RpcParameter> parameters;
};
ReadCall read_call(const std::string& request);
/// As a server reads it: false where oned's XML-RPC library would refuse the text.
bool read_call_strictly(const std::string& request, ReadCall& call);

/// The body (index 1) of a recorded success.
std::string body_of(const Recorded& exchange);

/// A document as "path=value" lines, sorted; lists keep their order by a number in the path.
std::vector<std::string> leaves_of(const std::string& xml);

}  // namespace slipway::testing_support
