#pragma once
// One function per verb; each answers the exit code. Wired to the command line in main.cpp.

#include "cli/options.h"

namespace slipway {

int verb_bootstrap(const Options& options);
int verb_plan(const Options& options);
int verb_apply(const Options& options);
int verb_repair(const Options& options);
int verb_status(const Options& options);
int verb_node_list(const Options& options);
int verb_node_add(const Options& options);
int verb_node_remove(const Options& options);
int verb_node_replace(const Options& options);
int verb_destroy(const Options& options);
int verb_upgrade(const Options& options);
int verb_validate(const Options& options);
int verb_doctor(const Options& options);
int verb_graph(const Options& options);
int verb_kubeconfig(const Options& options);
int verb_logs(const Options& options);
int verb_ssh(const Options& options);
int verb_exec(const Options& options);
int verb_artifacts_list(const Options& options);
int verb_artifacts_get(const Options& options);
int verb_report(const Options& options);
int verb_init(const Options& options);
int verb_complete(const Options& options);
int verb_backup_create(const Options& options);
int verb_backup_list(const Options& options);
int verb_backup_restore(const Options& options);
int verb_backup_drill(const Options& options);
int verb_backup_create_etcd(const Options& options);
int verb_backup_list_etcd(const Options& options);
int verb_backup_restore_etcd(const Options& options);
int verb_backup_drill_etcd(const Options& options);
int verb_database_promote(const Options& options);
int verb_cert_list(const Options& options);
int verb_cert_rotate_encryption(const Options& options);
int verb_state_list(const Options& options);
int verb_state_show(const Options& options);
int verb_state_export(const Options& options);
int verb_state_import(const Options& options);
int verb_state_recover(const Options& options);
int verb_orphans(const Options& options);
int verb_state_rekey(const Options& options);
int verb_state_unlock(const Options& options);
int verb_state_mv(const Options& options);
int verb_state_rm(const Options& options);
int verb_secret_set(const Options& options);
int verb_secret_list(const Options& options);
int verb_secret_remove(const Options& options);

}  // namespace slipway
