#include <filesystem>
#include <gtest/gtest.h>

#include "base/certificate.h"
#include "cluster/encryption.h"
#include "cluster/orphans.h"
#include "cluster/recover.h"
#include "cluster/release.h"

namespace slipway {
namespace {

const char* const spec_text = R"(name: demo
provider: local
local: {subnet: 10.99.61.0/24}
network: {pods: 10.244.0.0/16, services: 10.96.0.0/16, endpoint: 10.99.61.10}
pools:
  control: {role: control-plane, count: 1, size: {cpus: 2, memory: 2GiB, disk: 20GiB}}
  workers: {role: worker, count: 2, size: {cpus: 1, memory: 1GiB, disk: 20GiB}}
)";

class NoCloud final : public CloudReader, public CloudWriter {
 public:
  Result<std::vector<CloudObject>> list(std::string_view) override { return std::vector<CloudObject>{}; }
  Result<CloudObject> create(const CloudRequest&, const CloudProgress&, Deadline) override { return refused(); }
  Result<CloudObject> update(const CloudObject&, const Value&, const CloudProgress&, Deadline) override {
    return refused();
  }
  Result<void> remove(std::string_view, const std::string&, Deadline) override { return refused(); }

 private:
  static Error refused() { return fail(ErrorKind::internal, "recovery changed the cloud"); }
};

class OwnedThings final : public Provider {
 public:
  std::vector<CloudObject> owned;
  Result<std::vector<MachineSteps>> expand(Graph&, const std::vector<MachineOrder>&) override {
    return std::vector<MachineSteps>{};
  }
  Result<std::vector<CloudObject>> list_owned() override { return owned; }
  CloudReader& reader() override { return cloud_; }
  CloudWriter& writer() override { return cloud_; }
  Result<std::vector<Claim>> claims(const Plan&) override { return std::vector<Claim>{}; }
  std::vector<Error> preflight() override { return {}; }

