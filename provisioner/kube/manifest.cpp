#include "kube/manifest.h"

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "kube/manifest_wishes.h"
#include "kube/rendering.h"
#include "spec/placeholders.h"
#include "spec/yaml.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> known_keys = {"name",     "description",  "needs",    "values",      "images",
                                             "gates",    "adopt",        "url",      "credentials", "addresses",
                                             "secrets",  "certificates", "volumes",  "parts",       "objects",
                                             "playbook", "figures",      "provider", "facts",       "render"};

Result<YamlDocument> read(const std::string& path) {
  Result<std::string> text = read_file(path);
  if (!text) return std::move(text).error();
  return read_yaml(path, *text);
}

/// addon.yaml, or what a bare chart or kustomization stands for.
Result<YamlDocument> read_head_document(const std::string& folder, const std::string& name) {
  const std::string path = folder + "/addon.yaml";
  const std::string implied = fs::exists(path) ? "" : implied_add_on(folder, name);
  return implied.empty() ? read(path) : read_yaml(path, implied);
}

/// The .yaml files beside addon.yaml, by name.
Result<std::vector<std::string>> object_files(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code problem;
  for (fs::directory_iterator entry(folder, problem), end; !problem && entry != end; entry.increment(problem)) {
    const fs::path& path = entry->path();
    if ((path.extension() == ".yaml" || path.extension() == ".yml") && path.filename() != "addon.yaml")
      files.push_back(path.string());
  }
  if (problem)
    return fail(ErrorKind::unavailable, "cannot read the add-on's folder",
                {.found = problem.message(), .where = folder});
  std::sort(files.begin(), files.end());
  return files;
}

Result<void> check_keys(const YamlDocument& document) {
  if (!document.value.is_object())
    return fail(ErrorKind::bad_input, "addon.yaml is not a map", {.where = document.where("")});
  for (const auto& [key, value] : document.value.items()) {
    if (std::find(known_keys.begin(), known_keys.end(), key) != known_keys.end()) continue;
    const std::optional<std::string> close = nearest(key, known_keys);
    return fail(ErrorKind::bad_input, "unknown key '" + key + "'",
                {.expected = join(known_keys, ", "),
                 .advice = close ? "did you mean '" + *close + "'?" : "",
                 .where = document.where_key("/" + key)});
  }
  return {};
}

Result<std::vector<std::string>> texts_at(const YamlDocument& document, const std::string& key) {
  std::vector<std::string> texts;
  if (!document.value.contains(key) || document.value[key].is_null()) return texts;
  const Value& list = document.value[key];
  const bool all_text =
      list.is_array() && std::all_of(list.begin(), list.end(), [](const Value& item) { return item.is_string(); });
  if (!all_text)
    return fail(ErrorKind::bad_input, "'" + key + "' is not a list of names",
                {.found = list.dump(), .where = document.where("/" + key)});
  for (const Value& item : list) texts.push_back(item.get<std::string>());
  return texts;
}

Error at(Error error, std::string where) {
  if (error.where.empty() || error.where.starts_with("/")) error.where = std::move(where);
  return error;
}

/// addon.yaml, apart from what needs values.
Result<AddOn> read_head(const YamlDocument& document, const std::string& folder, const std::string& expected) {
  if (Result<void> checked = check_keys(document); !checked) return std::move(checked).error();
  AddOn add_on;
  add_on.folder = folder;
  add_on.name = text_at(document.value, "name");
  if (add_on.name.empty() || (!expected.empty() && add_on.name != expected))
    return fail(ErrorKind::bad_input, "the add-on is not named as its folder, or as the spec calls it",
                {.found = add_on.name, .expected = "name: " + expected, .where = document.where("/name")});
  add_on.description = text_at(document.value, "description");
  add_on.provider = text_at(document.value, "provider");
  add_on.playbook = text_at(document.value, "playbook");
  add_on.render = document.value.value("render", Value());
  add_on.adopt = document.value.value("adopt", Value(false)) == Value(true);
  for (const auto& [key, target] : {std::pair{"needs", &add_on.needs}, std::pair{"images", &add_on.images},
                                    std::pair{"addresses", &add_on.addresses}}) {
    Result<std::vector<std::string>> texts = texts_at(document, key);
    if (!texts) return std::move(texts).error();
    *target = std::move(*texts);
  }
  return add_on;
}

