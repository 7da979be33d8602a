#include "playbook/task_writer.h"

#include <algorithm>

#include "base/digest.h"
#include "base/secret.h"
#include "base/text.h"

namespace slipway::playbook {
namespace {

constexpr size_t most_in_script = 32 * 1024;

std::string call(const std::string& function, const std::vector<std::string>& words) {
  std::string line = function;
  for (const std::string& word : words) line += " " + shell_quote(word);
  return line;
}

size_t index_in(std::map<std::string, size_t>& table, const std::string& name) {
  return table.emplace(name, table.size()).first->second;
}

void add_once(std::vector<std::string>& list, const std::string& word) {
  if (std::find(list.begin(), list.end(), word) == list.end()) list.push_back(word);
}

}  // namespace

std::string unit_name(const std::string& name) {
  return name.find('.') == std::string::npos ? name + ".service" : name;
}

std::string slug_of(const std::string& text) {
  std::string slug;
  for (const char c : text) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
      slug += upper ? static_cast<char>(c - 'A' + 'a') : c;
    else if (!slug.empty() && slug.back() != '-')
      slug += '-';
  }
  while (!slug.empty() && slug.back() == '-') slug.pop_back();
  return slug;
}

std::string short_digest(const std::string& sha256) { return "sha256:" + sha256.substr(0, 12); }

std::string TaskWriter::slug() const { return slug_of(program_.playbook + "-" + code_.name); }

std::string TaskWriter::field_name(const std::string& label) const {
  if (subject_.empty()) return label.empty() ? code_.name : code_.name + "/" + label;
  return code_.name + ": " + subject_ + (label.empty() ? "" : " " + label);
}

int TaskWriter::field(const std::string& label, Value wanted, bool existence, bool sensitive) {
  code_.fields.push_back({.name = field_name(label),
                          .wanted = std::move(wanted),
                          .sensitive = sensitive,
                          .existence = existence,
                          .object = object_});
  return static_cast<int>(code_.fields.size()) - 1;
}

size_t TaskWriter::look_at_file(const std::string& path, const std::string& stamp) {
  add_once(code_.files, path);
  program_.libraries.insert("files");
  WatchedFile& file = program_.files.emplace(path, WatchedFile{program_.files.size(), {}}).first->second;
  if (!stamp.empty()) file.stamp = stamp;
  return file.index;
}

size_t TaskWriter::look_at_package(const std::string& package) {
  add_once(code_.packages, package);
  program_.libraries.insert("packages");
  return index_in(program_.packages, package);
}

size_t TaskWriter::look_at_unit(const std::string& unit) {
  add_once(code_.units, unit_name(unit));
  program_.libraries.insert("units");
  return index_in(program_.units, unit_name(unit));
}

size_t TaskWriter::look_at_sysctl(const std::string& path) {
  add_once(code_.sysctls, path);
  program_.libraries.insert("kernel");
  return index_in(program_.sysctls, path);
}

void TaskWriter::check(const std::string& library, const std::string& function, const std::vector<std::string>& words) {
  program_.libraries.insert(library);
  code_.check.push_back(call(function, words));
}

void TaskWriter::apply(const std::string& library, const std::string& function, const std::vector<std::string>& words) {
  program_.libraries.insert(library);
  code_.apply.push_back(call(function, words));
}

size_t TaskWriter::number_of(std::string content) {
  const auto found = std::find(program_.pieces.begin(), program_.pieces.end(), content);
  const size_t position = static_cast<size_t>(found - program_.pieces.begin());
  if (found == program_.pieces.end()) program_.pieces.push_back(std::move(content));
  return position + 1;
}

size_t TaskWriter::piece(std::string content) {
  code_.pieces.push_back(number_of(std::move(content)));
  return code_.pieces.back();
}

void TaskWriter::owe(const std::string& handler) { add_once(code_.owes, handler); }

void TaskWriter::owe_reload(const std::string& path) {
  if (path.starts_with("/etc/systemd/system/")) owe("daemon-reload");
}

bool TaskWriter::holds_secret(const std::string& text) { return redact(text) != text; }

void TaskWriter::want_file(const FileWish& wish) {
  begin_object(wish.path);
  const bool secret = wish.secret || holds_secret(wish.content);
  const std::string digest = sha256(wish.content);
  const int state = field("", "present", true);
  const int content = field("content", secret ? Value() : Value(short_digest(digest)), false, secret);
  field("mode", "0" + wish.mode);
  field("owner", wish.owner);
  field("group", wish.group);
  const std::string index = std::to_string(look_at_file(wish.path));
  if (secret) code_.check.push_back("secret=1");
  check("files", "want_file", {std::to_string(state), index, digest, wish.mode, wish.owner, wish.group});
  if (secret) code_.check.push_back("secret=");
  // Text stands in the script itself, where the host takes it without starting a program.
  const bool in_script =
      !secret && wish.content.size() <= most_in_script && wish.content.find(char{}) == std::string::npos;
  const size_t number = in_script ? number_of(wish.content) : piece(wish.content);
  if (!secret) code_.fields[static_cast<size_t>(content)].piece = number;
  if (in_script) apply_raw("printf %s " + shell_quote(wish.content) + " > \"$dir/in/" + std::to_string(number) + "\"");
  apply("apply_files", "put_file",
        {index, wish.path, digest, wish.mode, wish.owner, wish.group, std::to_string(number)});
  owe_reload(wish.path);
}

void TaskWriter::want_absent(const std::string& path) {
  begin_object(path);
  const int state = field("", Value(), true);
  check("files", "want_absent", {std::to_string(state), std::to_string(look_at_file(path))});
  apply("apply_files", "remove_path", {path});
  owe_reload(path);
}

}  // namespace slipway::playbook
