// slipway: the command line. Reads flags, calls a verb, turns its answer into an exit code.

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "base/text.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "cli/version.h"

namespace slipway {
namespace {

using Verb = int (*)(const Options&);

/// Builds the parser; the verb that was named ends up in `chosen`.
class CommandLine {
 public:
  CommandLine() : app_("Slipway: from one YAML file to a running, repaired, growing Kubernetes platform.", "slipway") {
    app_.require_subcommand(1);
    app_.set_help_flag("-h,--help", "Help, also after a verb");
    app_.footer(
        "Examples:\n"
        "  slipway bootstrap inventory/local.yaml       hosts and a cluster on this machine\n"
        "  slipway plan inventory/local.yaml            what would be touched, and why\n"
        "  slipway repair inventory/local.yaml          mend what drifted\n"
        "  slipway node add inventory/local.yaml --pool workers\n"
        "  slipway destroy inventory/local.yaml         leave the machine as it was\n"
        "SPEC defaults to SLIPWAY_SPEC, else ./slipway.yaml.\n"
        "Exit codes: 0 done, 1 failed, 2 drift (plan --detailed-exitcode), 3 bad input, 4 approval needed, 5 locked,\n"
        "130 and 143 interrupted.");
    runs();
    looks();
    nodes();
    inner_things();
  }

  CLI::App& app() { return app_; }
  const Options& options() const { return options_; }
  Verb chosen() const { return chosen_; }

 private:
  CLI::App* verb(CLI::App& parent, const std::string& name, const std::string& text, Verb function,
                 bool takes_spec = true) {
    CLI::App* sub = parent.add_subcommand(name, text);
    sub->callback([this, function] { chosen_ = function; });
    if (takes_spec) sub->add_option("spec", options_.spec, "The spec file")->type_name("SPEC");
    sub->add_option("--state-dir", options_.state_dir, "Where state lies [.slipway/NAME beside the spec]")
        ->type_name("DIR");
    sub->add_option_function<std::string>(
           "--output", [this](const std::string& form) { options_.json = form == "json"; }, "text or json [text]")
        ->check(CLI::IsMember({"text", "json"}))
        ->type_name("FORM");
    sub->add_flag("-v,--verbose", options_.verbosity, "More talk");
    return sub;
  }

  CLI::App* run_verb(CLI::App& parent, const std::string& name, const std::string& text, Verb function,
                     bool takes_spec = true) {
    CLI::App* sub = verb(parent, name, text, function, takes_spec);
    sub->add_flag("--approve", options_.approve, "Permit replace and delete");
    sub->add_flag("--delete-data", options_.delete_data, "What leaves takes its volumes with it");
    sub->add_flag("--yes", options_.yes, "Answer prompts with yes");
    sub->add_option("--parallelism", options_.parallelism, "Steps at once [64]")->check(CLI::Range(1, 1024));
    sub->add_option("--events", options_.events, "Also write events here, a JSON object a line")->type_name("FILE");
    sub->add_option("--wait", options_.wait_seconds, "Seconds to wait for another run's lock [0]")
        ->check(CLI::Range(0, 86400));
    return sub;
  }

  void runs() {
    run_verb(app_, "bootstrap", "Make everything the spec asks for; run again at any time", verb_bootstrap);
    CLI::App* plan = verb(app_, "plan", "Show what would be done, to what, and why; changes nothing", verb_plan);
    plan->add_option("--out", options_.out, "Save the plan for `apply`")->type_name("FILE");
    plan->add_flag("--detailed-exitcode", options_.detailed_exit_code, "Exit 2 where there is something to do");
    plan->add_flag("--all", options_.all, "Steps with nothing to do, too");
    plan->add_option("--target", options_.targets, "Only these steps or machines (* and ?)")->type_name("GLOB");
    CLI::App* apply = run_verb(app_, "apply", "Apply a saved plan, or a spec", verb_apply, false);
    apply->add_option("file", options_.plan_file, "A saved plan or a spec")->type_name("FILE|SPEC");
    apply->add_option("--target", options_.targets, "Only these steps or machines (* and ?)")->type_name("GLOB");
    CLI::App* repair = run_verb(app_, "repair", "Mend what drifted from the spec", verb_repair);
    repair->add_option("machines", options_.names, "Only these machines")->type_name("MACHINE…");
    run_verb(app_, "destroy", "Delete everything that state knows of", verb_destroy);
  }

