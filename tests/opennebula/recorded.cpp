#include "tests/opennebula/recorded.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <pugixml.hpp>
#include <sstream>

namespace slipway::testing_support {
namespace {

std::string text_of(const pugi::xml_node& node) {
  std::ostringstream out;
  node.print(out, "", pugi::format_raw);
  return out.str();
}

opennebula::RpcParameter parameter_of(const pugi::xml_node& value) {
  const pugi::xml_node typed =
      value.find_child([](const pugi::xml_node& child) { return child.type() == pugi::node_element; });
  const std::string type = typed ? typed.name() : "string";
  const std::string text = typed ? typed.child_value() : value.child_value();
  if (type == "int" || type == "i4") return std::atoi(text.c_str());
  if (type == "boolean") return text == "1";
  if (type == "array") {
    std::vector<int> numbers;
    for (const pugi::xml_node& item : typed.child("data").children("value"))
      numbers.push_back(std::atoi(item.first_child().child_value()));
    return numbers;
  }
  return text;
}

void add_leaves(const pugi::xml_node& node, const std::string& path, std::vector<std::string>& leaves) {
  std::map<std::string, int> seen;
  bool leaf = true;
  for (const pugi::xml_node& child : node.children()) {
    if (child.type() != pugi::node_element) continue;
    leaf = false;
    const int number = seen[child.name()]++;
    add_leaves(child, path + "/" + child.name() + (number ? "#" + std::to_string(number) : ""), leaves);
  }
  if (leaf) leaves.push_back(path + "=" + node.child_value());
}

}  // namespace

std::vector<Recorded> all_recorded() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(SLIPWAY_RECORDED))
    if (entry.path().extension() == ".xml") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<Recorded> found;
  for (const auto& file : files) {
    pugi::xml_document document;
    if (!document.load_file(file.c_str(), pugi::parse_default | pugi::parse_ws_pcdata_single)) {
      std::cerr << "cannot read " << file << "\n";
      std::abort();
    }
    for (const pugi::xml_node& exchange : document.child("exchanges").children("exchange"))
      found.push_back({.name = exchange.attribute("name").value(),
                       .method = exchange.attribute("method").value(),
                       .file = file.filename().string(),
                       .request = text_of(exchange.child("request").child("methodCall")),
                       .response = text_of(exchange.child("response").child("methodResponse"))});
  }
  return found;
}

const Recorded& recorded(const std::string& name) {
  static const std::vector<Recorded> all = all_recorded();
  for (const Recorded& exchange : all)
    if (exchange.name == name) return exchange;
  std::cerr << "no recorded exchange " << name << "\n";
  std::abort();
}

ReadCall read_call(const std::string& request) {
  pugi::xml_document document;
  document.load_string(request.c_str(), pugi::parse_default | pugi::parse_ws_pcdata_single);
  const pugi::xml_node call = document.child("methodCall");
  ReadCall read{.method = call.child_value("methodName"), .parameters = {}};
  for (const pugi::xml_node& parameter : call.child("params").children("param"))
    read.parameters.push_back(parameter_of(parameter.child("value")));
  return read;
}

bool read_call_strictly(const std::string& request, ReadCall& call) {
  // White space before the prolog, control characters, an i8 where ints are meant, blanks inside a number: all refused.
  if (request.empty() || request[0] != '<') return false;
  for (const char c : request)
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t') return false;
  pugi::xml_document document;
  if (!document.load_string(request.c_str())) return false;
  const pugi::xml_node sent = document.child("methodCall");
  if (!sent || !*sent.child_value("methodName")) return false;
  for (const pugi::xml_node& parameter : sent.child("params").children("param")) {
    const pugi::xml_node value = parameter.child("value");
    const pugi::xml_node typed =
        value.find_child([](const pugi::xml_node& child) { return child.type() == pugi::node_element; });
    if (!value) return false;
    const std::string type = typed.name(), text = typed.child_value();
    if (type == "i8") return false;
    if ((type == "int" || type == "i4") &&
        (text.empty() || text.find_first_not_of("-0123456789") != std::string::npos ||
         std::atoll(text.c_str()) > 2147483647))
      return false;
    if (type == "boolean" && text != "0" && text != "1") return false;
  }
  call = read_call(request);
  return true;
}

std::string body_of(const Recorded& exchange) {
  const Result<opennebula::RpcAnswer> answer = opennebula::decode_answer(exchange.response);
  const auto* array = answer ? answer->value.as_array() : nullptr;
  const std::string* text = array && array->size() > 1 ? (*array)[1].as_string() : nullptr;
  return text ? *text : std::string();
}

std::vector<std::string> leaves_of(const std::string& xml) {
  pugi::xml_document document;
  document.load_buffer(xml.data(), xml.size(), pugi::parse_cdata | pugi::parse_escapes);
  std::vector<std::string> leaves;
  add_leaves(document.document_element(), document.document_element().name(), leaves);
  std::sort(leaves.begin(), leaves.end());
  return leaves;
}

}  // namespace slipway::testing_support
