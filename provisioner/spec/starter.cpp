#include "spec/starter.h"

#include <algorithm>

#include "base/text.h"
#include "spec/network.h"
#include "spec/spec.h"

namespace slipway {
namespace {

using Answers = std::map<std::string, std::string>;

/// FIRST-LAST of load balancers in a network that we lay out.
std::string balancers_of(const Cidr& subnet) {
  const AddressRange all = subnet.range();
  const auto size = static_cast<uint32_t>(all.size());
  const uint32_t from = size >= 256 ? 200 : size / 2, to = size >= 256 ? 219 : size - 3;
  return to_string(Address{subnet.base.bits + from}) + "-" + to_string(Address{subnet.base.bits + to});
}

/// "c1=10.0.0.1, c2=10.0.0.2" as the items of a `hosts:` list.
Result<std::string> host_rows(const std::string& answer, const std::string& question) {
  std::string out;
  for (const std::string& item : split(answer, ',')) {
    const std::string host{trim(item)};
    if (host.empty()) continue;
    const size_t equals = host.find('=');
    if (equals == std::string::npos)
      return fail(ErrorKind::bad_input, "cannot read the hosts",
                  {.found = host, .expected = "NAME=ADDRESS, NAME=ADDRESS", .where = "answer " + question});
    out += "      - {name: " + host.substr(0, equals) + ", address: " + host.substr(equals + 1) + "}\n";
  }
  return out;
}

std::string header(const std::string& provider, const std::string& about) {
  return "# yaml-language-server: $schema=" + std::string(starter_schema_path) + "\n"
         "# " + about + " Check this file: slipway validate FILE. Every key: docs/spec.md\n"
         "name: %name%\nprovider: " + provider + "\n";
}

std::string machine_pools(const std::string& control_size, const std::string& worker_size) {
  return "\npools:\n"
         "  # 1, 3, 5 or 7 control planes; from 3 on one may fail. 1 can become 3 later.\n"
         "  control: {role: control-plane, count: %control_planes%, size: " + control_size + "}\n"
         "  # `slipway node add FILE --pool workers` changes this count and makes the machine.\n"
         "  workers: {role: worker, count: %workers%, size: " + worker_size + "}\n";
}

const char* const closing =
    "\n# What runs on the cluster: take the # away from what you want, now or later. Each has settings of its own.\n"
    "addons:\n"
    "  # metallb: {}                # gives services the addresses of load_balancers\n"
    "  # ingress: {}                # https://NAME.%name%.slipway.internal; needs metallb\n"
    "  # registry: {storage: 5Gi}   # https://registry.%name%.slipway.internal; needs metallb\n"
    "  # metrics_server: {}         # kubectl top, autoscaling\n"
    "  # access: {}                 # roles viewer and deployer\n"
    "  # postgres: {storage: 10Gi}  # PostgreSQL and its backups; wants two workers\n"
    "  # monitoring: {}             # Prometheus, alerts, figures in `slipway status`\n";

std::string local_text() {
  return header("local", "A cluster on this computer: real Debian machines as system containers.") +
         "local: {subnet: %subnet%, release: bookworm}\n"
         "\nnetwork:\n"
         "  endpoint: %endpoint%        # the Kubernetes API answers here\n"
         "  load_balancers: %load_balancers%     # for services of type LoadBalancer\n" +
         machine_pools("{cpus: 2, memory: 2GiB, disk: 20GiB}", "{cpus: 2, memory: 1GiB, disk: 20GiB}") + closing;
}

std::string existing_text(const Answers& answers) {
  const bool root = answers.at("user") == "root";
  return header("existing", "A cluster on hosts that are there already, reached by SSH.") +
         "\nssh:\n"
         "  user: %user%" + (root ? "" : "\n  sudo: true               # without a password") + "\n"
         "  key: %key%\n"
         "  # jump: admin@bastion.example.org\n"
         "\nnetwork:\n"
         "  endpoint: %endpoint%     # a free address in the hosts' network; the Kubernetes API gets it\n"
         "  load_balancers: %load_balancers%\n"
         "\npools:\n"
         "  control:\n"
         "    role: control-plane\n"
         "    # Add fingerprint: \"SHA256:…\" (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), else known_hosts decides.\n"
         "    hosts:\n%control_hosts%"
         "  workers:\n"
         "    role: worker\n"
         "    hosts:\n%worker_hosts%" + closing;
}

std::string openstack_text() {
  return header("openstack", "A cluster of OpenStack servers in a network of its own; credentials from clouds.yaml.") +
         "openstack:\n"
         "  cloud: %cloud%                 # name in clouds.yaml\n"
         "  image: %image%               # Debian 12 or 13, or Ubuntu 24.04, with cloud-init\n"
         "  subnet: %subnet%\n"
         "  external_network: %external_network%       # router and floating addresses\n"
         "  floating_addresses: [api, bastion]\n"
         "\nssh: {user: %user%, sudo: true}\n"
         "network: {endpoint: %endpoint%, load_balancers: %load_balancers%}\n" +
         machine_pools("{cpus: 2, memory: 4GiB, disk: 20GiB}", "{cpus: 4, memory: 8GiB, disk: 40GiB}") + closing;
}

std::string opennebula_text() {
  return header("opennebula", "A cluster of OpenNebula VMs; credentials from ONE_AUTH or ~/.one/one_auth.") +
         "opennebula:\n"
         "  endpoint: %url%\n"
         "  template: %template%           # name or id of the VM template\n"
         "  network: %network%             # the endpoint and the load balancers are reserved in it\n"
         "  subnet: %subnet%\n"
         "\nnetwork:\n"
         "  endpoint: %endpoint%        # the Kubernetes API answers here\n"
         "  load_balancers: %load_balancers%\n" +
         machine_pools("{cpus: 2, memory: 4GiB, disk: 20GiB}", "{cpus: 4, memory: 8GiB, disk: 40GiB}") + closing;
}

/// What follows from the network, where it was not answered.
Result<void> lay_out_network(Answers& answers) {
  if (!answers.contains("subnet")) return {};
  const Result<Cidr> subnet = parse_cidr(answers.at("subnet"));
  if (!subnet) return subnet.error().while_doing("reading the answer 'subnet'");
  answers.try_emplace("endpoint", to_string(Address{subnet->base.bits + 10}));
  answers.try_emplace("load_balancers", balancers_of(*subnet));
  return {};
}

Result<Answers> complete(const std::string& provider, Answers answers) {
  std::vector<std::string> known;
  for (const StarterQuestion& question : starter_questions(provider)) {
    known.push_back(question.name);
    if (!answers[question.name].empty()) continue;
    if (question.fallback.empty())
      return fail(ErrorKind::bad_input, "an answer is missing",
                  {.found = "nothing for '" + question.name + "'",
                   .expected = question.about,
                   .advice = "--answer " + question.name + "=…"});
    answers[question.name] = question.fallback;
  }
  for (const auto& [name, answer] : answers)
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      const std::optional<std::string> near = nearest(name, known);
      return fail(ErrorKind::bad_input, "no such question",
                  {.found = name,
                   .expected = join(known, ", "),
                   .advice = near ? "did you mean '" + *near + "'?" : ""});
    }
  return answers;
}

}  // namespace

