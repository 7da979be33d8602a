#include "providers/openstack/credentials.h"

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "spec/yaml.h"

namespace slipway::openstack {
namespace {

struct Document {
  std::string path;
  Value value = Value::object();
};

/// The file that `variable` names, else the first `stem`.yaml or .yml of the folders; an empty path where there is
/// none.
Result<Document> first_document(const Surroundings& where, const char* variable, const std::string& stem) {
  std::vector<std::string> candidates;
  const std::optional<std::string> named = where.variable(variable);
  if (named && !named->empty())
    candidates = {*named};
  else
    for (const std::string& folder : where.folders)
      for (const char* ending : {".yaml", ".yml"}) candidates.push_back(folder + "/" + stem + ending);
  for (const std::string& path : candidates) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) continue;
    Result<std::string> text = read_file(path);
    if (!text) return std::move(text).error();
    Result<Value> value = parse_yaml(path, *text);
    if (!value) return std::move(value).error();
    return Document{path, value->is_object() ? std::move(*value) : Value::object()};
  }
  if (named && !named->empty())
    return fail(ErrorKind::not_found, "no such file of clouds",
                {.found = *named, .advice = std::string("correct or unset ") + variable});
  return Document{};
}

/// `over` wins, maps are merged key by key.
void merge(Value& under, const Value& over) {
  if (!under.is_object() || !over.is_object()) {
    under = over;
    return;
  }
  for (const auto& [key, value] : over.items()) {
    if (under.contains(key))
      merge(under[key], value);
    else
      under[key] = value;
  }
}

