#include "artifacts/apt_sources.h"

#include <algorithm>
#include <map>
#include <sstream>

#include "artifacts/folder.h"
#include "base/file.h"
#include "base/text.h"

namespace slipway {
namespace {

struct Source {
  std::vector<std::string> uris, suites, components;
  std::string signed_by;
};

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// One-line style: deb [signed-by=FILE …] URI SUITE COMPONENT…
std::vector<Source> one_line_sources(const std::string& text) {
  std::vector<Source> sources;
  for (std::string line : split(text, '\n')) {
    line = line.substr(0, line.find('#'));
    Source source;
    if (const size_t open = line.find('['), close = line.find(']'); open < close && close != std::string::npos) {
      for (const std::string& option : words(line.substr(open + 1, close - open - 1)))
        if (option.starts_with("signed-by=")) source.signed_by = option.substr(10);
      line.erase(open, close - open + 1);
    }
    const std::vector<std::string> parts = words(line);
    if (parts.size() < 4 || parts[0] != "deb") continue;
    source.uris = {parts[1]};
    source.suites = {parts[2]};
    source.components.assign(parts.begin() + 3, parts.end());
    sources.push_back(std::move(source));
  }
  return sources;
}

/// deb822 style: stanzas of "Field: value" with continuation lines.
std::vector<Source> stanza_sources(const std::string& text) {
  std::vector<Source> sources;
  std::map<std::string, std::string> fields;
  std::string current;
  const auto end_stanza = [&] {
    const bool enabled = fields["enabled"] != "no" && fields["enabled"] != "false";
    const std::string key = std::string(trim(fields["signed-by"]));
    if (enabled && contains(words(fields["types"]), "deb"))
      sources.push_back({.uris = words(fields["uris"]),
                         .suites = words(fields["suites"]),
                         .components = words(fields["components"]),
                         .signed_by = key.starts_with("/") ? key : ""});
    fields.clear();
  };
  for (const std::string& line : split(text, '\n')) {
    if (line.starts_with("#")) continue;
    if (trim(line).empty()) {
      end_stanza();
    } else if (line[0] == ' ' || line[0] == '\t') {
      fields[current] += " " + std::string(trim(line));
    } else if (const size_t colon = line.find(':'); colon != std::string::npos) {
      current = line.substr(0, colon);
      for (char& c : current) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      fields[current] = std::string(trim(line.substr(colon + 1)));
    }
  }
  end_stanza();
  return sources;
}

}  // namespace

std::vector<std::string> apt_lines_for(const std::string& suite, const std::string& directory) {
  std::vector<std::string> files = {directory + "/sources.list"};
  for (std::string& file : entries_in(directory + "/sources.list.d")) files.push_back(std::move(file));
  std::vector<std::string> lines;
  for (const std::string& file : files) {
    const Result<std::string> text = read_file(file);
    if (!text) continue;
    const bool stanzas = file.ends_with(".sources");
    for (const Source& source : stanzas ? stanza_sources(*text) : one_line_sources(*text)) {
      if (!contains(source.components, "main")) continue;
      for (const std::string& uri : source.uris) {
        if (!uri.starts_with("http://") && !uri.starts_with("https://")) continue;
        for (const std::string& name : source.suites) {
          if (name != suite && name != suite + "-updates" && name != suite + "-security") continue;
          const std::string options = source.signed_by.empty() ? "" : "[signed-by=" + source.signed_by + "] ";
          lines.push_back("deb " + options + uri + " " + name + " main");
        }
      }
    }
  }
  // Updates alone make no file system.
  const bool whole = std::any_of(lines.begin(), lines.end(),
                                 [&](const std::string& line) { return line.ends_with(" " + suite + " main"); });
  return whole ? lines : std::vector<std::string>();
}

}  // namespace slipway
