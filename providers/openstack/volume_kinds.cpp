// Cinder's volumes, and their attachments, which go through nova.

#include "base/text.h"
#include "providers/openstack/object_kind.h"

namespace slipway::openstack {
namespace {

constexpr const char* mark_key = "slipway";  ///< Of a volume's metadata.

std::string state_of(const std::string& status) {
  if (status == "available" || status == "in-use") return "available";
  if (status.starts_with("error")) return "error";
  return "creating";
}

class Volume final : public ObjectKind {
 public:
  using ObjectKind::ObjectKind;

  Result<std::vector<CloudObject>> list(Deadline deadline) override {
    Result<std::vector<Value>> raw = place_.api.list(Service::volume, "/volumes/detail", "volumes", deadline);
    if (!raw) return std::move(raw).error();
    std::vector<CloudObject> objects;
    for (const Value& item : *raw)
      if (CloudObject object = object_from(item); !object.mark.empty() && text_at(item, "status") != "deleting")
        objects.push_back(std::move(object));
    return objects;
  }

  Result<CloudObject> create(const CloudRequest& request, const CloudProgress&, Deadline deadline) override {
    Value body = {
        {"size", request.fields.at("size_gb")}, {"name", request.name}, {"metadata", {{mark_key, request.mark}}}};
    if (!place_.settings.volume_type.empty()) body["volume_type"] = place_.settings.volume_type;
    if (!place_.settings.zone.empty()) body["availability_zone"] = place_.settings.zone;
    Result<Value> made = place_.api.post(Service::volume, "/volumes", {{"volume", std::move(body)}}, deadline);
    if (!made) return std::move(made).error();
    return wait_until_usable(text_at((*made)["volume"], "id"), deadline);
  }

  Result<CloudObject> update(const CloudObject& object, const Value& fields, const CloudProgress&,
                             Deadline deadline) override {
    if (fields.contains("size_gb")) {
      if (fields["size_gb"].get<int64_t>() < object.fields.value("size_gb", int64_t{0}))
        return fail(ErrorKind::bad_input, "a volume cannot shrink",
                    {.found = object.fields["size_gb"].dump() + " GiB, wanted " + fields["size_gb"].dump(),
                     .advice = "set data_disk to the size that it has"});
      const Value action = {{"os-extend", {{"new_size", fields["size_gb"]}}}};
      if (Result<Value> grown = place_.api.post(Service::volume, "/volumes/" + object.id + "/action", action, deadline);
          !grown)
        return std::move(grown).error();
    }
    return wait_until_usable(object.id, deadline);
  }

  Result<void> remove(const std::string& id, Deadline deadline) override {
    // A volume of a server that went a moment ago is still being detached.
    if (Result<void> asked = remove_when_free(place_, Service::volume, "/volumes/" + id, "volume", deadline); !asked)
      return asked;
    for (Poll poll(place_.timing, deadline); poll.again();) {
      Result<Value> now = place_.api.get(Service::volume, "/volumes/" + id, deadline);
      if (!now && now.error().kind == ErrorKind::not_found) return {};
      if (!now) return std::move(now).error();
      if (text_at((*now)["volume"], "status") == "error_deleting")
        return fail(ErrorKind::internal, "the cloud could not delete the volume",
                    {.found = id + " is error_deleting", .advice = "its administrator has to reset it"});
    }
    return fail(ErrorKind::timeout, "the volume is still being deleted", {.found = id});
  }

 private:
  Result<CloudObject> wait_until_usable(const std::string& id, Deadline deadline) {
    for (Poll poll(place_.timing, deadline); poll.again();) {
      Result<Value> now = place_.api.get(Service::volume, "/volumes/" + id, deadline);
      if (!now) return std::move(now).error();
      CloudObject object = object_from((*now)["volume"]);
      const std::string state = text_at(object.fields, "state");
      if (state == "available") return object;
      if (state == "error")
        return fail(ErrorKind::internal, "the cloud could not make the volume usable",
                    {.found = id + " is " + text_at((*now)["volume"], "status"), .expected = "available"});
    }
    return fail(ErrorKind::timeout, "the volume did not become available in time", {.found = id});
  }

