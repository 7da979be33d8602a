// After a loss: `state recover` makes a state out of what exists, `orphans` names what no state knows.

#include <filesystem>
#include <set>

#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/live_ports.h"
#include "cli/output.h"
#include "cli/passphrase.h"
#include "cli/places.h"
#include "cli/state_access.h"
#include "cli/verbs.h"
#include "cluster/orphans.h"
#include "cluster/recover.h"
#include "cluster/recover_platform.h"
#include "ssh/hosts.h"

namespace slipway {
namespace {

constexpr const char* recovering = "recovering";

/// Looks into machines over SSH, with a key that the user has.
class SshLook {
 public:
  static Result<std::unique_ptr<SshLook>> open(const Spec& spec, const std::string& key) {
    std::unique_ptr<SshLook> look(new SshLook(spec));
    if (key.empty())
      return fail(ErrorKind::unauthorised, "the login key was lost with the state",
                  {.expected = "a key that the control planes accept",
                   .advice = "slipway state recover SPEC --key FILE; the provider's console can add one to "
                             "authorized_keys",
                   .where = spec.path});
    Result<std::unique_ptr<SshHosts>> hosts =
        SshHosts::open({.private_key_path = key, .known_hosts_path = spec.ssh.known_hosts});
    if (!hosts) return std::move(hosts).error();
    look->hosts_ = *std::move(hosts);
    return look;
  }

  Result<std::string> read(const RecoveredMachine& machine, const std::string& path) {
    const std::string file = shell_quote(path);
    Result<std::string> text = run(machine, "[ -e " + file + " ] || exit 44\nbase64 " + file + "\n", "");
    if (!text) return text;
    Result<std::string> bytes = base64_decode(replace_all(std::string(trim(*text)), "\n", ""));
    if (bytes) (void)Secret(*bytes);  // Known to the redactor before anything can print it.
    return bytes;
  }

  Result<void> authorise(const RecoveredMachine& machine, const SshKeyPair& key) {
    // As root, for the user that logs in.
    const std::string script = "set -e\nuser=" + shell_quote(access_of(machine).user) + R"(
home=$(getent passwd -- "$user" | cut -d: -f6)
IFS= read -r line
umask 077
mkdir -p "$home/.ssh"
keys=$home/.ssh/authorized_keys
grep -qxF -- "$line" "$keys" 2>/dev/null || printf '%s\n' "$line" >>"$keys"
chown "$user:" "$home/.ssh" "$keys"
)";
    Result<std::string> done = run(machine, script, key.public_key + "\n");
    if (!done) return std::move(done).error();
    return {};
  }

 private:
  explicit SshLook(const Spec& spec) : spec_(spec) {}

  HostAccess access_of(const RecoveredMachine& machine) const {
    HostAccess access{.machine = machine.name,
                      .address = machine.address,
                      .port = spec_.ssh.port,
                      .user = spec_.ssh.user,
                      .sudo = spec_.ssh.sudo,
                      .jump = spec_.ssh.jump,
                      .jump_host_keys = {},
                      .host_keys = {}};
    for (const Pool& pool : spec_.pools)
      for (const ExistingHost& host : pool.hosts) {
        if (host.name != machine.name.text()) continue;
        if (host.port != 0) access.port = host.port;
        if (!host.user.empty()) access.user = host.user;
        if (!host.fingerprint.empty()) access.host_keys.push_back(host.fingerprint);
      }
    return access;
  }

  Result<std::string> run(const RecoveredMachine& machine, const std::string& text, const std::string& input) {
    Result<ScriptOutcome> outcome =
        hosts_->run(access_of(machine), {.text = text, .input = input}, Deadline::in(Seconds(30)));
    if (!outcome) return std::move(outcome).error();
    if (outcome->exit_status == 0) return std::move(outcome->output);
    return fail(outcome->exit_status == 44 ? ErrorKind::not_found : ErrorKind::unavailable,
                "cannot look into a machine",
                {.found = std::string(trim(outcome->error_output)), .where = machine.name.text()});
  }

