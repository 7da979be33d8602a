#pragma once
// What a module's write function works with: it declares fields, names what the check must look at, and adds lines of
// shell. Everything it is given is quoted here, by base's shell_quote.

#include <string>
#include <vector>

#include "playbook/playbook.h"
#include "playbook/program.h"

namespace slipway::playbook {

/// The file a task wants. Used by every module that puts text somewhere.
struct FileWish {
  std::string path;
  std::string content;
  std::string mode = "644";
  std::string owner = "root";
  std::string group = "root";
  bool secret = false;
};

/// Lives while one task is written. One thread.
class TaskWriter {
 public:
  TaskWriter(Program& program, TaskCode& code, const Playbook& playbook, const Task& task, const Value& variables)
      : program_(program), code_(code), playbook_(playbook), task_(task), variables_(variables) {}

  const std::string& name() const { return code_.name; }
  /// The task's name as part of a file name: lower-case letters, digits and dashes.
  std::string slug() const;
  const Value& variables() const { return variables_; }
  /// The content of a file of files/. REQUIRES: an argument `source` names it.
  const std::string& source(const std::string& file) const { return playbook_.files.at(file); }
  bool handler() const { return code_.handler; }

  /// Begins another object: a file, a package, a setting. `subject` is where it is found on the host ("/etc/fstab",
  /// "containerd.service"), for whoever reads the plan; may be empty.
  void begin_object(std::string subject = {}) {
    ++object_;
    subject_ = std::move(subject);
  }
  /// Declares a field of the current object and answers its number. Fields of one object are numbered in a row.
  int field(const std::string& label, Value wanted, bool existence = false, bool sensitive = false);
  /// Has the check look at it, together with everybody's; answers the index that shell functions take.
  size_t look_at_file(const std::string& path, const std::string& stamp = {});
  size_t look_at_package(const std::string& package);
  /// "containerd" means "containerd.service".
  size_t look_at_unit(const std::string& unit);
  /// `path` below /proc/sys.
  size_t look_at_sysctl(const std::string& path);

  /// Adds a line `function word word …` with every word quoted; the library holds the function.
  void check(const std::string& library, const std::string& function, const std::vector<std::string>& words);
  void apply(const std::string& library, const std::string& function, const std::vector<std::string>& words);
  /// Adds shell as it stands.
  void apply_raw(std::string line) { code_.apply.push_back(std::move(line)); }

  /// Content that travels on standard input; answers the number of its piece. The same content travels once.
  size_t piece(std::string content);
  void upload(Upload upload) { code_.uploads.push_back(std::move(upload)); }
  void owe(const std::string& handler);
  void starts(const std::string& unit) { code_.starts.push_back(unit); }
  void reboots() { code_.reboots = true; }

  /// The whole of a file: fields, check and apply.
  void want_file(const FileWish& wish);
  void want_absent(const std::string& path);
  /// Whether the text holds a secret of this process: such a text shows nowhere, and stands in no script.
  static bool holds_secret(const std::string& text);

 private:
  std::string field_name(const std::string& label) const;
  /// Its place among Program::pieces, from 1.
  size_t number_of(std::string content);
  void owe_reload(const std::string& path);

  Program& program_;
  TaskCode& code_;
  const Playbook& playbook_;
  const Task& task_;
  const Value& variables_;
  int object_ = 0;
  std::string subject_{};
};

/// "containerd" -> "containerd.service"; a name that has an ending keeps it.
std::string unit_name(const std::string& name);
/// Lower-case letters, digits and dashes of `text`.
std::string slug_of(const std::string& text);
/// A digest as diffs show it: "sha256:" and its first 12 digits.
std::string short_digest(const std::string& sha256);

}  // namespace slipway::playbook
