#pragma once
// What ApiServer answers with, and how it keeps managed fields.

#include <string>

#include "base/json.h"
#include "http/message.h"

namespace slipway::simulated {

inline HttpResponse ok(const Value& body) { return {.status = 200, .body = body.dump()}; }

inline HttpResponse refusal(int code, const std::string& reason, const std::string& message,
                            Value details = Value::object()) {
  const Value body = {
      {"kind", "Status"},   {"apiVersion", "v1"}, {"metadata", Value::object()},   {"status", "Failure"},
      {"message", message}, {"reason", reason},   {"details", std::move(details)}, {"code", code}};
  return {.status = code, .body = body.dump()};
}

inline HttpResponse not_found(const std::string& plural, const std::string& name) {
  return refusal(404, "NotFound", plural + " \"" + name + "\" not found", {{"name", name}, {"kind", plural}});
}

inline Value entry_of(const std::string& manager, const std::string& operation, const Value& object, Value fields) {
  return {{"manager", manager},
          {"operation", operation},
          {"apiVersion", text_at(object, "apiVersion")},
          {"time", operation == "Apply" ? "2026-01-01T00:00:00Z" : "2026-01-02T00:00:00Z"},
          {"fieldsType", "FieldsV1"},
          {"fieldsV1", std::move(fields)}};
}

/// The fields that managers own: not what names the object, nor what the server keeps.
inline Value owned_part(Value object) {
  for (const char* key : {"apiVersion", "kind", "status"}) object.erase(key);
  for (const char* key : {"name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp",
                          "managedFields", "deletionTimestamp", "finalizers"})
    object["metadata"].erase(key);
  if (object["metadata"].empty()) object.erase("metadata");
  return object;
}

inline Value& entries(Value& object) {
  Value& list = object["metadata"]["managedFields"];
  if (!list.is_array()) list = Value::array();
  return list;
}

}  // namespace slipway::simulated
