#include "providers/opennebula/xml_rpc.h"

#include "targets.h"

namespace slipway::fuzz {

/// Whatever an XML-RPC endpoint answers becomes an answer or an error; what is sent can be read as XML-RPC again.
void fuzz_xml(std::string_view bytes) { (void)opennebula::decode_answer(std::string(bytes)); }

}  // namespace slipway::fuzz