Result<void> check_images(const AddOn& add_on, const YamlDocument& document, const Value& variables) {
  const Value images = variables.value("images", Value::object());
  std::vector<std::string> known;
  for (const auto& [name, reference] : images.items()) known.push_back(name);
  for (size_t i = 0; i < add_on.images.size(); ++i) {
    if (images.contains(add_on.images[i])) continue;
    const std::optional<std::string> close = nearest(add_on.images[i], known);
    return fail(ErrorKind::bad_input, "unknown image",
                {.found = add_on.images[i],
                 .expected = "an image of playbooks/versions.yaml",
                 .advice = close ? "did you mean '" + *close + "'?" : "",
                 .where = document.where("/images/" + std::to_string(i))});
  }
  return {};
}

Result<void> take_object(const YamlDocument& document, const Value& object, const std::string& pointer,
                         std::vector<Value>& objects) {
  if (object.is_null()) return {};
  // A list stands for its elements: that is how `$each` makes objects.
  if (object.is_array()) {
    for (const Value& element : object)
      if (Result<void> taken = take_object(document, element, pointer, objects); !taken) return taken;
    return {};
  }
  const bool named = object.is_object() && object.contains("metadata") && !text_at(object["metadata"], "name").empty();
  const bool is_list = text_at(object, "kind") == "List";
  if (text_at(object, "apiVersion").empty() || text_at(object, "kind").empty() || (!named && !is_list))
    return fail(ErrorKind::bad_input, "not a Kubernetes object",
                {.found = object.dump().substr(0, 120),
                 .expected = "apiVersion, kind and metadata.name",
                 .where = document.where(pointer)});
  objects.push_back(object);
  return {};
}

/// `variables`: null where the file holds no placeholders.
Result<void> read_objects(const std::string& path, const Value& variables, std::vector<Value>& objects) {
  Result<std::string> text = read_file(path);
  if (!text) return std::move(text).error();
  Result<std::vector<YamlDocument>> documents = read_yaml_documents(path, *text);
  if (!documents) return std::move(documents).error();
  for (const YamlDocument& document : *documents) {
    Result<Value> expanded = variables.is_null() ? document.value : expand(document, variables);
    if (!expanded) return std::move(expanded).error();
    if (Result<void> taken = take_object(document, *expanded, "", objects); !taken) return taken;
  }
  return {};
}

/// What the add-on's files see: also `each.KEY`, the list 0, 1, … of an integer setting, for `$each`.
Value with_values(const AddOn& add_on, const Value& variables) {
  Value seen = variables.is_object() ? variables : Value::object();
  seen["values"] = add_on.values;
  Value& each = seen["each"] = Value::object();
  for (const auto& [key, value] : add_on.values.items()) {
    if (!value.is_number_integer() || value < 0 || value > 1000) continue;
    each[key] = Value::array();
    for (int i = 0; i < value.get<int>(); ++i) each[key].push_back(i);
  }
  return seen;
}

Result<std::vector<Value>> rendered_objects(const AddOn& add_on, const Value& seen) {
  const std::string head = add_on.folder + "/addon.yaml";
  const Result<Value> section = expand(add_on.render, seen);
  if (!section) return at(section.error(), head);
  Result<Rendering> rendering = rendering_from(*section, add_on.name, add_on.folder);
  if (!rendering) return at(std::move(rendering).error(), head);
  rendering->kubernetes = text_at(seen.value("kubernetes", Value::object()), "version");
  const Value tools = seen.value("tools", Value::object());
  rendering->tools = {.kubectl = text_at(tools, "kubectl"), .helm = text_at(tools, "helm")};
  return render(*rendering);
}