const std::vector<std::string>& starter_providers() {
  static const std::vector<std::string> providers = {"local", "existing", "openstack", "opennebula"};
  return providers;
}

std::vector<StarterQuestion> starter_questions(const std::string& provider) {
  const StarterQuestion name{"name", "Name of the cluster", "demo"};
  if (provider == "local")
    return {name,
            {"subnet", "A network that this machine does not use yet", "10.99.0.0/24"},
            {"control_planes", "Control planes (1, 3, 5 or 7)", "1"},
            {"workers", "Workers", "2"}};
  if (provider == "existing")
    return {name,
            {"user", "Login name on the hosts (root, or a user with sudo)", "root"},
            {"key", "Private SSH key", "~/.ssh/id_ed25519"},
            {"control_hosts", "Control planes, as NAME=ADDRESS, NAME=ADDRESS", ""},
            {"worker_hosts", "Workers, as NAME=ADDRESS, NAME=ADDRESS", ""},
            {"endpoint", "A free address in the hosts' network, for the Kubernetes API", ""},
            {"load_balancers", "A free range FIRST-LAST in that network, for services", ""}};
  const std::vector<StarterQuestion> machines = {{"control_planes", "Control planes (1, 3, 5 or 7)", "3"},
                                                 {"workers", "Workers", "3"}};
  std::vector<StarterQuestion> questions;
  if (provider == "openstack")
    questions = {name,
                 {"cloud", "Name of the cloud in clouds.yaml", "openstack"},
                 {"image", "Name of the image: Debian 12 or 13, or Ubuntu 24.04", "debian-12"},
                 {"user", "The image's login name", "debian"},
                 {"external_network", "Name of the external network", "public"},
                 {"subnet", "The network to make for the machines", "10.99.7.0/24"}};
  else
    questions = {name,
                 {"url", "URL of the XML-RPC API", "http://localhost:2633/RPC2"},
                 {"template", "Name or id of the VM template", ""},
                 {"network", "Name or id of the virtual network", ""},
                 {"subnet", "That network's subnet, such as 172.20.0.0/24", ""},
                 {"endpoint", "A free address in it, for the Kubernetes API", ""},
                 {"load_balancers", "A free range FIRST-LAST in it, for services", ""}};
  questions.insert(questions.end(), machines.begin(), machines.end());
  return questions;
}

Result<std::string> starter_spec(const std::string& provider, const std::map<std::string, std::string>& given) {
  const std::vector<std::string>& providers = starter_providers();
  if (std::find(providers.begin(), providers.end(), provider) == providers.end()) {
    const std::optional<std::string> near = nearest(provider, providers);
    return fail(ErrorKind::bad_input, "unknown provider",
                {.found = provider,
                 .expected = join(providers, ", "),
                 .advice = near ? "did you mean '" + *near + "'?" : ""});
  }
  Result<Answers> answers = complete(provider, given);
  if (!answers) return std::move(answers).error();
  if (Result<void> laid_out = lay_out_network(*answers); !laid_out) return std::move(laid_out).error();
  for (const char* hosts : {"control_hosts", "worker_hosts"})
    if (const auto answer = answers->find(hosts); answer != answers->end()) {
      Result<std::string> rows = host_rows(answer->second, hosts);
      if (!rows) return rows;
      answer->second = std::move(*rows);
    }
  std::string text = provider == "local"       ? local_text()
                     : provider == "existing"  ? existing_text(*answers)
                     : provider == "openstack" ? openstack_text()
                                               : opennebula_text();
  for (const auto& [question, answer] : *answers) text = replace_all(text, "%" + question + "%", answer);
  if (const Result<Spec> valid = parse_spec("the new spec", text); !valid) return valid.error();
  return text;
}

}  // namespace slipway
