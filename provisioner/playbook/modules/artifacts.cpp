#include "base/text.h"
#include "playbook/modules/families.h"
#include "playbook/task_writer.h"

namespace slipway::playbook {
namespace {

/// A file of this machine's cache, as an artifact's step tells it: "path" and "sha256" in an input of its name.
struct Artifact {
  std::string path, sha256;
};

Result<Artifact> artifact_of(const std::string& name, const Value& variables) {
  const Value* value = &variables;
  for (const std::string& part : split(name, '.')) {
    const auto it = value->is_object() ? value->find(part) : value->end();
    if (!value->is_object() || it == value->end())
      return fail(ErrorKind::bad_input, "no such artifact", {.found = name, .expected = "an input of this step"});
    value = &*it;
  }
  Artifact artifact{text_at(*value, "path"), text_at(*value, "sha256")};
  if (artifact.sha256.size() != 64)
    return fail(ErrorKind::bad_input, "not an artifact", {.found = name, .expected = "path and sha256"});
  return artifact;
}

bool is_digest(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// Fields, check and apply of a large file that is known by its digest. Answers the number of its first field.
int want_large_file(const Arguments& arguments, const std::string& sha256, TaskWriter& task, const std::string& url) {
  const std::string path = arguments.text("path");
  const std::string stamp = "/var/lib/slipway/artifacts/" + slug_of(path);
  const int state = task.field("", "present", true);
  task.field("content", short_digest(sha256));
  task.field("mode", "0" + arguments.text("mode"));
  task.field("owner", arguments.text("owner"));
  task.field("group", arguments.text("group"));
  const std::string index = std::to_string(task.look_at_file(path, stamp));
  task.check(
      "files", "want_file",
      {std::to_string(state), index, sha256, arguments.text("mode"), arguments.text("owner"), arguments.text("group")});
  task.apply(
      "apply_artifacts", "put_artifact",
      {index, path, sha256, arguments.text("mode"), arguments.text("owner"), arguments.text("group"), stamp, url});
  return state;
}

Result<void> write_artifact(const Arguments& arguments, TaskWriter& task) {
  const std::string from = arguments.text("from");
  if (arguments.text("state") == "absent") {
    task.want_absent(arguments.text("path"));
    return {};
  }
  if (arguments.has("path") == arguments.has("import"))
    return fail(ErrorKind::bad_input, "an artifact goes to a 'path', or is imported",
                {.found = arguments.has("path") ? "both" : "neither", .expected = "'path' or 'import: containerd'"});
  if (from.empty()) return fail(ErrorKind::bad_input, "missing 'from'");
  Result<Artifact> artifact = artifact_of(from, task.variables());
  if (!artifact) return std::move(artifact).error();
  task.begin_object(arguments.text("path"));
  Upload upload{.title = from, .local_path = artifact->path, .sha256 = artifact->sha256};
  if (arguments.has("path")) {
    const int state = want_large_file(arguments, artifact->sha256, task, "");
    // Other access to the same bytes needs no upload.
    upload.fields = {state, state + 1};
  } else {
    const int field = task.field("", short_digest(artifact->sha256), true);
    // What the host remembers it by; two playbooks that give one name speak of the same images.
    const std::string note = arguments.has("as") ? slug_of(arguments.text("as")) : task.slug();
    task.check("artifacts", "want_import", {std::to_string(field), note, artifact->sha256});
    task.apply("apply_artifacts", "import_images", {note, artifact->sha256});
    upload.fields = {field};
  }
  task.upload(std::move(upload));
  return {};
}

Result<void> write_download(const Arguments& arguments, TaskWriter& task) {
  const std::string sha256 = arguments.text("sha256");
  if (!is_digest(sha256)) return fail(ErrorKind::bad_input, "'sha256' is not 64 hex digits", {.found = sha256});
  task.begin_object(arguments.text("path"));
  want_large_file(arguments, sha256, task, arguments.text("url"));
  return {};
}

Result<void> write_unpack(const Arguments& arguments, TaskWriter& task) {
  if (arguments.has("from") == arguments.has("url"))
    return fail(ErrorKind::bad_input, "an archive comes 'from' an artifact or by 'url'",
                {.found = arguments.has("from") ? "both" : "neither"});
  std::string sha256 = arguments.text("sha256");
  const std::string path = arguments.text("path");
  if (arguments.has("from")) {
    Result<Artifact> artifact = artifact_of(arguments.text("from"), task.variables());
    if (!artifact) return std::move(artifact).error();
    sha256 = artifact->sha256;
    task.upload({.title = arguments.text("from"), .local_path = artifact->path, .sha256 = sha256, .fields = {0}});
  } else if (!is_digest(sha256)) {
    return fail(ErrorKind::bad_input, "'sha256' is not 64 hex digits", {.found = sha256});
  }
  task.begin_object(path);
  const int field = task.field("", short_digest(sha256), true);
  task.check("artifacts", "want_unpacked", {std::to_string(field), task.slug(), sha256, path});
  const std::string archive = "/var/lib/slipway/incoming/" + sha256;
  if (arguments.has("url")) task.apply("apply_artifacts", "fetch", {arguments.text("url"), archive});
  task.apply("apply_artifacts", "unpack", {task.slug(), sha256, path, arguments.text("strip"), archive});
  return {};
}

}  // namespace

std::vector<Module> artifact_modules() {
  const std::vector<ArgumentRule> access = {{.name = "mode", .type = ArgumentType::mode, .fallback = "0755"},
                                            {.name = "owner", .fallback = "root"},
                                            {.name = "group", .fallback = "root"}};
  std::vector<ArgumentRule> artifact = {{.name = "from"},
                                        {.name = "path", .type = ArgumentType::path},
                                        {.name = "import", .choices = {"containerd"}},
                                        {.name = "as"},
                                        {.name = "state", .fallback = "present", .choices = {"present", "absent"}}};
  artifact.insert(artifact.end(), access.begin(), access.end());
  std::vector<ArgumentRule> download = {{.name = "url", .required = true},
                                        {.name = "sha256", .required = true},
                                        {.name = "path", .type = ArgumentType::path, .required = true}};
  download.insert(download.end(), access.begin(), access.end());
  return {
      {.name = "artifact", .arguments = artifact, .write = write_artifact},
      {.name = "download", .arguments = download, .write = write_download},
      {.name = "unpack",
       .arguments = {{.name = "from"},
                     {.name = "url"},
                     {.name = "sha256"},
                     {.name = "path", .type = ArgumentType::path, .required = true},
                     {.name = "strip", .type = ArgumentType::number, .fallback = 0}},
       .write = write_unpack},
  };
}

}  // namespace slipway::playbook
