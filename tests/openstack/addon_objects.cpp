// addon_objects SPEC: the objects of the spec's add-ons that talk to the provider's cloud, as Slipway would apply them:
// a List in JSON on standard output. Secrets included, so for a test's own credentials only.

#include <cstdio>
#include <filesystem>

#include "base/ids.h"
#include "cluster/platform.h"
#include "kube/objects_step.h"
#include "providers/openstack/openstack_provider.h"

namespace slipway {
namespace {

Result<Value> objects_of(const std::string& path, const std::string& folder) {
  Result<Spec> spec = load_spec(path);
  if (!spec) return std::move(spec).error();
  Result<std::unique_ptr<Provider>> provider = make_openstack_provider(*spec);
  if (!provider) return std::move(provider).error();
  Result<CertificateKeyPair> authority = make_authority({.common_name = spec->name});
  if (!authority) return std::move(authority).error();
  Result<std::unique_ptr<StateStore>> store =
      StateStore::open({.directory = folder, .cluster = spec->name, .key_file = folder + "/key"});
  if (!store) return std::move(store).error();
  Result<Membership> membership = settle_members(*spec, (*store)->snapshot());
  if (!membership) return std::move(membership).error();
  Result<Platform> platform = load_platform(**store, *spec, *membership, *authority, **provider, SLIPWAY_SOURCE, false);
  if (!platform) return std::move(platform).error();
  Value items = Value::array();
  for (const AddOn& add_on : platform->add_ons) {
    if (add_on.provider.empty()) continue;
    Result<std::vector<Value>> objects = load_objects(add_on, platform->variables_of(add_on));
    if (!objects) return std::move(objects).error();
    Result<std::unique_ptr<ObjectsStep>> step =
        ObjectsStep::make({.owner = {spec->name, StepId("addon/" + add_on.name)}, .objects = std::move(*objects)});
    if (!step) return std::move(step).error();
    for (const Value& object : (*step)->objects()) items.push_back(object);
  }
  return Value{{"apiVersion", "v1"}, {"kind", "List"}, {"items", std::move(items)}};
}

}  // namespace
}  // namespace slipway

int main(int count, char** arguments) {
  using namespace slipway;
  if (count != 2) {
    std::fprintf(stderr, "usage: addon_objects SPEC\n");
    return 3;
  }
  const std::string folder = std::filesystem::temp_directory_path() / ("slipway-addon-objects-" + random_hex(6));
  const Result<Value> list = objects_of(arguments[1], folder);
  std::filesystem::remove_all(folder);
  if (!list) {
    std::fprintf(stderr, "%s\n", describe(list.error()).c_str());
    return 1;
  }
  std::printf("%s\n", list->dump(1).c_str());
  return 0;
}
