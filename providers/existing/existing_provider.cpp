#include "providers/existing/existing_provider.h"

#include <charconv>

#include "base/text.h"

namespace slipway {
namespace {

/// A host that is there because the spec says so.
class ExistingHostStep final : public Step {
 public:
  explicit ExistingHostStep(const HostAccess& access)
      : outputs_{{"id", access.machine.text()}, {"access", to_value(access)}} {}

  Result<Observation> observe(Reader&, const Inputs&) const override {
    return Observation{.exists = true, .facts = outputs_.at("access"), .outputs = outputs_};
  }
  Diff diff(const Observation&, const Inputs&) const override { return {}; }
  Diff forecast(const Inputs&) const override { return {}; }
  Result<Outputs> apply(Writer&, const Diff&, const Inputs&, Recorder&) const override { return outputs_; }

 private:
  Outputs outputs_;
};

/// The cloud ports of a provider without a cloud.
class NoCloud final : public CloudReader, public CloudWriter {
 public:
  Result<std::vector<CloudObject>> list(std::string_view) override { return std::vector<CloudObject>{}; }
  Result<CloudObject> create(const CloudRequest& request, const CloudProgress&, Deadline) override {
    return refuse(request.kind);
  }
  Result<CloudObject> update(const CloudObject& object, const Value&, const CloudProgress&, Deadline) override {
    return refuse(object.kind);
  }
  Result<void> remove(std::string_view kind, const std::string&, Deadline) override { return refuse(kind); }

 private:
  static Error refuse(std::string_view kind) {
    return fail(ErrorKind::internal, "provider 'existing' makes nothing",
                {.found = "a request for a " + std::string(kind), .advice = "this is a bug in Slipway"});
  }
};

struct JumpHost {
  std::string user, address;
  uint16_t port = 22;
};

/// "[user@]address[:port]"
Result<JumpHost> parse_jump(const std::string& text, const std::string& default_user) {
  JumpHost jump{.user = default_user, .address = text};
  if (const size_t at = jump.address.rfind('@'); at != std::string::npos) {
    jump.user = jump.address.substr(0, at);
    jump.address.erase(0, at + 1);
  }
  bool good = true;
  if (const size_t colon = jump.address.rfind(':'); colon != std::string::npos) {
    const std::string port = jump.address.substr(colon + 1);
    const auto [end, code] = std::from_chars(port.data(), port.data() + port.size(), jump.port);
    good = code == std::errc() && end == port.data() + port.size() && jump.port != 0;
    jump.address.erase(colon);
  }
  if (good && !jump.user.empty() && !jump.address.empty()) return jump;
  return fail(ErrorKind::bad_input, "unreadable jump host",
              {.found = text, .expected = "[user@]address[:port]", .advice = "correct ssh.jump in the spec"});
}

class ExistingProvider final : public Provider {
 public:
  ExistingProvider(Spec spec, std::string jump) : spec_(std::move(spec)), jump_(std::move(jump)) {}

  Result<std::vector<MachineSteps>> expand(Graph& graph, const std::vector<MachineOrder>& machines) override {
    std::vector<MachineSteps> steps;
    for (const MachineOrder& order : machines) {
      const ExistingHost* host = find(order.name.text());
      if (!host)
        return fail(ErrorKind::bad_input, "no such host in the spec",
                    {.found = order.name.text(),
                     .expected = "a name under pools." + order.pool + ".hosts",
                     .where = spec_.path});
      const HostAccess access = access_of(*host);
      const StepId id("machine/" + host->name);
      graph.add({.id = id,
                 .layer = Layer::cloud,
                 .machine = order.name,
                 .title = host->name + " at " + host->address,
                 .expected = Milliseconds(0),
                 .protect = order.protect,
                 .removal = {.kind = "existing-host", .data = to_value(access)}},
                std::make_unique<ExistingHostStep>(access));
      steps.push_back({order.name, id});
    }
    return steps;
  }

  Result<std::vector<CloudObject>> list_owned() override { return std::vector<CloudObject>{}; }
  CloudReader& reader() override { return cloud_; }
  CloudWriter& writer() override { return cloud_; }
  Result<std::vector<Claim>> claims(const Plan&) override { return std::vector<Claim>{}; }
  std::vector<Error> preflight() override { return {}; }

 private:
  const ExistingHost* find(const std::string& name) const {
    for (const Pool& pool : spec_.pools)
      for (const ExistingHost& host : pool.hosts)
        if (host.name == name) return &host;
    return nullptr;
  }

  HostAccess access_of(const ExistingHost& host) const {
    HostAccess access{.machine = MachineName(host.name),
                      .address = host.address,
                      .port = host.port ? host.port : spec_.ssh.port,
                      .user = host.user.empty() ? spec_.ssh.user : host.user,
                      .sudo = spec_.ssh.sudo,
                      .jump = jump_,
                      .jump_host_keys = {},
                      .host_keys = {}};
    if (!host.fingerprint.empty()) access.host_keys.push_back(host.fingerprint);
    return access;
  }

  Spec spec_;
  std::string jump_;
  NoCloud cloud_;
};

}  // namespace

Result<std::unique_ptr<Provider>> make_existing_provider(const Spec& spec) {
  std::string jump;
  if (!spec.ssh.jump.empty()) {
    Result<JumpHost> parsed = parse_jump(spec.ssh.jump, spec.ssh.user);
    if (!parsed) return std::move(parsed).error();
    jump = parsed->user + "@" + parsed->address + ":" + std::to_string(parsed->port);
  }
  return std::unique_ptr<Provider>(std::make_unique<ExistingProvider>(spec, std::move(jump)));
}

}  // namespace slipway