/// YAML reads an unquoted 12345 as a number; credentials are text whatever they look like.
std::string text_of(const Value& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (!object.is_object() || found == object.end() || found->is_null()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::string first_of(const Value& object, std::initializer_list<const char*> keys) {
  for (const char* key : keys)
    if (std::string text = text_of(object, key); !text.empty()) return text;
  return {};
}

/// `auth` holds what clouds.yaml calls auth, or the OS_* variables in lower case.
void take_auth(Credentials& who, const Value& auth) {
  who.auth_url = text_of(auth, "auth_url");
  who.user_id = text_of(auth, "user_id");
  who.user_name = text_of(auth, "username");
  who.user_domain_id = first_of(auth, {"user_domain_id", "domain_id", "default_domain_id", "default_domain"});
  who.user_domain_name = first_of(auth, {"user_domain_name", "domain_name", "default_domain_name"});
  who.password = Secret(text_of(auth, "password"));
  who.application_credential_id = text_of(auth, "application_credential_id");
  who.application_credential_name = text_of(auth, "application_credential_name");
  who.application_credential_secret = Secret(text_of(auth, "application_credential_secret"));
  who.token = Secret(text_of(auth, "token"));
  who.project_id = first_of(auth, {"project_id", "tenant_id"});
  who.project_name = first_of(auth, {"project_name", "tenant_name"});
  who.project_domain_id = first_of(auth, {"project_domain_id", "domain_id", "default_domain_id", "default_domain"});
  who.project_domain_name = first_of(auth, {"project_domain_name", "domain_name", "default_domain_name"});
}

Error missing(const Credentials& who, const std::string& what) {
  return fail(ErrorKind::bad_input, "OpenStack credentials are not complete",
              {.found = "no " + what + " in " + who.origin,
               .expected = "auth_url, and user, password and project, or an application credential",
               .advice = "download an openrc or clouds.yaml file from the cloud's dashboard (API Access)"});
}

/// Fills in what follows from the rest and says what is missing.
Result<Credentials> completed(Credentials who) {
  if (who.auth_type.empty())
    who.auth_type = !who.application_credential_secret.empty() ? "v3applicationcredential"
                    : !who.token.empty()                       ? "token"
                                                               : "password";
  if (who.auth_type == "v3password") who.auth_type = "password";
  if (who.auth_type == "v3token") who.auth_type = "token";
  if (who.auth_url.empty()) return missing(who, "auth_url");
  if (who.interface.ends_with("URL")) who.interface.resize(who.interface.size() - 3);
  if (who.auth_type == "v3applicationcredential") {
    if (who.application_credential_secret.empty()) return missing(who, "application_credential_secret");
    if (who.application_credential_id.empty() &&
        (who.application_credential_name.empty() || (who.user_id.empty() && who.user_name.empty())))
      return missing(who, "application_credential_id (or its name with the user)");
    return who;
  }
  if (who.auth_type == "password") {
    if (who.user_id.empty() && who.user_name.empty()) return missing(who, "username");
    if (who.password.empty()) return missing(who, "password");
  } else if (who.auth_type != "token") {
    return fail(ErrorKind::bad_input, "this way of authentication is not supported",
                {.found = "auth_type " + who.auth_type + " in " + who.origin,
                 .expected = "password, v3applicationcredential or token",
                 .advice = "make an application credential: openstack application credential create slipway"});
  } else if (who.token.empty()) {
    return missing(who, "token");
  }
  // A token without a project has no catalogue.
  if (who.project_id.empty() && who.project_name.empty()) return missing(who, "project_name or project_id");
  if (who.user_domain_id.empty() && who.user_domain_name.empty()) who.user_domain_id = "default";
  if (who.project_domain_id.empty() && who.project_domain_name.empty()) who.project_domain_id = "default";
  return who;
}

Result<Credentials> from_variables(const Surroundings& where) {
  Credentials who;
  who.origin = "the OS_* variables";
  const auto variable = [&](const char* name) { return where.variable(name).value_or(""); };
  Value auth = Value::object();
  for (const char* key : {"auth_url",
                          "user_id",
                          "username",
                          "user_domain_id",
                          "user_domain_name",
                          "domain_id",
                          "domain_name",
                          "default_domain",
                          "default_domain_id",
                          "default_domain_name",
                          "password",
                          "application_credential_id",
                          "application_credential_name",
                          "application_credential_secret",
                          "token",
                          "project_id",
                          "project_name",
                          "project_domain_id",
                          "project_domain_name",
                          "tenant_id",
                          "tenant_name"}) {
    std::string name = "OS_";
    for (const char* letter = key; *letter; ++letter)
      name += static_cast<char>(std::toupper(static_cast<unsigned char>(*letter)));
    if (std::string value = variable(name.c_str()); !value.empty()) auth[key] = value;
  }
  take_auth(who, auth);
  who.auth_type = variable("OS_AUTH_TYPE");
  who.region = variable("OS_REGION_NAME");
  if (const std::string face = variable("OS_INTERFACE"); !face.empty())
    who.interface = face;
  else if (const std::string type = variable("OS_ENDPOINT_TYPE"); !type.empty())
    who.interface = type;
  who.ca_file = variable("OS_CACERT");
  who.certificate_file = variable("OS_CERT");
  who.key_file = variable("OS_KEY");
  const std::string insecure = variable("OS_INSECURE");
  who.insecure = insecure == "true" || insecure == "True" || insecure == "1";
  return completed(std::move(who));
}

std::string home_path(const std::string& path) {
  return path.starts_with("~/") ? home_directory() + path.substr(1) : path;
}

Result<Credentials> from_cloud(const std::string& name, const Value& cloud, const std::string& path) {
  Credentials who;
  who.origin = "cloud '" + name + "' of " + path;
  // Some files write user and project beside `auth` instead of in it.
  Value auth = cloud;
  if (const auto inner = cloud.find("auth"); inner != cloud.end()) merge(auth, *inner);
  take_auth(who, auth);
  who.auth_type = text_of(cloud, "auth_type");
  who.region = text_of(cloud, "region_name");
  if (const std::string face = first_of(cloud, {"interface", "endpoint_type"}); !face.empty()) who.interface = face;
  who.ca_file = home_path(text_of(cloud, "cacert"));
  who.certificate_file = home_path(text_of(cloud, "cert"));
  who.key_file = home_path(text_of(cloud, "key"));
  if (const auto verify = cloud.find("verify"); verify != cloud.end()) who.insecure = *verify == false;
  return completed(std::move(who));
}

}  // namespace

Surroundings real_surroundings() {
  return {.variable = [](const std::string& name) -> std::optional<std::string> {
            const char* value = std::getenv(name.c_str());
            return value ? std::optional<std::string>(value) : std::nullopt;
          },
          .folders = {".", home_directory() + "/.config/openstack", "/etc/openstack"}};
}

Result<Credentials> find_credentials(const std::string& cloud, const Surroundings& where) {
  const std::string wanted = cloud.empty() ? where.variable("OS_CLOUD").value_or("") : cloud;
  if (wanted.empty() && !where.variable("OS_AUTH_URL").value_or("").empty()) return from_variables(where);
  Result<Document> clouds = first_document(where, "OS_CLIENT_CONFIG_FILE", "clouds");
  if (!clouds) return std::move(clouds).error().while_doing("looking for OpenStack credentials");
  if (clouds->path.empty())
    return fail(ErrorKind::not_found, "no OpenStack credentials",
                {.found = "no clouds.yaml in " + join(where.folders, ", ") + ", and no OS_AUTH_URL",
                 .expected = "clouds.yaml with " + (wanted.empty() ? "a cloud" : "cloud '" + wanted + "'") +
                             ", or the OS_* variables of an openrc file",
                 .advice = "download one of them from the cloud's dashboard (API Access)"});
  Result<Document> secure = first_document(where, "OS_CLIENT_SECURE_FILE", "secure");
  if (!secure) return std::move(secure).error().while_doing("reading the secrets beside " + clouds->path);
  merge(clouds->value, secure->value);
  const Value all = clouds->value.value("clouds", Value::object());
  std::vector<std::string> names;
  if (all.is_object())
    for (const auto& [name, value] : all.items()) names.push_back(name);
  std::string name = wanted;
  if (name.empty() && names.size() == 1) name = names.front();
  if (name.empty())
    return fail(ErrorKind::bad_input, "which OpenStack cloud?",
                {.found = std::to_string(names.size()) + " clouds in " + clouds->path + ": " + join(names, ", "),
                 .expected = "one of them",
                 .advice = "set openstack.cloud in the spec, or OS_CLOUD"});
  const auto found = all.is_object() ? all.find(name) : all.end();
  if (!all.is_object() || found == all.end() || !found->is_object()) {
    const std::optional<std::string> near = nearest(name, names);
    return fail(ErrorKind::not_found, "no such OpenStack cloud",
                {.found = "'" + name + "' is not in " + clouds->path,
                 .expected = names.empty() ? "a cloud under clouds:" : join(names, ", "),
                 .advice = near ? "did you mean '" + *near + "'?" : "set openstack.cloud in the spec"});
  }
  return from_cloud(name, *found, clouds->path);
}

}  // namespace slipway::openstack
