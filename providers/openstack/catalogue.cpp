#include "providers/openstack/catalogue.h"

#include <set>

#include "base/text.h"

namespace slipway::openstack {
namespace {

/// Official types first, then what older clouds say.
std::vector<std::string> types_of(Service service) {
  switch (service) {
    case Service::compute:
      return {"compute"};
    case Service::network:
      return {"network"};
    case Service::image:
      return {"image"};
    case Service::volume:
      return {"block-storage", "volumev3", "volume"};
  }
  return {};
}

std::string without_slashes(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

/// The path's parts after host and port.
std::vector<std::string> parts_of(const std::string& url) {
  const size_t scheme = url.find("://");
  const size_t path = url.find('/', scheme == std::string::npos ? 0 : scheme + 3);
  if (path == std::string::npos) return {};
  return split(std::string_view(url).substr(path + 1), '/');
}

bool has_version(const std::string& url) {
  for (const std::string& part : parts_of(url))
    if (part.size() > 1 && part[0] == 'v' && part[1] >= '0' && part[1] <= '9') return true;
  return false;
}

}  // namespace

std::string_view name(Service service) {
  switch (service) {
    case Service::compute:
      return "compute";
    case Service::network:
      return "network";
    case Service::image:
      return "image";
    case Service::volume:
      return "block storage";
  }
  return "?";
}

std::string token_url(std::string auth_url) {
  auth_url = without_slashes(std::move(auth_url));
  for (const char* ending : {"/auth/tokens", "/v3", "/v2.0"})
    if (auth_url.ends_with(ending)) auth_url.resize(auth_url.size() - std::string_view(ending).size());
  return without_slashes(std::move(auth_url)) + "/v3/auth/tokens";
}

Result<Catalogue> Catalogue::read(const Value& token, const std::string& region, const std::string& interface) {
  Catalogue catalogue;
  catalogue.interface_ = interface;
  catalogue.project_ = text_at(token.value("project", Value::object()), "id");
  const Value services = token.value("catalog", Value::array());
  std::set<std::string> regions;
  for (const Value& service : services)
    for (const Value& endpoint : service.value("endpoints", Value::array()))
      if (text_at(service, "type") == "compute")
        regions.insert(text_at(endpoint, "region_id", text_at(endpoint, "region")));
  const std::vector<std::string> known(regions.begin(), regions.end());
  catalogue.region_ = region;
  if (region.empty() && regions.size() == 1) catalogue.region_ = known.front();
  if (catalogue.region_.empty() && regions.size() > 1)
    return fail(ErrorKind::bad_input, "which region of the cloud?",
                {.found = join(known, ", "),
                 .expected = "one of them",
                 .advice = "set openstack.region in the spec, or region_name in clouds.yaml"});
  if (!region.empty() && !regions.empty() && !regions.contains(region)) {
    const std::optional<std::string> near = nearest(region, known);
    return fail(ErrorKind::bad_input, "no such region in the cloud",
                {.found = region,
                 .expected = join(known, ", "),
                 .advice = near ? "did you mean '" + *near + "'?" : "correct openstack.region"});
  }
  for (const Value& service : services)
    for (const Value& endpoint : service.value("endpoints", Value::array())) {
      const std::string place = text_at(endpoint, "region_id", text_at(endpoint, "region"));
      if (text_at(endpoint, "interface") == interface && (place == catalogue.region_ || catalogue.region_.empty()))
        catalogue.urls_.emplace(text_at(service, "type"), without_slashes(text_at(endpoint, "url")));
    }
  return catalogue;
}

Result<std::string> Catalogue::base(Service service) const {
  for (const std::string& type : types_of(service)) {
    const auto found = urls_.find(type);
    if (found == urls_.end()) continue;
    std::string url = found->second;
    if (has_version(url)) {
      // Nova's old name of the same API.
      if (service == Service::compute) url = replace_all(url, "/v2/", "/v2.1/");
      return url;
    }
    switch (service) {
      case Service::compute:
        return url + "/v2.1";
      case Service::network:
        return url + "/v2.0";
      case Service::image:
        return url + "/v2";
      case Service::volume:
        return url + "/v3/" + project_;
    }
  }
  std::vector<std::string> there;
  for (const auto& [type, url] : urls_) there.push_back(type);
  return fail(ErrorKind::not_found, "the cloud has no " + std::string(name(service)) + " service for us",
              {.found = "in region '" + region_ + "', interface " + interface_ + ": " +
                        (there.empty() ? "nothing" : join(there, ", ")),
               .expected = join(types_of(service), " or "),
               .advice = "check region and interface; a token without a project has no services"});
}

}  // namespace slipway::openstack