 private:
  NoCloud cloud_;
};

CloudObject machine(const std::string& name, const std::string& address) {
  return {.kind = "machine",
          .id = "id-" + name,
          .name = name,
          .mark = "demo/machine/" + name,
          .fields = {{"address", address}}};
}

class Recovering : public ::testing::Test {
 protected:
  void SetUp() override {
    provider.owned = {machine("workers-4", "10.99.61.14"), machine("control-1", "10.99.61.11"),
                      machine("workers-2", "10.99.61.12"), machine("retired-1", "10.99.61.20")};
    for (const char* authority : {"ca", "front-proxy-ca", "etcd/ca"}) {
      const CertificateKeyPair made = *make_authority({.common_name = authority});
      files["control-1:/etc/kubernetes/pki/" + std::string(authority) + ".key"] = made.key_pem.reveal();
      files["control-1:/etc/kubernetes/pki/" + std::string(authority) + ".crt"] = made.certificate_pem;
    }
    files["control-1:/etc/kubernetes/manifests/etcd.yaml"] = "kind: Pod\n";
    const KeyPair account = *make_key_pair();
    files["control-1:/etc/kubernetes/pki/sa.key"] = account.private_pem.reveal();
    files["control-1:/etc/kubernetes/pki/sa.pub"] = account.public_pem;
    for (const char* name : {"control-1", "workers-2", "workers-4"}) {
      const SshKeyPair key = *generate_ssh_key(name);
      files[std::string(name) + ":/etc/ssh/ssh_host_ed25519_key"] = key.private_key_pem.reveal();
      files[std::string(name) + ":/etc/ssh/ssh_host_ed25519_key.pub"] = key.public_key + "\n";
    }
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::unique_ptr<StateStore> open() const {
    return *StateStore::open({.directory = folder + "/state", .cluster = "demo", .key_file = folder + "/key"});
  }
  MachineLook look() {
    return {.read = [this](const RecoveredMachine& from, const std::string& path) -> Result<std::string> {
              const auto found = files.find(from.name.text() + ":" + path);
              if (found == files.end()) return fail(ErrorKind::not_found, "no such file", {.where = path});
              return found->second;
            },
            .authorise = [this](const RecoveredMachine& to, const SshKeyPair& key) -> Result<void> {
              let_in[to.name.text()] = key.public_key;
              return {};
            }};
  }

  Spec spec = *parse_spec("demo.yaml", spec_text);
  std::string folder = (std::filesystem::temp_directory_path() / ("slipway-recovery-" + random_hex(6))).string();
  OwnedThings provider;
  std::map<std::string, std::string> files, let_in;
};

TEST_F(Recovering, FindsPoolsByTheMachinesNames) {
  const Result<Recovery> found = find_machines(spec, provider);
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->machines.size(), 3u);
  EXPECT_EQ(found->machines[0].name.text(), "control-1");
  EXPECT_EQ(found->strangers, std::vector<std::string>{"retired-1"});
}

TEST_F(Recovering, KeepsEveryKeyAndNeverUsesAnOrdinalTwice) {
  Recovery recovery = *find_machines(spec, provider);
  const auto store = open();
  ASSERT_TRUE(recover_state(*store, spec, look(), recovery).ok());
  const State state = store->snapshot();
  EXPECT_EQ(state.pools.at("workers").names, (std::vector<std::string>{"workers-2", "workers-4"}));
  EXPECT_EQ(state.pools.at("workers").next_ordinal, 5);
  EXPECT_EQ(state.addresses.at("machine/workers-4"), "10.99.61.14");
  EXPECT_EQ(recovery.source.text(), "control-1");
  for (const auto& [name, file] : {std::pair{"ca", "ca.key"}, std::pair{"front-proxy-ca", "front-proxy-ca.key"},
                                   std::pair{"etcd-ca", "etcd/ca.key"}, std::pair{"service-account", "sa.key"}})
    EXPECT_EQ(store->secret(name)->reveal(), files.at("control-1:/etc/kubernetes/pki/" + std::string(file))) << name;
  EXPECT_EQ(store->secret("ssh-host/workers-2")->reveal(), files.at("workers-2:/etc/ssh/ssh_host_ed25519_key"));
  EXPECT_TRUE(state.facts.contains("initialised"));
  EXPECT_TRUE(state.steps.at(StepId("kubernetes/init")).applied) << "no run may make a second cluster";
  ASSERT_EQ(let_in.size(), 3u);
  EXPECT_EQ(let_in.at("workers-4"), text_at(state.facts, "public/ssh-login"));
}

TEST_F(Recovering, TheReleaseIsWhatTheApiServersRun) {
  files["control-1:/etc/kubernetes/manifests/kube-apiserver.yaml"] =
      "    image: registry.k8s.io/kube-apiserver:v1.35.8\n    imagePullPolicy: IfNotPresent\n";
  Recovery recovery = *find_machines(spec, provider);
  const auto store = open();
  ASSERT_TRUE(recover_state(*store, spec, look(), recovery).ok());
  const ClusterRelease release = cluster_release(store->snapshot());
  EXPECT_EQ(release.running, "1.35.8");
  EXPECT_FALSE(release.upgrading());
}

TEST_F(Recovering, AnUpgradeThatWasHalfDoneIsStillUnderWay) {
  provider.owned.push_back(machine("control-2", "10.99.61.15"));
  const SshKeyPair key = *generate_ssh_key("control-2");
  files["control-2:/etc/ssh/ssh_host_ed25519_key"] = key.private_key_pem.reveal();
  files["control-2:/etc/ssh/ssh_host_ed25519_key.pub"] = key.public_key + "\n";
  files["control-1:/etc/kubernetes/manifests/kube-apiserver.yaml"] =
      "    image: registry.k8s.io/kube-apiserver:v1.36.4\n";
  files["control-2:/etc/kubernetes/manifests/kube-apiserver.yaml"] =
      "    image: registry.k8s.io/kube-apiserver:v1.35.8\n";
  Recovery recovery = *find_machines(spec, provider);
  const auto store = open();
  ASSERT_TRUE(recover_state(*store, spec, look(), recovery).ok());
  const ClusterRelease release = cluster_release(store->snapshot());
  EXPECT_EQ(release.running, "1.35.8");
  EXPECT_EQ(release.to, "1.36.4");
}

TEST_F(Recovering, SecretsStayReadableByTheKeyThatTheControlPlaneHas) {
  const auto former =
      *StateStore::open({.directory = folder + "/former", .cluster = "demo", .key_file = folder + "/former-key"});
  const Encryption before = *load_or_make_encryption(*former, true);
  files["control-1:/etc/kubernetes/slipway/encryption.yaml"] = before.configuration.reveal();
  Recovery recovery = *find_machines(spec, provider);
  const auto store = open();
  ASSERT_TRUE(recover_state(*store, spec, look(), recovery).ok());
  EXPECT_EQ(load_or_make_encryption(*store, true)->configuration, before.configuration);
}

TEST_F(Recovering, AnEncryptionThatCannotBeReadStopsTheRecovery) {
  files["control-1:/etc/kubernetes/slipway/encryption.yaml"] = "kind: EncryptionConfiguration\n";
  Recovery recovery = *find_machines(spec, provider);
  EXPECT_FALSE(recover_state(*open(), spec, look(), recovery).ok());
}

TEST_F(Recovering, HostsThatNeverBecameAClusterAreNoClusterYet) {
  files.erase("control-1:/etc/kubernetes/manifests/etcd.yaml");
  Recovery recovery = *find_machines(spec, provider);
  const auto store = open();
  ASSERT_TRUE(recover_state(*store, spec, look(), recovery).ok());
  EXPECT_FALSE(store->snapshot().facts.contains("initialised"));
  EXPECT_FALSE(store->snapshot().steps.contains(StepId("kubernetes/init")));
}

TEST_F(Recovering, CutOffAndBegunAgainKeepsTheLoginKeyItGaveOut) {
  Recovery recovery = *find_machines(spec, provider);
  const std::string host_key = files.extract("workers-4:/etc/ssh/ssh_host_ed25519_key.pub").mapped();
  {
    const auto store = open();
    EXPECT_FALSE(recover_state(*store, spec, look(), recovery).ok());
  }
  files["workers-4:/etc/ssh/ssh_host_ed25519_key.pub"] = host_key;
  ASSERT_TRUE(recover_state(*open(), spec, look(), recovery).ok());
  const std::string first = let_in.at("control-1");
  ASSERT_TRUE(recover_state(*open(), spec, look(), recovery).ok());
  EXPECT_EQ(let_in.at("control-1"), first);
}

TEST_F(Recovering, ByASecondControlPlaneWhereTheFirstDoesNotAnswer) {
  provider.owned.push_back(machine("control-2", "10.99.61.13"));
  for (const char* path : {"/etc/ssh/ssh_host_ed25519_key", "/etc/ssh/ssh_host_ed25519_key.pub"})
    files["control-2:" + std::string(path)] = files.at("control-1:" + std::string(path));
  std::map<std::string, std::string> moved;
  for (auto file = files.begin(); file != files.end();) {
    const std::string pki = "control-1:/etc/kubernetes/pki/";
    if (!file->first.starts_with(pki)) {
      ++file;
      continue;
    }
    moved["control-2" + file->first.substr(9)] = file->second;
    file = files.erase(file);
  }
  files.merge(moved);
  Recovery recovery = *find_machines(spec, provider);
  ASSERT_TRUE(recover_state(*open(), spec, look(), recovery).ok());
  EXPECT_EQ(recovery.source.text(), "control-2");
}

TEST_F(Recovering, WithoutAControlPlaneSaysWhatToCheck) {
  std::erase_if(provider.owned, [](const CloudObject& object) { return object.name == "control-1"; });
  const Result<Recovery> found = find_machines(spec, provider);
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().kind, ErrorKind::not_found);
  EXPECT_FALSE(found.error().advice.empty());
}

