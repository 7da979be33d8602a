#include "providers/openstack/inside.h"

#include "base/file.h"

namespace slipway::openstack {
namespace {

/// A value of cloud.conf, which is in git's style.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char letter : text) {
    if (letter == '\\' || letter == '"') out += '\\';
    out += letter;
  }
  return out + '"';
}

class Section {
 public:
  explicit Section(const std::string& name) : text_("[" + name + "]\n") {}
  Section& add(const char* key, const std::string& value) {
    if (!value.empty()) text_ += std::string(key) + " = " + quoted(value) + "\n";
    return *this;
  }
  Section& add(const char* key, const Secret& value) {
    const Secret as_written(quoted(value.reveal()));  // The redactor knows it in this form as well.
    return add(key, value.reveal());
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

Result<std::map<std::string, std::string>> Inside::files() const {
  if (who_.auth_type == "token")
    return fail(ErrorKind::bad_input, "a token cannot be handed to programs in the cluster",
                {.found = who_.origin,
                 .expected = "an application credential, or user and password: a token ends, and nobody renews it",
                 .advice = "openstack application credential create slipway"});
  std::map<std::string, std::string> files;
  Section global("Global");
  global.add("auth-url", who_.auth_url).add("region", who_.region).add("os-endpoint-type", who_.interface);
  if (who_.auth_type == "v3applicationcredential")
    global.add("application-credential-id", who_.application_credential_id)
        .add("application-credential-name", who_.application_credential_name)
        .add("application-credential-secret", who_.application_credential_secret);
  else
    global.add("password", who_.password)
        .add("tenant-id", who_.project_id)
        .add("tenant-name", who_.project_name)
        .add("tenant-domain-id", who_.project_domain_id)
        .add("tenant-domain-name", who_.project_domain_name);
  // An application credential that is named by its id says whose it is.
  if (who_.application_credential_id.empty())
    global.add("user-id", who_.user_id)
        .add("username", who_.user_name)
        .add("user-domain-id", who_.user_domain_id)
        .add("user-domain-name", who_.user_domain_name);
  for (const auto& [path, key, name] : {std::tuple{who_.ca_file, "ca-file", "ca.crt"},
                                        {who_.certificate_file, "cert-file", "client.crt"},
                                        {who_.key_file, "key-file", "client.key"}}) {
    if (path.empty()) continue;
    Result<std::string> text = read_file(path);
    if (!text) return std::move(text).error().while_doing("reading what " + who_.origin + " names");
    global.add(key, std::string(cloud_folder) + "/" + name);
    files[name] = path == who_.key_file ? Secret(std::move(*text)).reveal() : std::move(*text);
  }
  if (who_.insecure) global.add("tls-insecure", "true");
  // Services of type LoadBalancer are MetalLB's.
  files["cloud.conf"] = global.text() + Section("LoadBalancer").add("enabled", "false").text();
  return files;
}

}  // namespace slipway::openstack
