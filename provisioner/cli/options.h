#pragma once
#include <string>
#include <vector>

#include "engine/planner.h"

namespace slipway {

/// What the command line said, for every verb. Nothing below cli/ knows argv.
struct Options {
  std::string spec;       ///< SPEC; else SLIPWAY_SPEC, else ./slipway.yaml.
  std::string state_dir;  ///< --state-dir; else .slipway/NAME beside the spec.
  bool json = false;      ///< --output json: stdout holds exactly one document, talk goes to stderr.
  std::string events;     ///< --events FILE: one JSON object a line.
  int verbosity = 0;
  size_t parallelism = usual_parallelism;
  bool approve = false;            ///< Permits replace and delete.
  bool approve_data_loss = false;  ///< --approve data-loss: permits making again, empty, what carried data.
  bool delete_data = false;        ///< What leaves takes its volumes with it.
  bool yes = false;                ///< Answers prompts.
  int wait_seconds = 0;            ///< How long to wait for the state's lock.
  std::vector<std::string> targets;
  bool all = false;
  bool detailed_exit_code = false;
  bool no_drift = false;
  std::string out;                         ///< plan --out
  std::string file;                        ///< kubeconfig --file, graph --file, …
  std::string plan_file;                   ///< apply FILE
  std::string role;                        ///< kubeconfig --role: viewer or deployer; empty: administrator.
  bool authority = false;                  ///< kubeconfig --authority: the platform's certificate instead.
  int lines = 100;                         ///< logs --lines
  std::string form;                        ///< graph --format
  std::string run;                         ///< report --run
  std::string provider;                    ///< init --provider
  std::string shell;                       ///< completion SHELL
  bool markdown = false;                   ///< man --markdown
  std::string pool;                        ///< node add --pool
  int count = 1;                           ///< node add --count
  bool incremental = false;                ///< backup create --incremental
  std::string backup;                      ///< backup restore --backup
  std::string at_time;                     ///< backup restore --at
  std::string kubernetes;                  ///< artifacts --kubernetes: the release; empty: the default.
  std::string to;                          ///< upgrade --to; empty: the one under way, else the spec's.
  int max_unavailable = 1;                 ///< upgrade --max-unavailable
  int waves = 0;                           ///< upgrade --waves; 0: all.
  bool plan_only = false;                  ///< upgrade --plan
  std::vector<std::string> accepted;       ///< upgrade --accept
  std::vector<std::string> names;          ///< Machines, artifacts, states, by verb.
  std::vector<std::string> command;        ///< exec … -- CMD
  std::string passphrase_file;             ///< state export|import|rekey: its first line is the passphrase.
  bool with_passphrase = false;            ///< state rekey --passphrase
  bool without_passphrase = false;         ///< state rekey --no-passphrase
  std::string variable;                    ///< secret set --env
  std::vector<std::string> adopt, remove;  ///< orphans --adopt ID… --delete ID…
  std::string sops_file;                   ///< secret set --sops
  std::string key;                         ///< secret set --sops FILE --key PATH; state recover --key FILE
};

}  // namespace slipway