  void looks() {
    CLI::App* status = verb(app_, "status", "What is there, and whether it drifted", verb_status);
    status->add_flag("--no-drift", options_.no_drift, "Skip the look for drift");
    verb(app_, "validate", "Check the spec; touches nothing", verb_validate);
    verb(app_, "doctor", "What is wrong here, and the next command", verb_doctor);
    CLI::App* graph = verb(app_, "graph", "The steps and their edges as DOT", verb_graph);
    graph->add_option("--file", options_.file, "Write it here [stdout]")->type_name("FILE");
    CLI::App* kubeconfig = verb(app_, "kubeconfig", "A file that kubectl uses", verb_kubeconfig);
    kubeconfig->add_option("--file", options_.file, "Write it here, 0600 [stdout]")->type_name("FILE");
    kubeconfig->add_option("--role", options_.role, "viewer or deployer, of the add-on access [administrator]")
        ->check(CLI::IsMember({"viewer", "deployer"}));
    kubeconfig->add_flag("--authority", options_.authority,
                         "Only the certificate of the platform's authority, for browsers and curl");
    CLI::App* logs = verb(app_, "logs", "What a machine's services or an add-on's pods wrote last", verb_logs);
    logs->add_option("name", options_.names, "The machine or add-on")
        ->required()
        ->expected(1)
        ->type_name("MACHINE|ADD-ON");
    logs->add_option("--lines", options_.lines, "Lines of each [100]")->check(CLI::Range(1, 100000));
  }

  void nodes() {
    CLI::App* node = app_.add_subcommand("node", "List, add and remove machines");
    node->require_subcommand(1);
    verb(*node, "list", "The machines of the cluster", verb_node_list);
    CLI::App* add =
        run_verb(*node, "add", "Grow a pool: changes its count in the spec, then makes the machine", verb_node_add);
    add->add_option("--pool", options_.pool, "The pool to grow")->required();
    add->add_option("--count", options_.count, "How many [1]")->check(CLI::Range(1, 1000));
    CLI::App* remove =
        run_verb(*node, "remove", "Drain a machine, take it out of the spec and delete it", verb_node_remove);
    remove->add_option("machine", options_.names, "The machine")->required()->expected(1)->type_name("MACHINE");
    CLI::App* ssh = verb(app_, "ssh", "A shell on a machine", verb_ssh);
    ssh->add_option("machine", options_.names, "The machine")->required()->expected(1)->type_name("MACHINE");
    CLI::App* exec = verb(app_, "exec", "Run a command on a machine: exec SPEC MACHINE -- CMD", verb_exec, false);
    exec->add_option_function<std::vector<std::string>>(
            "words",
            [this](const std::vector<std::string>& words) {
              options_.spec = words[0];
              options_.names = {words[1]};
              options_.command.assign(words.begin() + 2, words.end());
            },
            "The spec, the machine, the command")
        ->required()
        ->expected(3, 4096)
        ->type_name("SPEC MACHINE CMD…");
  }

  void inner_things() {
    CLI::App* artifacts = app_.add_subcommand("artifacts", "The pinned third-party files");
    artifacts->require_subcommand(1);
    verb(*artifacts, "list", "Every artifact: version, source, checksum", verb_artifacts_list, false);
    CLI::App* get = verb(*artifacts, "get", "Make artifacts ready and print their paths", verb_artifacts_get, false);
    get->add_option("names", options_.names, "e.g. binary/kubectl")->required()->type_name("NAME…");
    CLI::App* state = app_.add_subcommand("state", "What Slipway knows");
    state->require_subcommand(1);
    verb(*state, "list", "Every recorded step", verb_state_list);
    CLI::App* show = verb(*state, "show", "One recorded step", verb_state_show);
    show->add_option("step", options_.names, "The step's id")->required()->expected(1)->type_name("STEP");
    CLI::App* version = app_.add_subcommand("version", "Version and build facts");
    version->callback([this] { chosen_ = print_version; });
  }

  CLI::App app_;
  Options options_;
  Verb chosen_ = nullptr;
};

/// The nearest verb for a word that is none.
std::string suggestion(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> verbs;
  for (const CLI::App* sub : app.get_subcommands(nullptr)) verbs.push_back(sub->get_name());
  for (int i = 1; i < argc; ++i)
    if (argv[i][0] != '-') {
      if (std::find(verbs.begin(), verbs.end(), argv[i]) != verbs.end()) return {};
      const std::optional<std::string> near = nearest(argv[i], verbs);
      return near ? "did you mean 'slipway " + *near + "'?" : "slipway --help lists the verbs";
    }
  return "slipway --help lists the verbs";
}

int run(int argc, char** argv) {
  CommandLine line;
  try {
    line.app().parse(argc, argv);
  } catch (const CLI::Success& help) {
    return line.app().exit(help);
  } catch (const CLI::ParseError& problem) {
    const std::string near = suggestion(line.app(), argc, argv);
    say(describe(fail(ErrorKind::bad_input, "cannot read the command line",
                      {.found = problem.what(), .advice = near.empty() ? "slipway VERB --help" : near})));
    return exit_code(ErrorKind::bad_input);
  }
  return line.chosen()(line.options());
}

}  // namespace
}  // namespace slipway

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  return slipway::run(argc, argv);
}
