// The playbooks that come with Slipway, each as the chapters of cluster/ use it.
#include <filesystem>
#include <gtest/gtest.h>

#include "base/file.h"
#include "playbook/compiler.h"
#include "playbook/module.h"

namespace slipway::playbook {
namespace {

Value artifact() { return {{"path", "/cache/file"}, {"sha256", std::string(64, 'a')}}; }

Target target_for(const std::string& role) {
  Value variables = {{"node_name", "workers-1"},
                     {"node_address", "10.99.0.12"},
                     {"endpoint_name", "api.lab.slipway.internal"},
                     {"endpoint_address", "10.99.0.10"},
                     {"api_port", "6443"},
                     {"interface", "eth0"},
                     {"router_id", "51"},
                     {"member", "control-2"},
                     {"backup", {{"keep", "12"}, {"seconds", "21300"}}},
                     {"peers", Value::array()},
                     {"keepalived_image", "keepalived:1"},
                     {"dns_address", "10.96.0.10"},
                     {"dns_domain", "cluster.local"},
                     {"shared_disk", true},
                     {"kubeadm_configuration", "kind: InitConfiguration\n"},
                     {"certificate_configuration", "kind: InitConfiguration\n"},
                     {"certificate_names", "control-1 kubernetes"},
                     {"audit_policy", "kind: Policy\n"},
                     {"apiserver_arguments", "--audit-log-maxage=30"},
                     {"apiserver_argument_names", "audit-log-maxage"},
                     {"encryption_key", "key-2"},
                     {"encryption_keys", "key-1 key-2"},
                     {"upkeep_configuration", "kind: InitConfiguration\n"},
                     {"upgrade_configuration", "kind: UpgradeConfiguration\n"},
                     {"upgrade_verb", "node"},
                     {"kubernetes_version", "1.36.4"},
                     {"kubelet_arguments", {{{"argument", "\"--v=3\""}}}},
                     {"registry_mirrors", "docker.io=https://mirror.example.org"},
                     {"values", {{"host", "registry.lab"}}},
                     {"addresses", {{"registry", "10.0.0.200"}}},
                     {"platform", {{"authority", "PA"}}},
                     {"pki", {{"ca", "CA"}, {"front_proxy_ca", "FP"}, {"etcd_ca", "EC"}, {"service_account", "SA"}}}};
  for (const char* name : {"containerd", "containerd_shim", "ctr", "crictl", "cni_bridge", "cni_loopback",
                           "cni_host_local", "cni_portmap", "kubelet", "kubeadm", "kubectl", "images"})
    variables[name] = artifact();
  Target target{.cluster = "lab", .role = role, .variables = std::move(variables)};
  for (const char* name :
       {"ca_key", "front_proxy_ca_key", "etcd_ca_key", "service_account_key", "pull_basic", "encryption"})
    target.secrets.emplace(name, Secret("private-" + std::string(name)));
  return target;
}

std::vector<std::string> shipped() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(PLAYBOOKS_FOLDER))
    if (entry.path().extension() == ".yaml" && entry.path().stem() != "versions")
      names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

TEST(ShippedPlaybooks, LoadAndCompileForEveryRole) {
  EXPECT_EQ(shipped(), (std::vector<std::string>{"apiserver-certificate", "base", "cleanup", "containerd",
                                                 "control-plane", "control-plane-upkeep", "encryption-rewrite",
                                                 "etcd-member-removal", "kubeadm-init", "kubeadm-join", "kubelet",
                                                 "kubernetes", "registry-trust", "upgrade", "upgrade-images"}));
  for (const std::string& name : shipped()) {
    const Result<Playbook> book = load_playbook(std::string(PLAYBOOKS_FOLDER) + "/" + name + ".yaml");
    ASSERT_TRUE(book) << describe(book.error());
    for (const char* role : {"control-plane", "worker"}) {
      const Result<Program> program = Compiler::compile(*book, target_for(role));
      ASSERT_TRUE(program) << describe(program.error());
      EXPECT_FALSE(program->tasks.empty()) << name;
    }
  }
}

TEST(ShippedPlaybooks, CleanupNeedsNothingButTheHost) {
  const Result<Playbook> book = load_playbook(PLAYBOOKS_FOLDER "/cleanup.yaml");
  ASSERT_TRUE(book);
  const Result<Program> program = Compiler::compile(*book, {.cluster = "lab", .role = "", .removal = true});
  EXPECT_TRUE(program) << describe(program.error());
}

TEST(ShippedPlaybooks, AuthoritiesTravelOnlyAsInput) {
  const Result<Playbook> book = load_playbook(PLAYBOOKS_FOLDER "/control-plane.yaml");
  ASSERT_TRUE(book);
  const Result<Program> program = Compiler::compile(*book, target_for("control-plane"));
  ASSERT_TRUE(program);
  const ApplyScript apply = Compiler::apply_script(*program, {.everything = true}, "ab12", Seconds(60));
  EXPECT_EQ((Compiler::check_script(*program).text() + apply.launch).find("private-"), std::string::npos);
}

/// Every file and folder has a mode of its own, whatever the host's umask: nobody but root writes to it, and what holds
/// a secret is for root alone.
TEST(ShippedPlaybooks, EveryModeIsExplicitAndSecretsAreTheirOwnersAlone) {
  size_t modes = 0, secrets = 0;
  for (const std::string& name : shipped()) {
    const Result<Playbook> book = load_playbook(std::string(PLAYBOOKS_FOLDER) + "/" + name + ".yaml");
    ASSERT_TRUE(book) << describe(book.error());
    for (const char* role : {"control-plane", "worker"}) {
      const Result<Program> program = Compiler::compile(*book, target_for(role));
      ASSERT_TRUE(program) << describe(program.error());
      for (const TaskCode& code : program->tasks) {
        const Task& task = book->tasks.at(code.number);
        const bool puts = task.module == "file" || task.module == "template" || task.module == "directory" ||
                          task.module == "certificate" || task.module == "download";
        if (!puts || text_at(task.arguments, "state") == "absent") continue;
        std::map<int, std::string> mode_of;
        for (const Field& field : code.fields)
          if (field.name.ends_with("mode")) mode_of[field.object] = field.wanted.get<std::string>();
        for (const Field& field : code.fields) {
          SCOPED_TRACE(name + ": " + field.name);
          ASSERT_TRUE(mode_of.contains(field.object));
          const std::string& mode = mode_of.at(field.object);
          EXPECT_EQ(mode.find_first_not_of("01234567"), std::string::npos) << mode;
          EXPECT_EQ(std::stoul(mode, nullptr, 8) & 0022, 0U) << mode;
          ++modes;
          if (!field.sensitive) continue;
          EXPECT_EQ(mode, "0600");
          ++secrets;
        }
      }
    }
  }
  EXPECT_GT(modes, 40U);
  EXPECT_GE(secrets, 4U) << "three authorities and the service-account key";
}

TEST(ShippedPlaybooks, TheGuideNamesEveryModuleAndArgument) {
  const Result<std::string> guide = read_file(GUIDE);
  ASSERT_TRUE(guide) << describe(guide.error());
  for (const Module& module : modules()) {
    EXPECT_NE(guide->find("| `" + module.name + "` |"), std::string::npos) << module.name;
    for (const ArgumentRule& rule : module.arguments)
      EXPECT_TRUE(guide->find("`" + rule.name + "`") != std::string::npos || rule.name == module.any_key)
          << module.name << ": " << rule.name;
  }
  for (const std::string& fact : fact_names()) EXPECT_NE(guide->find("`" + fact + "`"), std::string::npos) << fact;
}

}  // namespace
}  // namespace slipway::playbook
