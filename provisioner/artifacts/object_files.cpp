#include "artifacts/object_files.h"

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "spec/yaml.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;

Result<std::vector<std::string>> matching(const std::string& folder, const std::string& pattern) {
  const fs::path path = fs::path(folder) / pattern;
  std::vector<std::string> found;
  std::error_code problem;
  for (fs::directory_iterator entry(path.parent_path(), problem), end; !problem && entry != end;
       entry.increment(problem))
    if (glob_match(path.filename().string(), entry->path().filename().string()))
      found.push_back(entry->path().string());
  if (problem || found.empty())
    return fail(ErrorKind::not_found, "the module holds no such file", {.found = pattern, .where = folder});
  std::sort(found.begin(), found.end());
  return found;
}

void leave_out(Value& object, const std::string& pointer) {
  const Value::json_pointer place(pointer);
  if (object.contains(place)) object[place.parent_pointer()].erase(place.back());
}

}  // namespace

Result<Value> objects_of_module(const ObjectFiles& files, const std::string& folder) {
  Value items = Value::array();
  for (const std::string& pattern : files.files) {
    const Result<std::vector<std::string>> paths = matching(folder, pattern);
    if (!paths) return paths.error();
    for (const std::string& path : *paths) {
      Result<std::string> text = read_file(path);
      if (!text) return std::move(text).error();
      Result<std::vector<Value>> documents = parse_yaml_documents(path, *text);
      if (!documents) return std::move(documents).error();
      for (Value& object : *documents) {
        const std::string kind = text_at(object, "kind");
        if (!files.kinds.empty() && std::find(files.kinds.begin(), files.kinds.end(), kind) == files.kinds.end())
          continue;
        for (const std::string& pointer : files.without) leave_out(object, pointer);
        items.push_back(std::move(object));
      }
    }
  }
  if (items.empty())
    return fail(ErrorKind::not_found, "no objects in the module's files",
                {.found = join(files.files, ", "), .expected = join(files.kinds, ", "), .where = folder});
  return Value{{"apiVersion", "v1"}, {"kind", "List"}, {"items", std::move(items)}};
}

}  // namespace slipway
