#include "cluster/kubeadm_steps.h"

#include "base/text.h"
#include "cluster/release.h"

namespace slipway {
namespace {

// On tmpfs: the token never reaches a disk.
constexpr const char* ticket_folder = "/run/slipway/join";

/// The Secret by which the API knows a bootstrap token.
/// https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
Value token_secret(const std::string& id, const std::string& secret, WallTime expires) {
  return {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"type", "bootstrap.kubernetes.io/token"},
          {"metadata", {{"name", "bootstrap-token-" + id}, {"namespace", "kube-system"}}},
          {"stringData",
           {{"token-id", id},
            {"token-secret", secret},
            {"expiration", format_time(expires)},
            {"usage-bootstrap-authentication", "true"},
            {"usage-bootstrap-signing", "true"},
            {"auth-extra-groups", "system:bootstrappers:kubeadm:default-node-token"}}}};
}

Result<void> hand_over(Writer& writer, const HostAccess& host, const char* file, const std::string& content) {
  return writer.hosts.put(host, {.path = std::string(ticket_folder) + "/" + file, .content = content, .mode = 0600},
                          Deadline::in(Seconds(60)));
}

}  // namespace

Result<Observation> InitStep::observe(Reader& reader, const Inputs& inputs) const {
  return playbook_->observe(reader, inputs);
}

Diff InitStep::diff(const Observation& seen, const Inputs& inputs) const {
  Diff diff = playbook_->diff(seen, inputs);
  if (diff.action != Action::none) diff.action = Action::create;
  return diff;
}

Diff InitStep::forecast(const Inputs& inputs) const {
  Diff diff = playbook_->forecast(inputs);
  diff.action = Action::create;
  return diff;
}

Result<Outputs> InitStep::apply(Writer& writer, const Diff& diff, const Inputs& inputs, Recorder& recorder) const {
  if (happened_ && writer.read.cluster.probe("/readyz", Deadline::in(Seconds(10))))
    return fail(ErrorKind::world_changed, "the cluster lives without this control plane",
                {.found = "another control plane answers, and this one has no etcd data",
                 .expected = "no cluster, before a new one is made",
                 .advice = "take the machine out of the cluster and add another one (slipway node remove, node add)"});
  if (Result<void> noted = recorder.intent("cluster"); !noted) return std::move(noted).error();
  return playbook_->apply(writer, diff, inputs, recorder);
}

Result<Observation> JoinStep::observe(Reader& reader, const Inputs& inputs) const {
  return playbook_->observe(reader, inputs);
}

Diff JoinStep::diff(const Observation& seen, const Inputs& inputs) const {
  Diff diff = playbook_->diff(seen, inputs);
  if (diff.action != Action::none) diff.action = Action::create;
  return diff;
}

Diff JoinStep::forecast(const Inputs& inputs) const {
  Diff diff = playbook_->forecast(inputs);
  diff.action = Action::create;
  return diff;
}

std::string JoinStep::configuration(const HostAccess& host, const std::string& token) const {
  std::string text = replace_all(ticket_->configuration, "@NAME@", host.machine.text());
  text = replace_all(text, "@ADDRESS@", address_.empty() ? host.address : address_);
  return replace_all(text, "@TOKEN@", token);
}

Result<Outputs> JoinStep::apply(Writer& writer, const Diff& diff, const Inputs& inputs, Recorder& recorder) const {
  Result<HostAccess> host = host_access_from(inputs.at("access"));
  if (!host) return std::move(host).error();
  const Result<std::string> version = writer.read.cluster.probe("/version", Deadline::in(Seconds(30)));
  if (!version) return Error(version.error()).while_doing("asking the API server for its version");
  if (Result<void> fits = check_join(ticket_->release, *version, ticket_->control_plane); !fits)
    return std::move(fits).error();
  const std::string id = random_hex(3);
  const Secret token(id + "." + random_hex(8));
  const Result<Value> minted =
      writer.cluster.apply(token_secret(id, token.reveal().substr(7), writer.clock.wall() + std::chrono::minutes(30)),
                           Deadline::in(Seconds(30)));
  if (!minted) return Error(minted.error()).while_doing("making a join token");
  if (Result<void> put = hand_over(writer, *host, "discovery.conf", ticket_->discovery); !put)
    return std::move(put).error();
  if (Result<void> put = hand_over(writer, *host, "kubeadm-join.yaml", configuration(*host, token.reveal())); !put)
    return std::move(put).error();
  // A node of this name is that of a machine that is no more, or of a join that was cut off; until the cluster finds
  // out it is called Ready, and kubeadm refuses to join beside it.
  if (Result<void> gone = writer.cluster.remove({"v1", "Node", "", host->machine.text()}, Deadline::in(Seconds(60)));
      !gone)
    return std::move(gone).error().while_doing("removing the node that had this name before");
  recorder.progress("joining");
  Result<Outputs> joined = playbook_->apply(writer, diff, inputs, recorder);
  // A token that outlives its join by a few minutes is harmless; one that cannot be deleted expires by itself.
  (void)writer.cluster.remove({"v1", "Secret", "kube-system", "bootstrap-token-" + id}, Deadline::in(Seconds(15)));
  return joined;
}

}  // namespace slipway