  Spec spec_;
  std::unique_ptr<SshHosts> hosts_;
};

/// Keeps what it looks with alive.
struct Looker {
  std::unique_ptr<SshLook> ssh;
  MachineLook look;
};

Result<Looker> looker_for(const Spec& spec, Provider& provider, const std::string& key) {
  Looker looker;
  if (MachineFiles* files = provider.machine_files(); files && key.empty()) {
    looker.look.read = [files](const RecoveredMachine& machine, const std::string& path) {
      return files->read(machine.name, path);
    };
    looker.look.authorise = [files](const RecoveredMachine& machine, const SshKeyPair& login) {
      return files->authorise(machine.name, login.public_key);
    };
    return looker;
  }
  Result<std::unique_ptr<SshLook>> ssh = SshLook::open(spec, key.empty() ? spec.ssh.key : key);
  if (!ssh) return std::move(ssh).error();
  looker.ssh = *std::move(ssh);
  looker.look.read = [look = looker.ssh.get()](const RecoveredMachine& machine, const std::string& path) {
    return look->read(machine, path);
  };
  looker.look.authorise = [look = looker.ssh.get()](const RecoveredMachine& machine, const SshKeyPair& login) {
    return look->authorise(machine, login);
  };
  return looker;
}

/// The fresh store; a recovery that was cut off is gone on with.
Result<std::unique_ptr<StateStore>> open_fresh(const Options& options, const Spec& spec, const std::string& directory) {
  const bool present = has_state(directory);
  Result<std::unique_ptr<StateStore>> store = StateStore::open({.directory = directory,
                                                                .cluster = spec.name,
                                                                .verb = "state recover",
                                                                .wait = Seconds(options.wait_seconds),
                                                                .passphrase = key_passphrase()});
  if (!store) return store;
  if (present && (*store)->fact(recovering).is_null())
    return fail(
        ErrorKind::bad_input, "there is a state here already",
        {.found = "cluster '" + spec.name + "', " + std::to_string((*store)->snapshot().steps.size()) + " steps",
         .expected = "none",
         .advice = "slipway plan " + spec.path +
                   " works with it. If its key is lost and no export is left, move its STATE.* files away "
                   "and recover again",
         .where = directory});
  if (Result<void> noted = (*store)->set_fact(recovering, format_time(std::chrono::system_clock::now())); !noted)
    return std::move(noted).error();
  return store;
}

std::set<std::string> secret_names(StateStore& store) {
  std::set<std::string> names;
  for (const auto& [name, sealed] : store.snapshot().sealed) names.insert(name);
  return names;
}

std::set<std::string> without(std::set<std::string> names, const std::set<std::string>& known) {
  for (const std::string& name : known) names.erase(name);
  return names;
}

/// `found`: the secrets that could be read back.
Result<Recovery> recover_identity(const Options& options, const Spec& spec, const std::string& directory,
                                  std::set<std::string>& found) {
  Result<std::unique_ptr<Provider>> provider = open_provider(spec, directory);
  if (!provider) return std::move(provider).error();
  Result<Recovery> recovery = find_machines(spec, **provider);
  if (!recovery) return recovery;
  Result<Looker> looker = looker_for(spec, **provider, options.key);
  if (!looker) return std::move(looker).error();
  Result<std::unique_ptr<StateStore>> store = open_fresh(options, spec, directory);
  if (!store) return std::move(store).error();
  if (Result<void> done = recover_state(**store, spec, looker->look, *recovery); !done) return std::move(done).error();
  found = secret_names(**store);
  return recovery;
}

}  // namespace

