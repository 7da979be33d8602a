#include "cli/certificates.h"

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"
#include "cli/look_around.h"

namespace slipway {
namespace {

constexpr const char* heading = "== ";

void add(CertificateSurvey& survey, const std::string& place, const std::string& pem) {
  Result<CertificateFacts> facts = facts_of(pem);
  if (facts)
    survey.certificates.push_back({place, std::move(*facts)});
  else
    survey.problems.push_back(std::move(facts).error().while_doing("reading " + place));
}

/// A kubeconfig carries its certificate as base64 of the PEM.
std::string pem_of(const std::string& text) {
  if (text.find("-----BEGIN ") != std::string::npos) return text;
  Result<std::string> decoded = base64_decode(trim(text));
  return decoded ? std::move(*decoded) : std::string();
}

}  // namespace

void read_own_certificates(Session& session, CertificateSurvey& survey) {
  const Identity& identity = session.identity();
  for (const auto& [name, pair] :
       {std::pair{"ca", &identity.cluster_ca}, std::pair{"front-proxy-ca", &identity.front_proxy_ca},
        std::pair{"etcd-ca", &identity.etcd_ca}, std::pair{"platform-ca", &identity.platform_ca}})
    add(survey, std::string("state:") + name, pair->certificate_pem);
  for (const auto& [add_on, gifts] : session.platform().gifts)
    for (const auto& [name, pair] : gifts.certificates)
      add(survey, "state:" + add_on + "/" + name, pair.certificate_pem);
}

std::vector<Error> expiring(const CertificateSurvey& survey, const std::string& spec_path) {
  std::vector<Error> problems;
  const WallTime now = std::chrono::system_clock::now();
  for (const auto& [place, facts] : survey.certificates) {
    if (facts.not_after - now >= renewal_window) continue;
    const bool over = facts.not_after <= now;
    problems.push_back(fail(ErrorKind::verification, over ? "a certificate has run out" : "a certificate runs out soon",
                            {.found = format_time(facts.not_after),
                             .expected = "30 days at least",
                             .advice = facts.authority ? "docs/runbooks.md, 7: an authority is changed by hand"
                                                       : "slipway repair " + spec_path,
                             .where = place}));
  }
  return problems;
}

std::string certificate_script() {
  return R"(for file in /etc/kubernetes/pki/*.crt /etc/kubernetes/pki/etcd/*.crt /var/lib/kubelet/pki/kubelet-client-current.pem \
  /var/lib/kubelet/pki/kubelet.crt /var/lib/kubelet/pki/kubelet-server-current.pem; do
  [ -e "$file" ] && echo "== $file" && sed -n '/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/p' "$file"
done
for file in /etc/kubernetes/*.conf; do
  grep -q '^ *client-certificate-data: ' "$file" 2>/dev/null && echo "== $file" &&
    sed -n 's/^ *client-certificate-data: //p' "$file"
done
true
)";
}

void read_certificates(const std::string& machine, const std::string& answer, CertificateSurvey& survey) {
  std::string file, content;
  const auto finish = [&] {
    if (!file.empty()) add(survey, machine + ":" + file, pem_of(content));
    content.clear();
  };
  for (const std::string& line : split(answer, '\n')) {
    if (line.starts_with(heading)) {
      finish();
      file = line.substr(std::string_view(heading).size());
    } else {
      content += line + "\n";
    }
  }
  finish();
}

CertificateSurvey survey_certificates(Session& session) {
  CertificateSurvey survey;
  for (auto& [machine, answer] : ask_every_host(session, certificate_script(), Seconds(30))) {
    if (answer)
      read_certificates(machine.text(), *answer, survey);
    else
      survey.problems.push_back(std::move(answer).error().while_doing("reading the certificates of " + machine.text()));
  }
  read_own_certificates(session, survey);
  std::stable_sort(survey.certificates.begin(), survey.certificates.end(),
                   [](const FoundCertificate& left, const FoundCertificate& right) {
                     return left.facts.not_after < right.facts.not_after;
                   });
  return survey;
}

}  // namespace slipway
