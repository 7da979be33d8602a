#pragma once
#include <string>
#include <variant>

#include "providers/opennebula/documents.h"

namespace slipway::testing_support::one {

using Template = std::vector<opennebula::Attribute>;

/// A template in either form: XML where the first character is '<', text otherwise. Names come in capitals, values
/// trimmed, `V=[]` and empty elements of the XML form are dropped. A string is the server's complaint.
std::variant<Template, std::string> parse_template(const std::string& text);

/// `change` merged into `base` by top-level name: what is given replaces all of that name.
void merge(Template& base, const Template& change);

std::string value_of(const Template& from, const std::string& name);
const opennebula::Attribute* find(const Template& from, const std::string& name);
void set(Template& in, const std::string& name, const std::string& value);
void drop(Template& in, const std::string& name);
void set_part(opennebula::Attribute& in, const std::string& name, const std::string& value);

}  // namespace slipway::testing_support::one
