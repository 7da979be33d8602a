#include "spec/yaml_tree.h"

#include <algorithm>
#include <optional>
#include <sstream>
#include <unordered_map>
#include <unordered_set>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "spec/yaml_scalar.h"
#include "spec/yaml_source.h"

namespace slipway {
namespace {

// Aliases repeat what they name; a few lines of them can ask for more memory than there is.
constexpr size_t most_aliased_nodes = 200'000;

struct StopReading {};

/// Builds trees from the parser's events.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(YamlSource& source, std::vector<SpecFault>& faults) : source_(source), faults_(faults) {}

  std::vector<YamlNode> documents;

  void OnDocumentStart(const YAML::Mark& mark) override {
    // The parser does not move past some stray characters (a ',' at the beginning) and would report documents for ever.
    if (mark.pos <= document_position_)
      stop(place(mark), "a character that belongs to no value", "", "key: value, or a list item");
    document_position_ = mark.pos;
    documents.emplace_back();
    anchors_.clear();
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node = begin(mark, YamlNode::Kind::scalar);
    if (expects_key()) {
      add_fault(node.mark, "a key must be text", "null", "text", "put the key in quotes");
      return take_key("~", node.mark, mark.pos);
    }
    if (!frames_.empty() && !frames_.back().flow && frames_.back().has_key && frames_.back().key_position == mark.pos)
      add_fault(node.mark, "no ':' after '" + frames_.back().key + "'", frames_.back().key, "key: value", "");
    finish(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    const size_t repeated = found == anchors_.end() ? 1 : found->second.size;
    nodes_ += repeated;
    aliased_nodes_ += repeated;
    if (aliased_nodes_ > most_aliased_nodes)
      stop(place(mark), "the aliases make the file too large", "more than 200,000 repeated values", "");
    YamlNode node;
    if (found == anchors_.end())
      add_fault(place(mark), "the alias names a value that contains it", "", "an alias outside its anchor's value", "");
    else
      node = found->second.node;
    node.plain = false;
    if (expects_key()) return take_key(node.text, place(mark), mark.pos);
    place_node(std::move(node));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    YamlNode node = begin(mark, YamlNode::Kind::scalar);
    if (!source_.quotes_closed(mark.pos))
      stop(node.mark, "the quotes are never closed", "", "the same quote at the end of the text");
    if (expects_key()) {
      if (text == "<<" && tag == "?")
        add_fault(node.mark, "merge keys ('<<') are not part of YAML 1.2", "<<", "the merged keys written out", "");
      node.text = text;
      node.scalar = text;
      if (anchor != 0) anchors_[anchor] = {node, 1};
      return take_key(text, node.mark, mark.pos);
    }
    node.text = text;
    if (tag == "?")
      node.scalar = typed_scalar(text);
    else if (std::optional<Value> tagged = tagged_scalar(tag, text))
      node.scalar = std::move(*tagged);
    else
      add_fault(node.mark, "a value that its tag does not allow", tag + " " + text, "a plain value without a tag", "");
    node.plain = tag == "?" && anchor == 0;
    finish(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(mark, tag, anchor, YamlNode::Kind::list, style);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(mark, tag, anchor, YamlNode::Kind::map, style);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    size_t nodes_before = 0;
    bool flow = false;
    bool has_key = false;
    bool is_key = false;  ///< The collection stands where a key should; it is read and dropped.
    std::string key{};
    Mark key_mark{};
    int key_position = -1;
    std::unordered_set<std::string> keys{};
  };
  struct Anchored {
    YamlNode node;
    size_t size = 1;
  };

  Mark place(const YAML::Mark& mark) { return source_.place(mark.line, mark.column); }

  void add_fault(Mark mark, std::string message, std::string found, std::string expected, std::string advice) {
    faults_.push_back(
        {mark.line, mark.column, std::move(message), std::move(found), std::move(expected), std::move(advice)});
  }

  [[noreturn]] void stop(Mark mark, std::string message, std::string found, std::string expected) {
    add_fault(mark, std::move(message), std::move(found), std::move(expected), "");
    throw StopReading{};
  }

  YamlNode begin(const YAML::Mark& mark, YamlNode::Kind kind) {
    YamlNode node;
    node.kind = kind;
    node.mark = place(mark);
    node.offset = source_.offset(mark.pos);
    ++nodes_;
    return node;
  }

  bool expects_key() const {
    return !frames_.empty() && frames_.back().node.kind == YamlNode::Kind::map && !frames_.back().has_key;
  }

  void take_key(std::string key, Mark mark, int position) {
    Frame& frame = frames_.back();
    if (!frame.keys.insert(key).second) {
      const YamlEntry* first = frame.node.find(key);
      add_fault(mark, "duplicate key '" + key + "'",
                first ? "'" + key + "' stands at line " + std::to_string(first->mark.line) + " already" : "",
                "each key once", "");
    }
    frame.key = std::move(key);
    frame.key_mark = mark;
    frame.key_position = position;
    frame.has_key = true;
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind,
            YAML::EmitterStyle::value style) {
    Frame frame;
    frame.flow = style == YAML::EmitterStyle::Flow;
    frame.node = begin(mark, kind);
    frame.anchor = anchor;
    frame.nodes_before = nodes_ - 1;
    const std::string_view own = kind == YamlNode::Kind::map ? "tag:yaml.org,2002:map" : "tag:yaml.org,2002:seq";
    if (tag != "?" && tag != "!" && tag != own)
      add_fault(frame.node.mark, "unknown tag", tag, "a plain map or list without a tag", "");
    if (expects_key()) {
      add_fault(frame.node.mark, "a key must be text", kind == YamlNode::Kind::map ? "a map" : "a list", "text",
                "a value that begins with { or [ and is text needs quotes");
      frame.is_key = true;
    }
    frames_.push_back(std::move(frame));
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    if (frame.is_key) return take_key("{}", frame.node.mark, -1);
    if (frame.anchor != 0) anchors_[frame.anchor] = {frame.node, nodes_ - frame.nodes_before};
    place_node(std::move(frame.node));
  }

  void finish(YamlNode node, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = {node, 1};
    place_node(std::move(node));
  }

  void place_node(YamlNode node) {
    if (frames_.empty()) {
      documents.back() = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind == YamlNode::Kind::list) {
      frame.node.items.push_back(std::move(node));
      return;
    }
    frame.node.entries.push_back({std::move(frame.key), frame.key_mark, std::move(node)});
    frame.has_key = false;
  }

  YamlSource& source_;
  std::vector<SpecFault>& faults_;
  std::vector<Frame> frames_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
  int document_position_ = -1;
  size_t nodes_ = 0;
  size_t aliased_nodes_ = 0;
};

}  // namespace

const YamlEntry* YamlNode::find(std::string_view key) const {
  const auto found =
      std::find_if(entries.begin(), entries.end(), [&](const YamlEntry& entry) { return entry.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

YamlReading read_yaml_trees(const std::string& text, std::vector<SpecFault>& faults) {
  YamlSource source(text);
  if (std::optional<SpecFault> fault = source.unreadable_byte()) {
    faults.push_back(std::move(*fault));
    return {};
  }
  TreeBuilder builder(source, faults);
  YamlReading reading;
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    reading.complete = true;
  } catch (const StopReading&) {
    // The fault is recorded already.
  } catch (const YAML::Exception& problem) {
    faults.push_back(source.syntax_fault(problem.mark.line, problem.mark.column, problem.msg));
  } catch (const std::exception& problem) {
    faults.push_back({1, 1, "the file cannot be read as YAML", problem.what(), "", ""});
  }
  reading.documents = std::move(builder.documents);
  if (!reading.complete && !reading.documents.empty()) reading.documents.pop_back();
  return reading;
}

YamlReading read_yaml_tree(const std::string& text, std::vector<SpecFault>& faults) {
  YamlReading reading = read_yaml_trees(text, faults);
  for (size_t i = 1; i < reading.documents.size(); ++i) {
    const YamlNode& extra = reading.documents[i];
    if (extra.is_null()) continue;
    faults.push_back({extra.mark.line, extra.mark.column, "a second document in the file", "", "one document",
                      "remove the line '---' and what follows it"});
    break;
  }
  reading.documents.resize(1);
  return reading;
}

Value to_value(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::scalar) return node.scalar;
  if (node.kind == YamlNode::Kind::list) {
    Value list = Value::array();
    for (const YamlNode& item : node.items) list.push_back(to_value(item));
    return list;
  }
  Value map = Value::object();
  for (const YamlEntry& entry : node.entries) map[entry.key] = to_value(entry.node);
  return map;
}

std::string describe(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::list) return "a list";
  if (node.kind == YamlNode::Kind::map) return "a map";
  if (node.scalar.is_null()) return "nothing";
  if (node.scalar.is_number()) return "number " + node.text;
  if (node.scalar.is_boolean()) return node.text;
  return "text '" + node.text + "'";
}

}  // namespace slipway
