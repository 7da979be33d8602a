// slipway: the command line. Reads flags, calls a verb, turns its answer into an exit code.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <sys/resource.h>

#include "cli/command_tree.h"
#include "cli/examples.h"
#include "cli/output.h"
#include "cli/usage.h"
#include "cli/verbs.h"
#include "cli/version.h"
#include "cluster/upgrade_checks.h"

namespace slipway {
namespace {

using Verb = int (*)(const Options&);

/// Builds the parser; the verb that was named ends up in `chosen`.
class CommandLine {
 public:
  CommandLine() : app_("Slipway: from one YAML file to a running, repaired, growing Kubernetes platform.", "slipway") {
    app_.require_subcommand(1);
    app_.set_help_flag("-h,--help", "Help, also after a verb");
    app_.set_version_flag("--version", std::string("slipway ") + version())->group("");
    app_.footer(examples_of(""));
    starts();
    runs();
    looks();
    nodes();
    backups();
    database();
    certificates();
    inner_things();
  }

  CLI::App& app() { return app_; }
  const Options& options() const { return options_; }
  Verb chosen() const { return chosen_; }

 private:
  static CLI::App* named(CLI::App& parent, const std::string& name, const std::string& text) {
    CLI::App* sub = parent.add_subcommand(name, text);
    std::string path = name;
    for (CLI::App* at = &parent; at->get_parent() != nullptr; at = at->get_parent()) path = at->get_name() + " " + path;
    return sub->footer(examples_of(path));
  }

  CLI::App* group(const std::string& name, const std::string& text) {
    return named(app_, name, text)->require_subcommand(1);
  }

  CLI::App* verb(CLI::App& parent, const std::string& name, const std::string& text, Verb function,
                 bool takes_spec = true) {
    CLI::App* sub = named(parent, name, text);
    // The callback of `create` also runs for `create etcd`, after it.
    sub->callback([this, sub, function] {
      if (sub->get_subcommands().empty()) chosen_ = function;
    });
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
    sub->add_flag("--approve", options_.approve,
                  "Permit replace and delete; `--approve data-loss` also starting empty");
    sub->add_flag("--approve-data-loss", options_.approve_data_loss)->group("");
    sub->add_flag("--delete-data", options_.delete_data, "What leaves takes its volumes with it");
    sub->add_flag("--yes", options_.yes, "Answer prompts with yes");
    sub->add_option("--parallelism", options_.parallelism, "Steps at once [512]")->check(CLI::Range(1, 1024));
    sub->add_option("--events", options_.events, "Also write events here, a JSON object a line")->type_name("FILE");
    sub->add_option("--wait", options_.wait_seconds, "Seconds to wait for another run's lock [0]")
        ->check(CLI::Range(0, 86400));
    return sub;
  }

  void starts() {
    CLI::App* init = verb(app_, "init", "Write a first spec, out of a few answers", verb_init, false);
    init->add_option("--provider", options_.provider, "local, existing, openstack or opennebula")
        ->type_name("PROVIDER");
    init->add_option("--file", options_.file, "Write it here [slipway.yaml]")->type_name("FILE");
    init->add_option("--answer", options_.names, "An answer, such as workers=3; --yes takes the defaults of the others")
        ->type_name("QUESTION=ANSWER");
    init->add_flag("--yes", options_.yes, "Ask nothing");
    CLI::App* complete = verb(app_, "complete", "", verb_complete, false)->group("");
    complete->add_option("words", options_.names)->required()->expected(1, 2);
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
    CLI::App* upgrade =
        run_verb(app_, "upgrade", "Another release of Kubernetes, node by node; again to go on", verb_upgrade);
    upgrade->add_option("--to", options_.to, "The release, the next patch or minor [the spec's]")->type_name("VERSION");
    upgrade->add_option("--max-unavailable", options_.max_unavailable, "Workers at once [1]")
        ->check(CLI::Range(1, 1000));
    upgrade->add_option("--waves", options_.waves, "Pause after so many waves [all]")->check(CLI::Range(1, 100000));
    upgrade->add_flag("--plan", options_.plan_only, "Only ask what stands in the way and show the plan");
    upgrade->add_option("--accept", options_.accepted, "Go past this: backup, bare-pods or deprecated-apis")
        ->check(CLI::IsMember(upgrade_concessions))
        ->allow_extra_args(false)
        ->type_name("CHECK");
    run_verb(app_, "destroy", "Delete everything that state knows of", verb_destroy);
  }

