// What is wrong, and the next command.

#include "cli/backup_checks.h"
#include "cli/certificates.h"
#include "cli/database_rows.h"
#include "cli/look_around.h"
#include "cli/machine_rows.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "cluster/health.h"

namespace slipway {
namespace {

class Doctor {
 public:
  explicit Doctor(Session& session) : session_(session), spec_(session.spec().path) {}

  Result<std::vector<Error>> examine() {
    note(session_.provider().preflight());
    if (session_.has_cluster()) {
      if (Result<void> kept = session_.check_release(); !kept) problems_.push_back(std::move(kept).error());
      if (Result<void> expanded = session_.expand_graph(); !expanded) return std::move(expanded).error();
      machines();
      hosts();
      // Without an API every other look at the cluster would tell the same.
      if (api()) {
        cluster();
        note(database_problems(session_));
      }
      if (key_change_under_way(session_.store().snapshot()))
        problems_.push_back(fail(ErrorKind::world_changed, "a change of the encryption key is not finished",
                                 {.found = "secrets may still be under the former key, or plain",
                                  .advice = "slipway cert rotate-encryption " + spec_}));
    }
    note(backup_problems(session_));
    note(etcd_backup_problems(session_));
    return std::move(problems_);
  }

 private:
  void note(std::vector<Error> found) {
    for (Error& problem : found) problems_.push_back(std::move(problem));
  }

  bool api() {
    Result<std::string> live = session_.reader().cluster.probe("/readyz", Deadline::in(Seconds(5)));
    if (live) return true;
    problems_.push_back(std::move(live).error().while_doing("asking the API whether it is ready"));
    return false;
  }

  void machines() {
    for (const Value& row : machine_rows(session_))
      if (row["state"] != "running" || row["ready"] == false)
        problems_.push_back(fail(ErrorKind::unavailable, "machine " + text_at(row, "name") + " is not well",
                                 {.found = text_at(row, "state") + (row["ready"] == false ? ", not Ready" : ""),
                                  .expected = "running and Ready",
                                  .advice = "slipway repair " + spec_}));
  }

  /// One script on each host answers for its health and its certificates.
  void hosts() {
    const std::string dns = to_string(Address{session_.spec().network.services.base.bits + 10});
    HostAnswers answers{.text = {}, .asked = std::chrono::system_clock::now(), .answered = {}};
    CertificateSurvey survey;
    for (auto& [machine, answer] : ask_every_host(session_, health_script(dns) + certificate_script(), Seconds(40))) {
      if (!answer) {
        Error problem = std::move(answer).error().while_doing("looking at " + machine.text());
        if (problem.advice.empty()) problem.advice = "slipway repair " + spec_ + " " + machine.text();
        problems_.push_back(std::move(problem));
        continue;
      }
      const size_t certificates = std::min(answer->find("== "), answer->size());
      answers.text[machine.text()] = answer->substr(0, certificates);
      read_certificates(machine.text(), answer->substr(certificates), survey);
    }
    answers.answered = std::chrono::system_clock::now();
    note(host_problems(answers, spec_));
    read_own_certificates(session_, survey);
    note(std::move(survey.problems));
    note(expiring(survey, spec_));
  }

  void cluster() {
    const WallTime now = std::chrono::system_clock::now();
    ClusterReader& api = session_.reader().cluster;
    if (const auto pods = api.list({"v1", "Pod", "", ""}, "", Deadline::in(Seconds(20))))
      note(pod_problems(*pods, now, spec_));
    if (const auto leases =
            api.list({"coordination.k8s.io/v1", "Lease", "kube-system", ""}, "", Deadline::in(Seconds(10))))
      note(leader_problems(*leases, now, spec_));
    const Result<std::string> answer = api.probe("/version", Deadline::in(Seconds(5)));
    const Value version = Value::parse(answer ? *answer : "", nullptr, false);
    if (const auto nodes = api.list({"v1", "Node", "", ""}, "", Deadline::in(Seconds(20))))
      note(version_problems(*nodes, version.is_object() ? text_at(version, "gitVersion") : "",
                            session_.spec().kubernetes.version, spec_));
  }

  Session& session_;
  std::string spec_;
  std::vector<Error> problems_;
};

}  // namespace

int verb_doctor(const Options& options) {
  Result<std::unique_ptr<Session>> session = Session::open(options, "doctor", Access::look);
  if (!session) return report_error(options, session.error());
  const Result<std::vector<Error>> problems = Doctor(**session).examine();
  if (!problems) return report_error(options, problems.error());
  std::string text;
  Value list = Value::array();
  for (const Error& problem : *problems) {
    text += describe(problem) + "\n";
    list.push_back({{"kind", name(problem.kind)},
                    {"summary", problem.summary},
                    {"found", problem.found},
                    {"where", problem.where},
                    {"try", problem.advice}});
  }
  print_result(options, problems->empty() ? "Nothing is wrong that doctor looks for.\n" : text,
               {{"format", 1}, {"problems", std::move(list)}});
  return problems->empty() ? 0 : 1;
}

}  // namespace slipway