int verb_state_recover(const Options& options) {
  Result<Spec> spec = load_spec(spec_path(options));
  if (!spec) return report_error(options, spec.error());
  const std::string directory = state_directory_for(options, spec->path, spec->name);
  std::set<std::string> found;
  Result<Recovery> recovery = recover_identity(options, *spec, directory, found);
  if (!recovery) return report_error(options, recovery.error());

  Result<std::unique_ptr<Session>> session = Session::open(options, "state recover", Access::change);
  if (!session) return report_error(options, session.error());
  std::set<std::string> anew = without(secret_names((*session)->store()), found);
  if (Result<void> read =
          recover_platform((*session)->store(), (*session)->spec(), (*session)->membership(), (*session)->identity(),
                           (*session)->provider(), (*session)->reader().cluster, data_directory());
      !read)
    return report_error(options, std::move(read).error());
  const std::set<std::string> before = secret_names((*session)->store());
  if (Result<void> expanded = (*session)->expand_graph(); !expanded) return report_error(options, expanded.error());
  Result<Plan> plan = (*session)->plan({});
  if (!plan) return report_error(options, plan.error());
  // What is as the spec wants is taken into the state; nothing is made or changed.
  Plan adopting = *plan;
  for (PlannedStep& step : adopting.steps)
    if (step.diff.action != Action::none || !step.observed) step.out_of_scope = true;
  const RunSummary summary = (*session)->run(adopting, "recover");
  if (!summary.failures.empty()) return report_error(options, summary.failures.front().error);
  if (Result<void> done = (*session)->store().set_fact(recovering, Value()); !done)
    return report_error(options, done.error());

  anew.merge(without(secret_names((*session)->store()), before));
  const size_t adopted = (*session)->store().snapshot().steps.size();
  const size_t to_do = plan->steps.size() - plan->count(Action::none);
  std::string text = "Cluster " + spec->name + " is known again: " + std::to_string(recovery->machines.size()) +
                     " machines and " + std::to_string(adopted) + " steps adopted, " + std::to_string(summary.applied) +
                     " made. The cluster's keys are those of " + recovery->source.text() + ".\n";
  if (!recovery->strangers.empty())
    text += "Machines with this cluster's mark that the spec has no pool for: " + join(recovery->strangers, ", ") +
            " (slipway orphans " + spec->path + ")\n";
  if (!anew.empty())
    text += "These secrets could not be found and were made anew; where the old value must stay, set it:\n";
  for (const std::string& name : anew)
    text += !(*session)->store().fact("public/" + name).is_null()
                ? "  " + name + " (Slipway's own: what uses it changes with the next run)\n"
                : "  slipway secret set " + spec->path + " " + name + "\n";
  text += to_do == 0 ? "Nothing to do.\n" : std::to_string(to_do) + " steps to do: slipway plan " + spec->path + "\n";
  text += export_line(directory, spec->path, (*session)->store().snapshot().serial) + "\n";
  Value machines = Value::array();
  for (const RecoveredMachine& machine : recovery->machines)
    machines.push_back({{"name", machine.name.text()}, {"pool", machine.pool}, {"address", machine.address}});
  print_result(options, text,
               {{"format", 1},
                {"cluster", spec->name},
                {"machines", std::move(machines)},
                {"strangers", recovery->strangers},
                {"source", recovery->source.text()},
                {"adopted", adopted},
                {"applied", summary.applied},
                {"to_do", to_do},
                {"secrets_made_anew", anew}});
  return 0;
}

int verb_orphans(const Options& options) {
  const bool changes = !options.adopt.empty() || !options.remove.empty();
  Result<StateAccess> access = open_state(options, "orphans", changes ? Access::change : Access::look);
  if (!access) return report_error(options, access.error());
  Result<std::unique_ptr<Provider>> provider = open_provider(access->spec, access->directory);
  if (!provider) return report_error(options, provider.error());
  Result<std::vector<CloudObject>> owned = (*provider)->list_owned();
  if (!owned) return report_error(options, owned.error());
  const std::vector<CloudObject> orphans = find_orphans(*owned, access->store->snapshot());
  const auto named = [&](const std::string& id) {
    return std::find_if(orphans.begin(), orphans.end(), [&](const CloudObject& object) { return object.id == id; });
  };
  for (const std::vector<std::string>* ids : {&options.adopt, &options.remove})
    for (const std::string& id : *ids)
      if (named(id) == orphans.end())
        return report_error(options, fail(ErrorKind::not_found, "no such orphan",
                                          {.found = id, .advice = "slipway orphans " + access->spec.path}));
  if (!options.remove.empty() && !options.approve)
    return report_error(options, fail(ErrorKind::approval_needed, "deleting needs approval",
                                      {.found = join(options.remove, ", "), .advice = "run again with --approve"}));
  std::string text;
  Value rows = Value::array();
  for (const CloudObject& orphan : orphans) {
    const auto among = [&](const std::vector<std::string>& ids) {
      return std::find(ids.begin(), ids.end(), orphan.id) != ids.end();
    };
    std::string done = "found";
    if (among(options.remove)) {
      if (Result<void> gone =
              (*provider)->writer().remove(orphan.kind, orphan.id, Deadline::in(std::chrono::minutes(5)));
          !gone)
        return report_error(options, std::move(gone).error().while_doing("deleting " + orphan.id));
      done = "deleted";
    } else if (among(options.adopt)) {
      if (Result<StepId> adopted = adopt_orphan(*access->store, access->spec, orphan); !adopted)
        return report_error(options, std::move(adopted).error().while_doing("adopting " + orphan.id));
      done = "adopted";
    }
    text += done + "  " + orphan.kind + "  " + orphan.id + "  " + orphan.name + "  " + orphan.mark + "\n";
    rows.push_back(
        {{"kind", orphan.kind}, {"id", orphan.id}, {"name", orphan.name}, {"mark", orphan.mark}, {"done", done}});
  }
  if (orphans.empty())
    text = "No orphans: the state knows all " + std::to_string(owned->size()) + " things with its mark.\n";
  if (!options.adopt.empty()) text += "Try next: slipway plan " + access->spec.path + "\n";
  print_result(options, text, {{"format", 1}, {"orphans", std::move(rows)}});
  return 0;
}

}  // namespace slipway
