#include "providers/opennebula/xml_rpc.h"

#include <charconv>
#include <pugixml.hpp>

#include "providers/opennebula/xml_text.h"

namespace slipway::opennebula {
namespace {

constexpr int deepest_array = 8;

Error unreadable(const std::string& what) {
  return fail(ErrorKind::corrupt, "unreadable XML-RPC answer",
              {.found = what,
               .expected = "a methodResponse",
               .advice = "check that the endpoint is OpenNebula's: http://HOST:2633/RPC2"});
}

struct Encoder {
  std::string operator()(int value) const { return "<int>" + std::to_string(value) + "</int>"; }
  std::string operator()(bool value) const { return std::string("<boolean>") + (value ? "1" : "0") + "</boolean>"; }
  std::string operator()(const std::string& value) const { return "<string>" + xml_escape(value) + "</string>"; }
  std::string operator()(const std::vector<int>& values) const {
    std::string text = "<array><data>";
    for (const int value : values) text += "<value>" + (*this)(value) + "</value>";
    return text + "</data></array>";
  }
};

Result<int64_t> number_of(const pugi::xml_node& node) {
  const std::string_view text = node.child_value();
  int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || end != text.data() + text.size() || text.empty())
    return unreadable(std::string(node.name()) + " '" + std::string(text.substr(0, 40)) + "'");
  return number;
}

Result<RpcValue> value_of(const pugi::xml_node& value, int depth = 0);

Result<RpcValue> array_of(const pugi::xml_node& node, int depth) {
  if (depth >= deepest_array) return unreadable("arrays nested too deeply");
  std::vector<RpcValue> items;
  for (const pugi::xml_node& item : node.child("data").children("value")) {
    Result<RpcValue> read = value_of(item, depth + 1);
    if (!read) return read;
    items.push_back(std::move(*read));
  }
  return RpcValue{std::move(items)};
}

Result<RpcValue> value_of(const pugi::xml_node& value, int depth) {
  const pugi::xml_node typed =
      value.find_child([](const pugi::xml_node& child) { return child.type() == pugi::node_element; });
  if (!typed) return RpcValue{std::string(value.child_value())};  // No type: a string.
  const std::string_view type = typed.name();
  if (type == "string" || type == "base64") return RpcValue{std::string(typed.child_value())};
  if (type == "array") return array_of(typed, depth);
  if (type == "nil" || type == "ex:nil") return RpcValue{};
  if (type == "int" || type == "i4" || type == "i8" || type == "ex:i8" || type == "boolean") {
    Result<int64_t> number = number_of(typed);
    if (!number) return std::move(number).error();
    if (type != "boolean") return RpcValue{*number};
    if (*number != 0 && *number != 1) return unreadable("boolean " + std::to_string(*number));
    return RpcValue{*number == 1};
  }
  return unreadable("a value of type " + std::string(type.substr(0, 40)));
}

RpcAnswer fault_of(const pugi::xml_node& fault) {
  RpcAnswer answer;
  answer.fault_code = -500;
  for (const pugi::xml_node& member : fault.child("value").child("struct").children("member")) {
    const Result<RpcValue> value = value_of(member.child("value"));
    if (!value) continue;
    if (std::string_view(member.child_value("name")) == "faultCode" && value->as_int())
      answer.fault_code = static_cast<int>(*value->as_int());
    if (std::string_view(member.child_value("name")) == "faultString" && value->as_string())
      answer.fault_text = *value->as_string();
  }
  return answer;
}

}  // namespace

Result<std::string> encode_call(const std::string& method, const std::vector<RpcParameter>& parameters) {
  std::string body = "<?xml version=\"1.0\"?>\n<methodCall><methodName>" + xml_escape(method) + "</methodName><params>";
  for (const RpcParameter& parameter : parameters) {
    if (const auto* text = std::get_if<std::string>(&parameter); text && !fits_xml(*text))
      return fail(ErrorKind::bad_input, "a control character in a text for OpenNebula",
                  {.found = "in a parameter of " + method, .expected = "printable characters", .advice = {}});
    body += "<param><value>" + std::visit(Encoder{}, parameter) + "</value></param>";
  }
  return body + "</params></methodCall>\n";
}

Result<RpcAnswer> decode_answer(std::string text) {
  if (text.find("<!DOCTYPE") != std::string::npos || text.find("<!ENTITY") != std::string::npos)
    return unreadable("a document type declaration");
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_buffer_inplace(
      text.data(), text.size(),
      pugi::parse_cdata | pugi::parse_escapes | pugi::parse_eol | pugi::parse_ws_pcdata_single, pugi::encoding_utf8);
  if (!parsed) return unreadable(std::string(parsed.description()) + " at byte " + std::to_string(parsed.offset));
  const pugi::xml_node response = document.child("methodResponse");
  if (!response) return unreadable("a document '" + std::string(document.first_child().name()) + "'");
  if (const pugi::xml_node fault = response.child("fault")) return fault_of(fault);
  const pugi::xml_node value = response.child("params").child("param").child("value");
  if (!value) return unreadable("an answer without a value");
  Result<RpcValue> read = value_of(value);
  if (!read) return std::move(read).error();
  return RpcAnswer{.value = std::move(*read), .fault_code = 0, .fault_text = {}};
}

}  // namespace slipway::opennebula
