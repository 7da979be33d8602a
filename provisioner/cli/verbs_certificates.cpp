// The certificates of a cluster, listed.

#include "base/text.h"
#include "cli/certificates.h"
#include "cli/output.h"
#include "cli/verbs.h"

namespace slipway {
namespace {

int64_t days_left(const FoundCertificate& certificate) {
  const auto left = certificate.facts.not_after - std::chrono::system_clock::now();
  return std::chrono::floor<std::chrono::days>(left).count();
}

std::string table_of(const std::vector<FoundCertificate>& certificates) {
  std::vector<std::vector<std::string>> rows = {{"PLACE", "SUBJECT", "ISSUER", "EXPIRES", "DAYS"}};
  for (const FoundCertificate& certificate : certificates)
    rows.push_back({certificate.place, certificate.facts.subject, certificate.facts.issuer,
                    format_time(certificate.facts.not_after), std::to_string(days_left(certificate))});
  std::vector<size_t> widths(rows.front().size());
  for (const std::vector<std::string>& row : rows)
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  for (const std::vector<std::string>& row : rows) {
    for (size_t i = 0; i + 1 < row.size(); ++i) text += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    text += row.back() + "\n";
  }
  return text;
}

}  // namespace

int verb_cert_list(const Options& options) {
  Result<std::unique_ptr<Session>> session = Session::open(options, "cert list", Access::look);
  if (!session) return report_error(options, session.error());
  if (Result<void> expanded = (*session)->expand_graph(); !expanded) return report_error(options, expanded.error());
  const CertificateSurvey survey = survey_certificates(**session);
  Value rows = Value::array(), problems = Value::array();
  for (const FoundCertificate& certificate : survey.certificates)
    rows.push_back({{"place", certificate.place},
                    {"subject", certificate.facts.subject},
                    {"issuer", certificate.facts.issuer},
                    {"expires", format_time(certificate.facts.not_after)},
                    {"days", days_left(certificate)},
                    {"authority", certificate.facts.authority}});
  for (const Error& problem : survey.problems) {
    say(describe(problem));
    problems.push_back({{"kind", name(problem.kind)}, {"summary", problem.summary}, {"found", problem.found}});
  }
  print_result(options, table_of(survey.certificates),
               {{"format", 1}, {"certificates", std::move(rows)}, {"problems", std::move(problems)}});
  return survey.problems.empty() ? 0 : 1;
}

}  // namespace slipway