/// The sections that are read once the values are known.
Result<void> read_sections(const YamlDocument& head, const Value& seen, AddOn& add_on) {
  Value sections = Value::object();
  for (const char* key :
       {"gates", "url", "credentials", "secrets", "certificates", "volumes", "parts", "objects", "figures", "facts"})
    sections[key] = head.value.value(key, Value());
  const auto place = [&](Error error) {
    std::string where = head.where(error.where.starts_with("/") ? error.where : "");
    return at(std::move(error), std::move(where));
  };
  Result<Value> filled = expand(sections, seen);
  if (!filled) return place(std::move(filled).error());
  add_on.url = text_at(*filled, "url");
  add_on.credentials = text_at(*filled, "credentials");
  const Value& gates = (*filled)["gates"];
  if (!gates.is_null() && !gates.is_array())
    return fail(ErrorKind::bad_input, "'gates' is not a list", {.found = gates.dump(), .where = head.where("/gates")});
  for (size_t i = 0; i < gates.size(); ++i) {
    Result<Gate> gate = gate_from(gates[i]);
    if (!gate) return at(std::move(gate).error(), head.where("/gates/" + std::to_string(i)));
    add_on.gates.push_back(std::move(*gate));
  }
  const auto take = [&](auto wishes, auto& target) -> Result<void> {
    if (!wishes) return place(std::move(wishes).error());
    target = std::move(*wishes);
    return {};
  };
  if (Result<void> taken = take(secret_wishes((*filled)["secrets"]), add_on.secrets); !taken) return taken;
  if (Result<void> taken = take(certificate_wishes((*filled)["certificates"]), add_on.certificates); !taken)
    return taken;
  if (Result<void> taken = take(volume_wishes((*filled)["volumes"]), add_on.volumes); !taken) return taken;
  if (Result<void> taken = take(fact_wishes((*filled)["facts"]), add_on.facts); !taken) return taken;
  if (Result<void> taken = take(parts_from((*filled)["parts"]), add_on.parts); !taken) return taken;
  if (Result<void> taken = take(figures_from((*filled)["figures"]), add_on.figures); !taken) return taken;
  return take(object_artifacts((*filled)["objects"]), add_on.artifacts);
}

}  // namespace

Result<std::vector<std::string>> wanted_addresses(const std::string& folder) {
  Result<YamlDocument> head = read_head_document(folder, "");
  if (!head) return std::move(head).error().while_doing("reading an add-on");
  if (Result<void> checked = check_keys(*head); !checked) return std::move(checked).error();
  return texts_at(*head, "addresses");
}

Result<AddOn> read_add_on(const std::string& folder, const std::string& name, const Value& settings,
                          const Value& variables) {
  Result<YamlDocument> head = read_head_document(folder, name);
  if (!head) return std::move(head).error().while_doing("reading an add-on");
  Result<AddOn> add_on = read_head(*head, folder, name);
  if (!add_on) return add_on;
  if (Result<void> checked = check_images(*add_on, *head, variables); !checked) return std::move(checked).error();
  // Defaults may name variables, e.g. an address range of the spec.
  Result<Value> rows =
      expand(head->value.value("values", Value::object()), variables.is_object() ? variables : Value::object());
  if (!rows) return at(std::move(rows).error(), head->where("/values"));
  Result<Value> values = settle_values(add_on->name, *rows, settings);
  if (!values) return at(std::move(values).error(), head->where("/values"));
  add_on->values = std::move(*values);
  add_on->given = given_secrets(*rows, add_on->values);
  if (Result<void> read = read_sections(*head, with_values(*add_on, variables), *add_on); !read)
    return std::move(read).error();
  return add_on;
}

Result<std::vector<Value>> load_objects(const AddOn& add_on, const Value& variables) {
  const Value seen = with_values(add_on, variables);
  if (!add_on.render.is_null()) return rendered_objects(add_on, seen);
  Result<std::vector<std::string>> files = object_files(add_on.folder);
  if (!files) return std::move(files).error();
  std::vector<Value> objects;
  for (const std::string& file : *files) {
    const std::string name = fs::path(file).filename().string();
    if (std::any_of(add_on.parts.begin(), add_on.parts.end(), [&](const Part& part) { return part.file == name; }))
      continue;
    if (Result<void> read = read_objects(file, seen, objects); !read) return std::move(read).error();
  }
  return objects;
}

Result<std::vector<Value>> load_objects(const AddOn& add_on, const Part& part, const Value& variables) {
  std::vector<Value> objects;
  if (Result<void> read = read_objects(add_on.folder + "/" + part.file, with_values(add_on, variables), objects); !read)
    return std::move(read).error();
  return objects;
}

Result<std::vector<Value>> objects_of_file(const std::string& path) {
  std::vector<Value> objects;
  if (Result<void> read = read_objects(path, Value(), objects); !read) return std::move(read).error();
  return objects;
}

Result<AddOn> load_add_on(const std::string& folder, const Value& settings, const Value& variables) {
  const std::string name = fs::path(folder).lexically_normal().filename().string();
  Result<AddOn> add_on = read_add_on(folder, name, settings, variables);
  if (!add_on) return add_on;
  Result<std::vector<Value>> objects = load_objects(*add_on, variables);
  if (!objects) return std::move(objects).error();
  add_on->objects = std::move(*objects);
  return add_on;
}

}  // namespace slipway
