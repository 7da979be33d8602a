// Glance's images.

#include "providers/openstack/object_kind.h"

namespace slipway::openstack {
namespace {

class Image final : public ObjectKind {
 public:
  using ObjectKind::ObjectKind;

  Result<std::vector<CloudObject>> list(Deadline deadline) override {
    // Glance gives 25 a page unless it is asked for more.
    Result<std::vector<Value>> raw =
        place_.api.list(Service::image, "/images?status=active&limit=1000", "images", deadline);
    if (!raw) return std::move(raw).error();
    std::vector<CloudObject> objects;
    for (const Value& item : *raw)
      objects.push_back({.kind = "image",
                         .id = text_at(item, "id"),
                         .name = {},
                         .mark = {},
                         .fields = {{"name", text_at(item, "name")},
                                    {"distribution", text_at(item, "os_distro")},
                                    {"version", text_at(item, "os_version")},
                                    {"tags", item.value("tags", Value::array())},
                                    {"min_disk_gb", item.value("min_disk", 0)},
                                    {"min_memory_mb", item.value("min_ram", 0)},
                                    {"created", text_at(item, "created_at")}}});
    return objects;
  }
};

}  // namespace

void add_image_kinds(Kinds& kinds, const Workplace& place) { kinds["image"] = std::make_unique<Image>(place); }

}  // namespace slipway::openstack
