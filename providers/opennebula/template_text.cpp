#include "providers/opennebula/template_text.h"

#include <algorithm>

#include "providers/opennebula/xml_text.h"

namespace slipway::opennebula {
namespace {

bool is_attribute_name(const std::string& name) {
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

Result<std::string> element(const std::string& name, const std::string& value) {
  if (!is_attribute_name(name))
    return fail(ErrorKind::bad_input, "unusable name in an OpenNebula template",
                {.found = name, .expected = "capital letters, digits and _, not beginning with a digit"});
  if (!fits_xml(value) || value.find("]]>") != std::string::npos)
    return fail(ErrorKind::bad_input, "OpenNebula cannot store a value",
                {.found = "attribute " + name, .expected = "a text without control characters and without ]]>"});
  return "<" + name + ">" + xml_escape(value) + "</" + name + ">";
}

}  // namespace

Result<std::string> TemplateText::write() const {
  std::string text = "<TEMPLATE>";
  for (const Line& line : lines_) {
    if (!line.vector) {
      Result<std::string> written = element(line.name, line.value);
      if (!written) return written;
      text += *written;
      continue;
    }
    std::string inside;
    for (const auto& [name, value] : line.attributes) {
      Result<std::string> written = element(name, value);
      if (!written) return written;
      inside += *written;
    }
    if (!is_attribute_name(line.name)) return element(line.name, "");
    text += "<" + line.name + ">" + inside + "</" + line.name + ">";
  }
  return text + "</TEMPLATE>";
}

bool is_object_name(const std::string& text) {
  return !text.empty() && text.size() <= 128 && text.find_first_of("&|:\\\";/'#{}$<>\t\n\r") == std::string::npos;
}

}  // namespace slipway::opennebula
