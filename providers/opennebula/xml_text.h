#pragma once
#include <string>
#include <string_view>

namespace slipway::opennebula {

/// `text` as XML character data; quotes stay as they are.
std::string xml_escape(std::string_view text);
/// False for control characters, which no XML document can hold, not even as a reference.
bool fits_xml(std::string_view text);

}  // namespace slipway::opennebula