  CloudObject object_from(const Value& raw) const {
    CloudObject object{.kind = "volume", .id = text_at(raw, "id"), .name = {}, .mark = {}, .fields = {}};
    const std::string mark = text_at(raw.value("metadata", Value::object()), mark_key);
    if (mark.starts_with(place_.settings.mark(""))) {
      object.mark = mark;
      object.name = text_at(raw, "name");
    }
    std::string servers;
    for (const Value& attachment : raw.value("attachments", Value::array()))
      servers += (servers.empty() ? "" : ",") + text_at(attachment, "server_id");
    object.fields = {{"size_gb", raw.value("size", 0)},
                     {"state", state_of(text_at(raw, "status"))},
                     {"servers", servers},
                     {"created", text_at(raw, "created_at")}};
    return object;
  }
};

/// A volume in a server: found in the list of volumes, ours where the volume is.
class Attachment final : public ObjectKind {
 public:
  using ObjectKind::ObjectKind;

  Result<std::vector<CloudObject>> list(Deadline) override {
    Result<std::vector<CloudObject>> volumes = place_.fresh->list("volume");
    if (!volumes) return std::move(volumes).error();
    std::vector<CloudObject> objects;
    for (const CloudObject& volume : *volumes)
      for (const std::string& server : split(text_at(volume.fields, "servers"), ','))
        if (!server.empty()) objects.push_back(object_for(volume, server));
    return objects;
  }

  Result<CloudObject> create(const CloudRequest& request, const CloudProgress&, Deadline deadline) override {
    const std::string server = text_at(request.fields, "server"), volume = text_at(request.fields, "volume");
    Result<Value> made = place_.api.post(Service::compute, "/servers/" + server + "/os-volume_attachments",
                                         {{"volumeAttachment", {{"volumeId", volume}}}}, deadline);
    if (!made) return std::move(made).error();
    for (Poll poll(place_.timing, deadline); poll.again();) {
      Result<Value> now = place_.api.get(Service::volume, "/volumes/" + volume, deadline);
      if (!now) return std::move(now).error();
      const std::string status = text_at((*now)["volume"], "status");
      if (status == "in-use")
        return CloudObject{.kind = request.kind,
                           .id = server + ":" + volume,
                           .name = request.name,
                           .mark = request.mark,
                           .fields = {{"server", server}, {"volume", volume}}};
      if (status.starts_with("error") || status == "available")
        return fail(ErrorKind::unavailable, "the volume could not be attached",
                    {.found = volume + " is " + status, .expected = "in-use"});
    }
    return fail(ErrorKind::timeout, "the volume was not attached in time", {.found = volume});
  }

  Result<void> remove(const std::string& id, Deadline deadline) override {
    const size_t colon = id.find(':');
    const std::string server = id.substr(0, colon), volume = id.substr(colon + 1);
    if (Result<void> asked =
            place_.api.remove(Service::compute, "/servers/" + server + "/os-volume_attachments/" + volume, deadline);
        !asked)
      return asked;
    for (Poll poll(place_.timing, deadline); poll.again();) {
      Result<Value> now = place_.api.get(Service::volume, "/volumes/" + volume, deadline);
      if (!now && now.error().kind == ErrorKind::not_found) return {};
      if (!now) return std::move(now).error();
      if (text_at((*now)["volume"], "status") == "available") return {};
    }
    return fail(ErrorKind::timeout, "the volume is still being detached", {.found = volume});
  }

 private:
  CloudObject object_for(const CloudObject& volume, const std::string& server) const {
    // "lab/volume/w-1" -> "lab/attachment/w-1"
    return {.kind = "attachment",
            .id = server + ":" + volume.id,
            .name = volume.name,
            .mark = replace_all(volume.mark, "/volume/", "/attachment/"),
            .fields = {{"server", server}, {"volume", volume.id}}};
  }
};

}  // namespace

void add_volume_kinds(Kinds& kinds, const Workplace& place) {
  kinds["volume"] = std::make_unique<Volume>(place);
  kinds["attachment"] = std::make_unique<Attachment>(place);
}

}  // namespace slipway::openstack
