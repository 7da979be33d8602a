#include <cstdlib>

#include "tests/opennebula/documents_out.h"
#include "tests/opennebula/methods.h"

namespace slipway::testing_support::one {
namespace {

constexpr Kind a_template{"virtual machine template", "TEMPLATE"};
constexpr Kind an_image{"image", "IMAGE"};

Reply instantiate(Call& call) {
  const int id = call.number(0);
  SimTemplate* from = find_in(call.world.templates, id);
  if (!from) return unknown("virtual machine template", id);
  if (const auto no = refused(call, *from, Right::use, "TEMPLATE")) return *no;
  if (value_of(from->attributes, "VROUTER") == "YES")
    return bad(action_error, "Virtual router templates cannot be instantiated");
  if (!call.text(3).empty())
    if (const auto no = may_create(call, "TEMPLATE")) return *no;
  if (call.flag(4))
    return bad(allocate_error,
               "Error allocating a new virtual machine template. DISK 0: SIZE attribute is not supported "
               "for persistent image [" +
                   std::to_string(call.world.next_image) + "].");
  return with_template(call, 3, [&](const Template& extra) {
    if (!call.admin())
      for (const opennebula::Attribute& line : extra)
        if (line.name == "NIC" && (!line.part("MAC").empty() || !line.part("FILTER_IP_SPOOFING").empty()))
          return bad(authorization, who(call.caller) + "User Template includes a restricted attribute NIC.");
    Template whole = from->attributes;
    merge(whole, extra);
    const std::string name =
        call.text(1).empty() ? from->name + "-" + std::to_string(call.world.next_vm) : call.text(1);
    return call.world.allocate_vm(call.caller, whole, call.flag(2), id, name);
  });
}

Reply allocate_image(Call& call) {
  if (const auto no = may_create(call, "IMAGE")) return *no;
  return with_template(call, 0, [&](const Template& text) {
    const int store = call.number(1);
    if (store != 100 && store != 1) return unknown("datastore", store);
    const std::string name = value_of(text, "NAME"), size = value_of(text, "SIZE");
    for (const auto& [id, image] : call.world.images)
      if (image.name == name && image.uid == call.caller.id)
        return bad(allocate_error,
                   "Error allocating a new image. NAME is already taken by IMAGE " + std::to_string(id) + ".");
    if (std::atoll(size.c_str()) <= 0)
      return bad(internal_error, "Cannot parse image SIZE: Wrong number or missing SIZE attribute.");
    SimImage image = made_by<SimImage>(call, call.world.next_image, name);
    image.state = 4;
    image.ready_at = call.world.now() + 20;
    image.type = value_of(text, "TYPE") == "DATABLOCK" ? 2 : 0;
    image.size_mb = std::atoll(size.c_str());
    image.persistent = value_of(text, "PERSISTENT") == "YES";
    image.registered = call.world.wall_seconds();
    image.datastore = store;
    for (const opennebula::Attribute& line : text)
      if (line.name != "NAME" && line.name != "SIZE" && line.name != "TYPE" && line.name != "PERSISTENT")
        image.attributes.push_back(line);
    set(image.attributes, "DEV_PREFIX", "sd");
    call.world.images[image.id] = image;
    return good(image.id);
  });
}

Reply delete_image(Call& call) {
  return with_object(call, call.world.images, an_image, Right::manage, [&](SimImage& image) {
    if (!image.vms.empty())
      return bad(action_error, "Cannot delete image. There are " + std::to_string(image.vms.size()) + " VMs using it.");
    image.state = 7;
    image.gone_at = call.world.now() + 20;
    return good(image.id);
  });
}

Reply allocate_template(Call& call) {
  if (const auto no = may_create(call, "TEMPLATE")) return *no;
  return with_template(call, 0, [&](const Template& text) {
    const std::string name = value_of(text, "NAME");
    for (const auto& [id, other] : call.world.templates)
      if (other.name == name && other.uid == call.caller.id)
        return bad(internal_error, "NAME is already taken by TEMPLATE " + std::to_string(id) + ".");
    SimTemplate made = made_by<SimTemplate>(call, call.world.next_template, name);
    made.registered = call.world.wall_seconds();
    made.attributes = text;
    drop(made.attributes, "NAME");
    call.world.templates[made.id] = made;
    return good(made.id);
  });
}

}  // namespace

void add_template_methods(Methods& methods) {
  add(methods, "one.templatepool.info", "iii", "templatepool-info", [](Call& call) {
    return pool(call, call.world.templates, "VMTEMPLATE_POOL", "TEMPLATE",
                [&](const SimTemplate& from) { return document(call.world, from); });
  });
  add(methods, "one.template.info", "i|bb", "template-info", [](Call& call) {
    return with_object(call, call.world.templates, a_template, Right::use,
                       [&](SimTemplate& from) { return good(document(call.world, from)); });
  });
  add(methods, "one.template.allocate", "s", "template-allocate", allocate_template);
  add(methods, "one.template.instantiate", "is|bsb", "template-instantiate", instantiate);
  add(methods, "one.template.update", "isi", "template-update-append", [](Call& call) {
    return with_object(call, call.world.templates, a_template, Right::manage, [&](SimTemplate& from) {
      return with_template(
          call, 1, [&](const Template& text) { return update(from.attributes, text, call.number(2), from.id); });
    });
  });
  add(methods, "one.template.delete", "i|b", "template-delete-not-found",
      [](Call& call) { return delete_object(call, call.world.templates, a_template); });
  add(methods, "one.image.allocate", "si|b", "image-allocate", allocate_image);
  add(methods, "one.image.info", "i|b", "image-info-ready", [](Call& call) {
    return with_object(call, call.world.images, an_image, Right::use,
                       [&](SimImage& image) { return good(document(call.world, image)); });
  });
  add(methods, "one.image.delete", "i|b", "image-delete", delete_image);
  add(methods, "one.imagepool.info", "iii", "imagepool-info", [](Call& call) {
    return pool(call, call.world.images, "IMAGE_POOL", "IMAGE",
                [&](const SimImage& image) { return document(call.world, image); });
  });
}

}  // namespace slipway::testing_support::one
