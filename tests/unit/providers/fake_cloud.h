#pragma once
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "ports/cloud.h"

namespace slipway::testing_support {

/// A cloud in memory that permits twins, as real ones do, and can lose an answer.
class FakeCloud final : public CloudReader, public CloudWriter {
 public:
  std::vector<CloudObject> objects;
  std::vector<std::string> calls;  ///< "create machine w-1", "update machine id-1 {…}", "remove machine id-1"
  bool lose_next_answer = false;   ///< The next create happens, and answers with a timeout.
  std::optional<std::string> created_state;

  CloudObject& put(CloudObject object) { return objects.emplace_back(std::move(object)); }

  Result<std::vector<CloudObject>> list(std::string_view kind) override {
    std::vector<CloudObject> found;
    for (const CloudObject& object : objects)
      if (object.kind == kind) found.push_back(object);
    return found;
  }
  Result<CloudObject> create(const CloudRequest& request, const CloudProgress&, Deadline) override {
    calls.push_back("create " + request.kind + " " + request.name);
    CloudObject object{.kind = request.kind,
                       .id = "id-" + std::to_string(++made_),
                       .name = request.name,
                       .mark = request.mark,
                       .fields = request.fields};
    object.fields["created"] = made_;
    if (created_state) object.fields["state"] = *created_state;
    objects.push_back(object);
    if (!std::exchange(lose_next_answer, false)) return object;
    return fail(ErrorKind::timeout, "no answer");
  }
  Result<CloudObject> update(const CloudObject& object, const Value& fields, const CloudProgress&, Deadline) override {
    calls.push_back("update " + object.kind + " " + object.id + " " + fields.dump());
    for (CloudObject& known : objects)
      if (known.id == object.id) {
        known.fields.update(fields);
        return known;
      }
    return fail(ErrorKind::not_found, "no such object");
  }
  Result<void> remove(std::string_view kind, const std::string& id, Deadline) override {
    calls.push_back("remove " + std::string(kind) + " " + id);
    std::erase_if(objects, [&](const CloudObject& object) { return object.id == id; });
    return {};
  }

 private:
  int made_ = 0;
};

}  // namespace slipway::testing_support