TEST_F(Recovering, AnOrphanIsWhatNeitherIdNorMarkIsKnownOf) {
  const auto store = open();
  StepRecord known;
  known.id = StepId("machine/control-1");
  known.outputs = {{"id", "id-control-1"}};
  ASSERT_TRUE(store->record_result(known).ok());
  StepRecord begun;
  begun.id = StepId("machine/workers-2");
  begun.mark = "demo/machine/workers-2";
  ASSERT_TRUE(store->record_intent(begun).ok());
  provider.owned.insert(provider.owned.begin(),
                        {.kind = "network", .id = "net-9", .name = "demo", .mark = "demo/cloud/other", .fields = {}});
  const std::vector<CloudObject> orphans = find_orphans(provider.owned, store->snapshot());
  ASSERT_EQ(orphans.size(), 3u);
  EXPECT_EQ(orphans[0].id, "id-workers-4");
  EXPECT_EQ(orphans[1].id, "id-retired-1");
  EXPECT_EQ(orphans[2].id, "net-9") << "what others stand on goes last";
}

TEST_F(Recovering, AnAdoptedMachineIsAMemberAndCanBeDeletedLater) {
  const auto store = open();
  ASSERT_TRUE(store->set_pool("workers", {.role = "worker", .next_ordinal = 3, .names = {"workers-2"}}).ok());
  const Result<StepId> adopted = adopt_orphan(*store, spec, machine("workers-4", "10.99.61.14"));
  ASSERT_TRUE(adopted.ok()) << describe(adopted.error());
  const State state = store->snapshot();
  EXPECT_EQ(state.pools.at("workers").names, (std::vector<std::string>{"workers-2", "workers-4"}));
  EXPECT_EQ(state.pools.at("workers").next_ordinal, 5);
  const StepRecord& record = state.steps.at(StepId("machine/workers-4"));
  EXPECT_EQ(record.removal_kind, "cloud");
  EXPECT_EQ(text_at(record.removal_data, "id"), "id-workers-4");
  EXPECT_TRUE(find_orphans({machine("workers-4", "")}, state).empty());
  EXPECT_EQ(adopt_orphan(*store, spec, machine("workers-4", "")).error().kind, ErrorKind::bad_input);
}

TEST_F(Recovering, AnObjectWithoutAMarkOfOursIsNotAdopted) {
  CloudObject stranger = machine("workers-7", "");
  for (const char* mark : {"", "other/machine/workers-7", "demo/"}) {
    stranger.mark = mark;
    EXPECT_EQ(adopt_orphan(*open(), spec, stranger).error().kind, ErrorKind::bad_input) << mark;
  }
}

}  // namespace
}  // namespace slipway
