#include "tests/opennebula/template_parser.h"

#include <algorithm>
#include <pugixml.hpp>

#include "base/text.h"

namespace slipway::testing_support::one {
namespace {

using opennebula::Attribute;

std::string capitals(std::string name) {
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (!name.empty() && std::isdigit(static_cast<unsigned char>(name[0]))) name = "ONE_" + name;
  return name;
}

std::variant<Template, std::string> from_xml(const std::string& text) {
  pugi::xml_document document;
  if (!document.load_string(text.c_str())) return "Parse error: XML Template malformed.";
  Template read;
  for (const pugi::xml_node& child : document.document_element().children()) {
    if (child.type() != pugi::node_element) continue;
    Attribute line{.name = capitals(child.name()), .value = {}, .parts = {}, .vector = false};
    for (const pugi::xml_node& part : child.children())
      if (part.type() == pugi::node_element) {
        line.vector = true;
        if (const std::string value(trim(part.child_value())); !value.empty())
          line.parts.emplace_back(capitals(part.name()), value);
      }
    if (!line.vector) line.value = std::string(trim(child.child_value()));
    if (line.vector ? !line.parts.empty() : !line.value.empty()) read.push_back(std::move(line));
  }
  return read;
}

/// The text form: NAME = "value", NAME = [ A = "b", C = "d" ].
class TextReader {
 public:
  explicit TextReader(const std::string& text) : text_(text) {}

  std::variant<Template, std::string> read() {
    Template lines;
    for (skip_blank(); at_ < text_.size(); skip_blank()) {
      Attribute line;
      line.name = name();
      skip_blank();
      if (line.name.empty() || !take('=')) return complaint();
      skip_blank();
      if (take('[')) {
        line.vector = true;
        if (!parts(line)) return complaint();
        if (line.parts.empty()) continue;
      } else if (!value(line.value)) {
        return complaint();
      }
      lines.push_back(std::move(line));
    }
    if (open_comment_) return complaint();
    return lines;
  }

 private:
  std::string complaint() const {
    return "Parse error: syntax error, unexpected $end, expecting EQUAL or EQUAL_EMPTY at line 32630, columns " +
           std::to_string(at_) + ":" + std::to_string(text_.size());
  }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void skip_blank() {
    while (at_ < text_.size()) {
      if (std::isspace(static_cast<unsigned char>(text_[at_]))) {
        ++at_;
      } else if (text_[at_] == '#') {
        const size_t end = text_.find('\n', at_);
        open_comment_ = end == std::string::npos;
        at_ = open_comment_ ? text_.size() : end + 1;
      } else {
        return;
      }
    }
  }
  std::string name() {
    const size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_')) ++at_;
    return capitals(text_.substr(begin, at_ - begin));
  }
  bool value(std::string& into) {
    if (take('"')) {
      for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
        if (text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] == '"') ++at_;
        into += text_[at_];
      }
      into = std::string(trim(into));
      return take('"');
    }
    const size_t begin = at_;
    while (at_ < text_.size() && std::string_view(" \t\n\r,=[]#\"").find(text_[at_]) == std::string_view::npos) ++at_;
    into = text_.substr(begin, at_ - begin);
    return at_ > begin;
  }
  bool parts(Attribute& line) {
    skip_blank();
    if (take(']')) return true;
    while (true) {
      skip_blank();
      const std::string part = name();
      std::string text;
      skip_blank();
      if (part.empty() || !take('=')) return false;
      skip_blank();
      if (!value(text)) return false;
      line.parts.emplace_back(part, text);
      skip_blank();
      if (take(']')) return true;
      if (!take(',')) return false;
    }
  }

  const std::string& text_;
  size_t at_ = 0;
  bool open_comment_ = false;
};

}  // namespace

std::variant<Template, std::string> parse_template(const std::string& text) {
  return !text.empty() && text[0] == '<' ? from_xml(text) : TextReader(text).read();
}

void merge(Template& base, const Template& change) {
  for (const Attribute& line : change) drop(base, line.name);
  base.insert(base.end(), change.begin(), change.end());
}

const Attribute* find(const Template& from, const std::string& name) {
  const auto found = std::find_if(from.begin(), from.end(), [&](const Attribute& line) { return line.name == name; });
  return found == from.end() ? nullptr : &*found;
}

std::string value_of(const Template& from, const std::string& name) {
  const Attribute* found = find(from, name);
  return found && !found->vector ? found->value : "";
}

void set(Template& in, const std::string& name, const std::string& value) {
  drop(in, name);
  in.push_back({.name = name, .value = value, .parts = {}, .vector = false});
}

void drop(Template& in, const std::string& name) {
  std::erase_if(in, [&](const Attribute& line) { return line.name == name; });
}

void set_part(Attribute& in, const std::string& name, const std::string& value) {
  for (auto& [key, text] : in.parts)
    if (key == name) {
      text = value;
      return;
    }
  in.parts.emplace_back(name, value);
  in.vector = true;
}

}  // namespace slipway::testing_support::one
