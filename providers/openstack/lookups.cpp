#include "providers/openstack/lookups.h"

#include <algorithm>
#include <tuple>

#include "base/text.h"

namespace slipway::openstack {
namespace {

std::string name_of(const CloudObject& object) { return text_at(object.fields, "name"); }

uint64_t number(const CloudObject& object, const char* key) { return object.fields.value(key, uint64_t{0}); }

/// "debian-12 (id, 2026-01-02), …", at most ten.
std::string listed(const std::vector<const CloudObject*>& candidates) {
  std::vector<std::string> texts;
  for (const CloudObject* candidate : candidates) {
    if (texts.size() == 10) {
      texts.push_back("and " + std::to_string(candidates.size() - 10) + " more");
      break;
    }
    const std::string created = text_at(candidate->fields, "created").substr(0, 10);
    texts.push_back(name_of(*candidate) + " (" + candidate->id + (created.empty() ? "" : ", " + created) + ")");
  }
  return join(texts, ", ");
}

std::vector<const CloudObject*> pointers(const std::vector<CloudObject>& objects) {
  std::vector<const CloudObject*> all;
  for (const CloudObject& object : objects) all.push_back(&object);
  return all;
}

std::string advice_for(const std::string& wanted, const std::vector<CloudObject>& objects, const std::string& key) {
  std::vector<std::string> names;
  for (const CloudObject& object : objects) names.push_back(name_of(object));
  const std::optional<std::string> near = nearest(wanted, names);
  return near ? "did you mean '" + *near + "'?" : "correct " + key;
}

bool has_property(const CloudObject& image, const std::string& key, const std::string& value) {
  if (key == "tag") {
    for (const Value& tag : image.fields.value("tags", Value::array()))
      if (tag == value) return true;
    return false;
  }
  std::string found = text_at(image.fields, key.c_str());
  std::transform(found.begin(), found.end(), found.begin(), [](unsigned char c) { return std::tolower(c); });
  return found == value;
}

class LookupStep final : public Step {
 public:
  LookupStep(std::string kind, Pick pick) : kind_(std::move(kind)), pick_(std::move(pick)) {}

  Result<Observation> observe(Reader& reader, const Inputs&) const override {
    Result<std::vector<CloudObject>> all = reader.cloud.list(kind_);
    if (!all) return std::move(all).error().while_doing("looking for the " + kind_);
    Result<CloudObject> found = pick_(*all);
    if (!found) return std::move(found).error();
    return Observation{
        .exists = true, .facts = found->fields, .outputs = {{"id", found->id}, {"name", name_of(*found)}}};
  }
  Diff diff(const Observation&, const Inputs&) const override { return {}; }
  Diff forecast(const Inputs&) const override { return {}; }
  Result<Outputs> apply(Writer& writer, const Diff&, const Inputs& inputs, Recorder&) const override {
    Result<Observation> seen = observe(writer.read, inputs);
    if (!seen) return std::move(seen).error();
    return seen->outputs;
  }

 private:
  const std::string kind_;
  const Pick pick_;
};

}  // namespace

Result<CloudObject> pick_named(const std::vector<CloudObject>& objects, const std::string& wanted,
                               const std::string& kind, const std::string& key) {
  std::vector<const CloudObject*> named;
  for (const CloudObject& object : objects) {
    if (object.id == wanted) return object;
    if (name_of(object) == wanted) named.push_back(&object);
  }
  if (named.size() == 1) return *named.front();
  if (named.empty())
    return fail(ErrorKind::not_found, "the cloud has no such " + kind,
                {.found = "'" + wanted + "' for " + key,
                 .expected = objects.empty() ? "there is none that this project may see" : listed(pointers(objects)),
                 .advice = advice_for(wanted, objects, key)});
  return fail(ErrorKind::bad_input, "several of one name: which " + kind + "?",
              {.found = listed(named), .expected = "one", .advice = "set " + key + " to the id of one of them"});
}

Result<CloudObject> pick_image(const std::vector<CloudObject>& images, const Value& wanted) {
  if (wanted.is_string()) return pick_named(images, wanted.get<std::string>(), "image", "openstack.image");
  std::vector<const CloudObject*> fitting;
  for (const CloudObject& image : images) {
    bool fits = true;
    for (const auto& [key, value] : wanted.items())
      if (value.is_string() && !value.get<std::string>().empty())
        fits = fits && has_property(image, key, value.get<std::string>());
    if (fits) fitting.push_back(&image);
  }
  if (fitting.empty())
    return fail(ErrorKind::not_found, "the cloud has no image with these properties",
                {.found = wanted.dump() + " for openstack.image",
                 .expected = "an image with os_distro, os_version or a tag of these values",
                 .advice = "name the image instead: " + listed(pointers(images))});
  return **std::max_element(fitting.begin(), fitting.end(), [](const CloudObject* left, const CloudObject* right) {
    return text_at(left->fields, "created") < text_at(right->fields, "created");
  });
}

Result<CloudObject> pick_flavor(const std::vector<CloudObject>& flavors, const std::string& wanted, const Size& size) {
  if (!wanted.empty()) return pick_named(flavors, wanted, "flavor", "openstack.flavor");
  const CloudObject* smallest = nullptr;
  const auto weight = [](const CloudObject& flavor) {
    return std::tuple(number(flavor, "memory_bytes"), number(flavor, "cpus"), number(flavor, "disk_bytes"),
                      name_of(flavor));
  };
  for (const CloudObject& flavor : flavors) {
    const bool fits = number(flavor, "memory_bytes") >= size.memory_bytes &&
                      number(flavor, "cpus") >= static_cast<uint64_t>(size.cpus) &&
                      number(flavor, "disk_bytes") >= size.disk_bytes;
    if (fits && (!smallest || weight(flavor) < weight(*smallest))) smallest = &flavor;
  }
  if (smallest) return *smallest;
  std::vector<std::string> there;
  for (const CloudObject& flavor : flavors)
    there.push_back(name_of(flavor) + " (" + std::to_string(number(flavor, "cpus")) + " CPUs, " +
                    format_bytes(number(flavor, "memory_bytes")) + ", disk " +
                    format_bytes(number(flavor, "disk_bytes")) + ")");
  return fail(ErrorKind::not_found, "no flavor is large enough",
              {.found = join(there, ", "),
               .expected = std::to_string(size.cpus) + " CPUs, " + format_bytes(size.memory_bytes) +
                           (size.disk_bytes ? ", disk " + format_bytes(size.disk_bytes) : ""),
               .advice = "smaller machines; for the disk alone, boot_volume: true"});
}

std::unique_ptr<Step> make_lookup_step(std::string kind, Pick pick) {
  return std::make_unique<LookupStep>(std::move(kind), std::move(pick));
}

}  // namespace slipway::openstack