  void looks() {
    CLI::App* status = verb(app_, "status", "What is there, and whether it drifted", verb_status);
    status->add_flag("--no-drift", options_.no_drift, "Skip the look for drift");
    verb(app_, "validate", "Check the spec; touches nothing", verb_validate);
    verb(app_, "doctor", "What is wrong here, and the next command", verb_doctor);
    CLI::App* report = verb(app_, "report", "A page about a run, as one HTML file", verb_report);
    report->add_option("--file", options_.file, "Write it here, 0600")->required()->type_name("FILE");
    report->add_option("--run", options_.run, "The run's id [the newest]")->type_name("RUN");
    CLI::App* graph = verb(app_, "graph", "The steps and their edges, as a picture", verb_graph);
    graph->add_option("--format", options_.form, "dot, mermaid or svg [dot]")
        ->check(CLI::IsMember({"dot", "mermaid", "svg"}))
        ->type_name("FORM");
    graph->add_flag("--all", options_.all, "Each machine by itself, not pools folded into one");
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
    CLI::App* node = group("node", "List, add, remove and replace machines");
    verb(*node, "list", "The machines of the cluster", verb_node_list);
    CLI::App* add =
        run_verb(*node, "add", "Grow a pool: changes its count in the spec, then makes the machine", verb_node_add);
    add->add_option("--pool", options_.pool, "The pool to grow")->required()->type_name("POOL");
    add->add_option("--count", options_.count, "How many [1]")->check(CLI::Range(1, 1000));
    CLI::App* remove =
        run_verb(*node, "remove", "Drain a machine, take it out of the spec and delete it", verb_node_remove);
    remove->add_option("machine", options_.names, "The machine")->required()->expected(1)->type_name("MACHINE");
    CLI::App* replace =
        run_verb(*node, "replace", "Put a new machine in the place of one, then delete that one", verb_node_replace);
    replace->add_option("machine", options_.names, "The machine")->required()->expected(1)->type_name("MACHINE");
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

  void backups() {
    CLI::App* backup = group("backup", "Backups of the database, and of etcd");
    CLI::App* create = verb(*backup, "create", "Take a backup now", verb_backup_create);
    create->add_flag("--incremental", options_.incremental, "Only what changed since the newest one");
    CLI::App* list = verb(*backup, "list", "Every backup: when, how large, and how it was checked", verb_backup_list);
    CLI::App* restore =
        verb(*backup, "restore", "Bring the database back, up to the last archived WAL", verb_backup_restore);
    restore->add_option("--backup", options_.backup, "Begin from this one [the newest]")->type_name("LABEL");
    restore->add_option("--at", options_.at_time, "Stop at this time, as \"2026-11-25 08:00:00+00\" [the end]")
        ->type_name("TIME");
    restore->add_flag("--approve", options_.approve, "Also replace a database that is alive");
    restore->add_option("--wait", options_.wait_seconds, "Seconds to wait for another run's lock [0]")
        ->check(CLI::Range(0, 86400));
    CLI::App* drill = verb(*backup, "drill", "Restore the newest backup beside the live database and compare them",
                           verb_backup_drill);
    verb(*create, "etcd", "Save etcd with the cluster's keys, and fetch it here", verb_backup_create_etcd);
    verb(*list, "etcd", "Every backup of etcd, and where it lies", verb_backup_list_etcd);
    CLI::App* drill_etcd =
        verb(*drill, "etcd", "Start a throw-away etcd out of a backup and count its objects", verb_backup_drill_etcd);
    CLI::App* restore_etcd = changing(*restore, "etcd", "Bring the cluster's objects back, on every control plane",
                                      verb_backup_restore_etcd);
    for (CLI::App* sub : {drill_etcd, restore_etcd})
      sub->add_option("--backup", options_.backup, "This one [the newest that was fetched]")->type_name("LABEL");
    restore_etcd->add_flag("--approve", options_.approve, "As `--approve data-loss`: what was written since goes");
    restore_etcd->add_flag("--approve-data-loss", options_.approve_data_loss)->group("");
  }

  void database() {
    CLI::App* database = group("database", "Which replica of the database takes writes");
    CLI::App* promote =
        changing(*database, "promote", "Make the replica the primary, once the former one is out of the way",
                 verb_database_promote);
    promote->add_option("replica", options_.names, "The replica [the other one]")->expected(0, 1)->type_name("REPLICA");
    promote->add_flag("--approve", options_.approve, "Also where only you know that the former primary is dead");
  }

  void certificates() {
    CLI::App* cert = group("cert", "Certificates, and the key that secrets are encrypted with");
    verb(*cert, "list", "Every certificate: where, whose, and how long it lasts", verb_cert_list);
    run_verb(*cert, "rotate-encryption", "A new key for the cluster's Secrets in etcd, in place of the present one",
             verb_cert_rotate_encryption);
  }

  void inner_things() {
    CLI::App* artifacts = group("artifacts", "The pinned third-party files");
    CLI::App* list = verb(*artifacts, "list", "Every artifact: version, source, checksum", verb_artifacts_list, false);
    CLI::App* get = verb(*artifacts, "get", "Make artifacts ready and print their paths", verb_artifacts_get, false);
    for (CLI::App* app : {list, get})
      app->add_option("--kubernetes", options_.kubernetes, "The Kubernetes release they belong to [the default]")
          ->type_name("VERSION");
    get->add_option("names", options_.names, "e.g. binary/kubectl")->required()->type_name("NAME…");
    CLI::App* state = group("state", "What Slipway knows");
    verb(*state, "list", "Every recorded step", verb_state_list);
    CLI::App* show = verb(*state, "show", "One recorded step", verb_state_show);
    show->add_option("step", options_.names, "The step's id")->required()->expected(1)->type_name("STEP");
    carry(*state);
    correct(*state);
    secrets();
    CLI::App* completion = named(app_, "completion", "Completion for a shell: source <(slipway completion bash)");
    completion->add_option("shell", options_.shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    named(app_, "man", "The man page: slipway man | man -l -")
        ->add_flag("--markdown", options_.markdown, "The verbs and options as Markdown");
    CLI::App* version = named(app_, "version", "Version and build facts");
    version->callback([this] { chosen_ = print_version; });
  }

  CLI::App* changing(CLI::App& parent, const std::string& name, const std::string& text, Verb function) {
    CLI::App* sub = verb(parent, name, text, function);
    sub->add_option("--wait", options_.wait_seconds, "Seconds to wait for another run's lock [0]")
        ->check(CLI::Range(0, 86400));
    return sub;
  }

  CLI::App* with_passphrase_file(CLI::App* sub) {
    sub->add_option("--passphrase-file", options_.passphrase_file, "A file whose first line is the passphrase")
        ->type_name("FILE");
    return sub;
  }

  /// The state on its way to another machine, and its key.
  void carry(CLI::App& state) {
    CLI::App* out =
        verb(state, "export", "Write one encrypted file with all that another machine needs", verb_state_export);
    with_passphrase_file(out)
        ->add_option("--file", options_.file, "Write it here [./NAME.slipway-export]")
        ->type_name("FILE");
    CLI::App* in = changing(state, "import", "Take up what export wrote", verb_state_import);
    with_passphrase_file(in)->add_option("--file", options_.file, "The export")->required()->type_name("FILE");
    CLI::App* recover = changing(state, "recover", "Without state and export: take up what carries the cluster's mark",
                                 verb_state_recover);
    recover->add_option("--key", options_.key, "A private key that the machines accept [the spec's ssh.key]")
        ->type_name("FILE");
    CLI::App* rekey = changing(state, "rekey", "Seal every secret under a fresh key", verb_state_rekey);
    rekey->add_flag("--passphrase", options_.with_passphrase, "Protect the key file by a passphrase");
    rekey->add_flag("--no-passphrase", options_.without_passphrase, "Leave the key file unprotected")
        ->excludes("--passphrase");
    with_passphrase_file(rekey);
  }

  void correct(CLI::App& state) {
    CLI::App* orphans = changing(app_, "orphans", "What carries the cluster's mark and no state knows", verb_orphans);
    orphans->add_option("--adopt", options_.adopt, "Take it into the state; the spec then decides")
        ->type_name("ID")
        ->allow_extra_args(false);
    orphans->add_option("--delete", options_.remove, "Delete it")->type_name("ID")->allow_extra_args(false);
    orphans->add_flag("--approve", options_.approve, "Permit the delete");
    CLI::App* unlock = verb(state, "unlock", "Who holds the lock; --approve ends that run", verb_state_unlock);
    unlock->add_flag("--approve", options_.approve, "End the run that holds it");
    CLI::App* move = changing(state, "mv", "Give a recorded step another id", verb_state_mv);
    move->add_option("steps", options_.names, "From, to")->required()->expected(2)->type_name("FROM TO");
    CLI::App* remove = changing(state, "rm", "Forget a recorded step; what it made stays", verb_state_rm);
    remove->add_option("step", options_.names, "The step's id")->required()->expected(1)->type_name("STEP");
    remove->add_flag("--approve", options_.approve, "Permit it");
  }

  void secrets() {
    CLI::App* secret = group("secret", "Secrets that you give, sealed in the state");
    CLI::App* set =
        changing(*secret, "set", "Seal a secret: from a file, a variable, sops or standard input", verb_secret_set);
    set->add_option("name", options_.names, "e.g. addon/postgres/password")->required()->expected(1)->type_name("NAME");
    set->add_option("--file", options_.file, "Its content, less one line end")->type_name("FILE");
    set->add_option("--env", options_.variable, "The value of this variable")->type_name("VARIABLE");
    set->add_option("--sops", options_.sops_file, "A file that the program sops decrypts")->type_name("FILE");
    set->add_option("--key", options_.key, "The value in it")->type_name("PATH.TO.VALUE");
    verb(*secret, "list", "Names and origins; never values", verb_secret_list);
    CLI::App* remove = changing(*secret, "remove", "Forget a given secret", verb_secret_remove);
    remove->add_option("name", options_.names, "Its name")->required()->expected(1)->type_name("NAME");
  }

  CLI::App app_;
  Options options_;
  Verb chosen_ = nullptr;
};

/// The words as the parser wants them: `--approve data-loss` is one flag, so that a spec after --approve is still a
/// spec.
std::vector<std::string> words_of(int argc, char** argv) {
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--") {
      words.insert(words.end(), argv + i, argv + argc);
      break;
    }
    const bool follows = !words.empty() && words.back() == "--approve" && word == "data-loss";
    if (follows || word == "--approve=data-loss")
      words.emplace_back("--approve-data-loss");
    else
      words.push_back(word);
  }
  // CLI11 takes the last word first.
  std::reverse(words.begin(), words.end());
  return words;
}

/// Hundreds of hosts at once are more connections than the 1,024 files that a shell usually grants.
void allow_many_open_files() {
  constexpr rlim_t enough = 65536;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= enough) return;
  limit.rlim_cur = std::min(enough, limit.rlim_max);
  (void)setrlimit(RLIMIT_NOFILE, &limit);  // Refused: what cannot be opened says so where it happens.
}

int run(int argc, char** argv) {
  CommandLine line;
  if (argc < 2) {
    std::cerr << line.app().help();
    return exit_code(ErrorKind::bad_input);
  }
  try {
    line.app().parse(words_of(argc, argv));
  } catch (const CLI::Success& help) {
    return line.app().exit(help);
  } catch (const CLI::ParseError& problem) {
    say(describe(usage_error(command_help(line.app()), {argv + 1, argv + argc}, problem.what())));
    return exit_code(ErrorKind::bad_input);
  }
  const CLI::App& app = line.app();
  if (app.got_subcommand("completion")) {
    std::cout << completion_script(command_help(app), line.options().shell);
    return 0;
  }
  if (app.got_subcommand("man")) {
    const CommandHelp help = command_help(app);
    std::cout << (line.options().markdown ? verbs_reference(help) : man_page(help, version()));
    return 0;
  }
  return line.chosen()(line.options());
}

}  // namespace
}  // namespace slipway

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  slipway::allow_many_open_files();
  return slipway::run(argc, argv);
}
