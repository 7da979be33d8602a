#pragma once
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace slipway::opennebula {

/// The attributes of one vector, in order: NIC = [ NETWORK_ID = "0", IP = "10.0.0.5" ].
using Attributes = std::vector<std::pair<std::string, std::string>>;

/// A template in OpenNebula's XML form, which has one escaping rule; the text form cannot write every value.
///
///   TemplateText text;
///   text.set("NAME", "w-1");
///   text.add("NIC", {{"NETWORK_ID", "0"}, {"IP", "10.0.0.5"}});
///   Result<std::string> written = text.write();
class TemplateText {
 public:
  void set(const std::string& name, const std::string& value) { lines_.push_back({name, value, {}, false}); }
  /// A vector; of one name there may be several.
  void add(const std::string& name, Attributes attributes) {
    lines_.push_back({name, {}, std::move(attributes), true});
  }
  bool empty() const { return lines_.empty(); }
  /// Errors: bad_input (a name that the server would change, a value that it cannot store: control characters or
  /// "]]>").
  Result<std::string> write() const;

 private:
  struct Line {
    std::string name, value;
    Attributes attributes;
    bool vector;
  };
  std::vector<Line> lines_;
};

/// Whether the server takes the text as an object's name: at most 128 characters, none of & | : \ " ; / ' # { } $ < >.
bool is_object_name(const std::string& text);

}  // namespace slipway::opennebula
