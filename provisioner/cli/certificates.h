#pragma once
// Every certificate that the cluster stands on, wherever it lies.

#include "base/certificate.h"
#include "cli/session.h"

namespace slipway {

/// From here on a certificate is renewed by the next run, and `doctor` speaks of it.
inline constexpr Seconds renewal_window{30 * 24 * 3600};

struct FoundCertificate {
  std::string place;  ///< "control-1:/etc/kubernetes/pki/apiserver.crt", "state:ca", "state:ingress/tls"
  CertificateFacts facts;
};

struct CertificateSurvey {
  std::vector<FoundCertificate> certificates;  ///< The next to run out first.
  std::vector<Error> problems;                 ///< Machines that could not be asked, certificates that are none.
};

/// Slipway's own: those in the state. REQUIRES: expand_graph was called.
void read_own_certificates(Session& session, CertificateSurvey& survey);
/// Those on each host (kubeadm's, etcd's, the kubelet's, those in kubeconfigs), and Slipway's own in the state.
/// REQUIRES: expand_graph was called. One round trip per host.
CertificateSurvey survey_certificates(Session& session);

/// A host's script, which prints its certificates, never a key; and what is made of its answer.
std::string certificate_script();
void read_certificates(const std::string& machine, const std::string& answer, CertificateSurvey& survey);
/// Those that run out soon, each with what renews it.
std::vector<Error> expiring(const CertificateSurvey& survey, const std::string& spec_path);

}  // namespace slipway
