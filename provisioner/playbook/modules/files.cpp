#include "playbook/modules/families.h"
#include "playbook/render.h"
#include "playbook/task_writer.h"

namespace slipway::playbook {
namespace {

const ArgumentRule state_rule{
    .name = "state", .type = ArgumentType::text, .fallback = "present", .choices = {"present", "absent"}};

std::vector<ArgumentRule> with_access(std::vector<ArgumentRule> rules, const char* mode) {
  rules.push_back({.name = "mode", .type = ArgumentType::mode, .fallback = mode});
  rules.push_back({.name = "owner", .type = ArgumentType::text, .fallback = "root"});
  rules.push_back({.name = "group", .type = ArgumentType::text, .fallback = "root"});
  return rules;
}

FileWish wish_of(const Arguments& arguments, std::string content) {
  return {.path = arguments.text("path"),
          .content = std::move(content),
          .mode = arguments.text("mode"),
          .owner = arguments.text("owner"),
          .group = arguments.text("group"),
          .secret = arguments.has("secret") && arguments.flag("secret")};
}

Result<void> write_file(const Arguments& arguments, TaskWriter& task) {
  if (arguments.text("state") == "absent") {
    task.want_absent(arguments.text("path"));
    return {};
  }
  if (arguments.has("content") == arguments.has("source"))
    return fail(ErrorKind::bad_input, "a file takes either 'content' or 'source'",
                {.found = arguments.has("content") ? "both" : "neither"});
  task.want_file(
      wish_of(arguments, arguments.has("content") ? arguments.text("content") : task.source(arguments.text("source"))));
  return {};
}

Result<void> write_template(const Arguments& arguments, TaskWriter& task) {
  if (arguments.text("state") == "absent") {
    task.want_absent(arguments.text("path"));
    return {};
  }
  const std::string& source = arguments.text("source");
  Result<std::string> content = render(source, task.source(source), task.variables());
  if (!content) return std::move(content).error();
  task.want_file(wish_of(arguments, std::move(*content)));
  return {};
}

Result<void> write_directory(const Arguments& arguments, TaskWriter& task) {
  const std::string path = arguments.text("path");
  if (arguments.text("state") == "absent") {
    task.want_absent(path);
    return {};
  }
  task.begin_object(path);
  const int state = task.field("", "present", true);
  task.field("mode", "0" + arguments.text("mode"));
  task.field("owner", arguments.text("owner"));
  task.field("group", arguments.text("group"));
  const std::string index = std::to_string(task.look_at_file(path));
  task.check("files", "want_directory",
             {std::to_string(state), index, arguments.text("mode"), arguments.text("owner"), arguments.text("group")});
  task.apply("apply_files", "put_directory",
             {path, arguments.text("mode"), arguments.text("owner"), arguments.text("group")});
  return {};
}

Result<void> write_certificate(const Arguments& arguments, TaskWriter& task) {
  const std::string path = arguments.text("path");
  if (arguments.text("state") == "absent") {
    task.want_absent(path);
    if (arguments.has("key_path")) task.want_absent(arguments.text("key_path"));
    return {};
  }
  if (!arguments.has("certificate"))
    return fail(ErrorKind::bad_input, "a certificate needs its PEM text under 'certificate'");
  if (arguments.has("key") != arguments.has("key_path"))
    return fail(ErrorKind::bad_input, "'key' and 'key_path' go together",
                {.found = arguments.has("key") ? "only 'key'" : "only 'key_path'"});
  FileWish certificate = wish_of(arguments, arguments.text("certificate"));
  certificate.mode = "644";
  task.want_file(certificate);
  if (arguments.has("key")) {
    FileWish key = wish_of(arguments, arguments.text("key"));
    key.path = arguments.text("key_path");
    key.mode = arguments.text("key_mode");
    key.secret = true;
    task.want_file(key);
  }
  task.check("certificates", "show_expiry", {task.slug(), path});
  return {};
}

}  // namespace

std::vector<Module> file_modules() {
  return {
      {.name = "file",
       .arguments = with_access({{.name = "path", .type = ArgumentType::path, .required = true},
                                 {.name = "content"},
                                 {.name = "source"},
                                 {.name = "secret", .type = ArgumentType::flag, .fallback = false},
                                 state_rule},
                                "0644"),
       .write = write_file},
      {.name = "template",
       .arguments = with_access({{.name = "path", .type = ArgumentType::path, .required = true},
                                 {.name = "source", .required = true},
                                 {.name = "secret", .type = ArgumentType::flag, .fallback = false},
                                 state_rule},
                                "0644"),
       .write = write_template},
      {.name = "directory",
       .arguments = with_access({{.name = "path", .type = ArgumentType::path, .required = true}, state_rule}, "0755"),
       .shorthand = "path",
       .write = write_directory},
      {.name = "certificate",
       .arguments = {{.name = "path", .type = ArgumentType::path, .required = true},
                     {.name = "certificate"},
                     {.name = "key_path", .type = ArgumentType::path},
                     {.name = "key"},
                     {.name = "key_mode", .type = ArgumentType::mode, .fallback = "0600"},
                     {.name = "owner", .fallback = "root"},
                     {.name = "group", .fallback = "root"},
                     state_rule},
       .write = write_certificate},
  };
}

}  // namespace slipway::playbook
