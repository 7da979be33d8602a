// The verbs that only look.

#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "cli/add_on_rows.h"
#include "cli/database_rows.h"
#include "cli/figure_rows.h"
#include "cli/machine_rows.h"
#include "cli/output.h"
#include "cli/places.h"
#include "cli/planned_run.h"
#include "cli/session.h"
#include "cli/state_access.h"
#include "cli/verbs.h"
#include "kube/kubeconfig.h"
#include "report/graph_drawing.h"
#include "report/plan_text.h"

namespace slipway {
namespace {

using SessionResult = Result<std::unique_ptr<Session>>;

std::string padded(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string machine_table(const Value& rows) {
  size_t widest = 8;
  for (const Value& row : rows) widest = std::max(widest, text_at(row, "name").size());
  std::string out =
      padded("MACHINE", widest + 2) + padded("ROLE", 15) + padded("ADDRESS", 17) + padded("STATE", 13) + "READY\n";
  for (const Value& row : rows)
    out += padded(text_at(row, "name"), widest + 2) + padded(text_at(row, "role"), 15) +
           padded(text_at(row, "address"), 17) + padded(text_at(row, "state"), 13) +
           (row["ready"].is_null()     ? "unknown"
            : row["ready"].get<bool>() ? "yes"
                                       : "no") +
           "\n";
  return out;
}

Result<size_t> count_drift(Session& session) {
  if (Result<void> expanded = session.expand_graph(); !expanded) return std::move(expanded).error();
  Result<Plan> plan = session.plan({});
  if (!plan) return std::move(plan).error();
  size_t drift = 0;
  for (const PlannedStep& step : plan->steps)
    if (step.diff.action != Action::none || !step.problem.empty()) ++drift;
  return drift;
}

/// The administrator's file, or one of a role: a client certificate of the role's group, for ninety days.
Result<std::string> kubeconfig_of(Session& session) {
  const std::string& role = session.options().role;
  if (session.options().authority) return session.identity().platform_ca.certificate_pem;
  KubeAccess access = session.kube_access();
  if (const std::string outside = session.provider().outside_api_address(); !outside.empty()) {
    access.server = "https://" + outside + ":6443";
    access.tls_name = session.spec().network.endpoint_name;
  }
  if (role.empty()) return kubeconfig_text(access, session.spec().name);
  const auto settings = session.spec().addons.find("access");
  if (settings == session.spec().addons.end() || settings->second.value("enabled", Value(true)) == Value(false))
    return fail(ErrorKind::bad_input, "roles belong to the add-on access",
                {.found = "addons.access is not enabled",
                 .advice = "add addons.access: {enabled: true} and bootstrap again",
                 .where = session.spec().path});
  Result<CertificateKeyPair> client = issue(session.identity().cluster_ca, {.common_name = role,
                                                                            .organisations = {"slipway:" + role + "s"},
                                                                            .dns_names = {},
                                                                            .addresses = {},
                                                                            .client = true,
                                                                            .validity = Seconds(90 * 24 * 3600)});
  if (!client) return std::move(client).error();
  access.client_certificate_pem = client->certificate_pem;
  access.client_key_pem = client->key_pem;
  return kubeconfig_text(access, session.spec().name,
                         role == "deployer" ? text_at(settings->second, "namespace", "apps") : "");
}

}  // namespace

int verb_status(const Options& options) {
  SessionResult session = Session::open(options, "status", Access::look);
  if (!session) return report_error(options, session.error());
  tell_release(**session);
  const Value rows = machine_rows(**session);
  Value drift;
  if (options.no_drift) {
    if (Result<void> expanded = (*session)->expand_graph(); !expanded) return report_error(options, expanded.error());
  } else {
    Result<size_t> counted = count_drift(**session);
    if (!counted) return report_error(options, counted.error());
    drift = *counted;
  }
  std::string text = "Cluster " + (*session)->spec().name + ", Kubernetes " + (*session)->spec().kubernetes.version +
                     "\n" + machine_table(rows);
  const Value add_ons = add_on_rows(**session, Freshness::listed);
  const Value database = database_rows(**session);
  const FigureReport figures = figure_report(**session);
  text += add_on_table(add_ons) + database_table(database) + figures.text;
  if (!drift.is_null())
    text += drift == 0 ? "No drift.\n" : drift.dump() + " steps to do: slipway plan " + (*session)->spec().path + "\n";
  print_result(options, text,
               {{"format", 1},
                {"cluster", (*session)->spec().name},
                {"machines", rows},
                {"addons", add_ons},
                {"database", database},
                {"figures", figures.tables},
                {"drift", drift}});
  return 0;
}

int verb_node_list(const Options& options) {
  SessionResult session = Session::open(options, "node list", Access::look);
  if (!session) return report_error(options, session.error());
  const Value rows = machine_rows(**session);
  print_result(options, machine_table(rows), {{"format", 1}, {"machines", rows}});
  return 0;
}

int verb_validate(const Options& options) {
  const Result<Spec> spec = load_spec(spec_path(options));
  if (!spec) return report_error(options, spec.error());
  int machines = 0;
  for (const Pool& pool : spec->pools) machines += pool.count;
  print_result(options,
               spec->path + " is valid: cluster " + spec->name + ", " + std::to_string(machines) + " machines\n",
               {{"format", 1}, {"valid", true}, {"cluster", spec->name}, {"machines", machines}});
  return 0;
}

int verb_graph(const Options& options) {
  SessionResult session = Session::open(options, "graph", Access::look);
  if (!session) return report_error(options, session.error());
  if (Result<void> expanded = (*session)->expand_graph(); !expanded) return report_error(options, expanded.error());
  std::vector<DrawnStep> steps = drawn_steps((*session)->graph());
  if (!options.all) steps = folded(steps);
  const std::string text = options.form == "svg"       ? to_svg(steps, true)
                           : options.form == "mermaid" ? to_mermaid(steps)
                                                       : to_dot(steps);
  if (options.file.empty()) {
    print_result(options, text, {{"format", 1}, {options.form.empty() ? "dot" : options.form, text}});
  } else if (Result<void> written = write_file_atomically(options.file, text); !written) {
    return report_error(options, written.error());
  }
  return 0;
}

int verb_kubeconfig(const Options& options) {
  SessionResult session = Session::open(options, "kubeconfig", Access::look);
  if (!session) return report_error(options, session.error());
  if (Result<void> there = (*session)->require_cluster(); !there) return report_error(options, there.error());
  Result<std::string> made = kubeconfig_of(**session);
  if (!made) return report_error(options, made.error());
  const std::string text = std::move(*made);
  if (options.file.empty()) {
    // The one place where a secret is asked for by name: it is not redacted.
    std::fputs(text.c_str(), stdout);
    return 0;
  }
  if (Result<void> written = write_file_atomically(options.file, text, 0600); !written)
    return report_error(options, written.error());
  say("Wrote " + options.file +
      (options.authority ? ". Trust it: curl --cacert " + options.file + " …"
                         : ". Use it: kubectl --kubeconfig " + options.file + " get nodes"));
  return 0;
}

int verb_state_list(const Options& options) {
  Result<StateAccess> access = open_state(options, "state list", Access::look);
  if (!access) return report_error(options, access.error());
  std::string text;
  Value rows = Value::array();
  for (const auto& [id, record] : access->store->snapshot().steps) {
    text += padded(id.text(), 44) + "  " + record.updated + (record.intent_open ? "  intent open" : "") + "\n";
    rows.push_back({{"id", id.text()}, {"updated", record.updated}, {"intent_open", record.intent_open}});
  }
  print_result(options, text, {{"format", 1}, {"steps", std::move(rows)}});
  return 0;
}

int verb_state_show(const Options& options) {
  Result<StateAccess> access = open_state(options, "state show", Access::look);
  if (!access) return report_error(options, access.error());
  const std::optional<StepRecord> record = access->store->find(StepId(options.names.front()));
  if (!record)
    return report_error(options, fail(ErrorKind::not_found, "no such step in the state",
                                      {.found = options.names.front(), .advice = "slipway state list SPEC"}));
  const Value document = to_value(*record);
  print_result(options, document.dump(2) + "\n", document);
  return 0;
}

}  // namespace slipway
