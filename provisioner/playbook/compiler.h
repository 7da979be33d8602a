#pragma once
// From a playbook and one host's values to the two scripts that keep it: a check, which reads and changes nothing, and
// an apply, which does only what was approved. The only maker of CheckScript.
//
//   Result<Program> program = Compiler::compile(book, {.cluster = "demo", .role = "worker", .variables = …});
//   Result<ScriptOutcome> answer = reader.hosts.check(host, Compiler::check_script(*program), deadline);
//   Result<CheckReport> report = read_check_report(*program, *answer);            // playbook/check_report.h
//   ApplyScript apply = Compiler::apply_script(*program, Approval::of(*program, diff), id, minutes);
//
// Threads: any; everything is a value.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/secret.h"
#include "base/time.h"
#include "graph/diff.h"
#include "playbook/playbook.h"
#include "playbook/program.h"
#include "ports/hosts.h"

namespace slipway::playbook {

/// The host that a playbook is made ready for.
struct Target {
  std::string cluster{};  ///< Goes into the host's stamp.
  std::string role{};     ///< "control-plane", "worker", or empty: tasks for a role are left out.
  std::map<std::string, std::string> labels{};
  Value variables = Value::object();
  std::map<std::string, Secret> secrets{};  ///< Variables below `secrets`: "${secrets.ca_key}".
  std::string address{};                    ///< Not empty: facts "interface" and "address" are wanted.
  bool removal = false;                     ///< The playbook takes the cluster off the host; our own folder goes last.
};

/// Which fields of which tasks an apply may change.
struct Approval {
  bool everything = false;
  std::set<std::pair<size_t, int>> fields{};  ///< (task, field)
  std::set<std::string> handlers{};

  /// What an approved diff permits: a create everything, an update the named fields.
  static Approval of(const Program& program, const Diff& diff);
};

/// An apply, and what is sent along.
struct ApplyScript {
  std::string id{};      ///< Names the unit and its folder on the host.
  std::string launch{};  ///< Script::text: starts or re-attaches; the events up to `offset` are not sent again.
  std::string input{};   ///< Script::input
};

class Compiler {
 public:
  /// Errors: bad_input (placeholder or argument that does not fit; `where` is file:line:column).
  static Result<Program> compile(const Playbook& book, const Target& target);
  /// Tasks that would concern the target, by name; needs no variables.
  static std::vector<std::string> task_names(const Playbook& book, const Target& target);

  static CheckScript check_script(const Program& program);
  /// Waits until the apply `id`, found at work by a check, has ended.
  static CheckScript wait_script(const std::string& id);

  /// `offset`: how many bytes of events were received already, when attaching again.
  static ApplyScript apply_script(const Program& program, const Approval& approval, const std::string& id,
                                  Seconds limit, uint64_t offset = 0);
};

}  // namespace slipway::playbook
