#include <algorithm>

#include "base/text.h"
#include "kube/manifest.h"
#include "kube/quantity.h"

namespace slipway {
namespace {

const std::vector<std::string> types = {"text", "number", "integer", "flag", "size", "list", "map"};

bool has_type(const Value& value, const std::string& type) {
  if (type == "number") return value.is_number();
  if (type == "integer") return value.is_number_integer();
  if (type == "flag") return value.is_boolean();
  if (type == "list") return value.is_array();
  if (type == "map") return value.is_object();
  // "2Gi"; a bare number of bytes would be a slip.
  if (type == "size") return value.is_string() && parse_quantity(value.get<std::string>()).has_value();
  return value.is_string();
}

/// Checks one add-on's settings, row by row.
class Settling {
 public:
  Settling(const std::string& add_on, const Value& rows, const Value& settings)
      : add_on_(add_on), rows_(rows), settings_(settings) {}

  Result<Value> run() {
    Value values = Value::object();
    for (const auto& [key, row] : rows_.items()) {
      const std::string type = text_at(row, "type", "text");
      if (!row.is_object() || std::find(types.begin(), types.end(), type) == types.end())
        return fail(ErrorKind::bad_input, "unknown type in addon.yaml",
                    {.found = row.dump(), .expected = "type: " + join(types, ", "), .where = "values." + key});
      const bool given = settings_.contains(key) && !settings_[key].is_null();
      if (!given && row.value("required", false))
        return fault(key, "a setting is missing", "", type + ": " + text_at(row, "about"));
      values[key] = given ? settings_[key] : row.value("default", Value());
      if (values[key].is_null()) continue;
      if (Result<void> checked = check(key, row, type, values[key]); !checked) return std::move(checked).error();
    }
    for (const auto& [key, value] : settings_.items()) {
      if (rows_.contains(key) || key == "enabled" || key == "ignore" || key == "path") continue;
      return unknown(key);
    }
    return values;
  }

 private:
  Result<void> check(const std::string& key, const Value& row, const std::string& type, const Value& value) const {
    if (!has_type(value, type))
      return fault(key, "a setting has the wrong type", value.dump(), type == "size" ? "a size such as 2Gi" : type);
    if (row.contains("choices") && row["choices"].is_array() &&
        std::find(row["choices"].begin(), row["choices"].end(), value) == row["choices"].end())
      return fault(key, "a setting is none of its choices", value.dump(), row["choices"].dump());
    if (!value.is_number()) return {};
    if (row.contains("least") && value < row["least"])
      return fault(key, "a setting is too small", value.dump(), "at least " + row["least"].dump());
    if (row.contains("most") && value > row["most"])
      return fault(key, "a setting is too large", value.dump(), "at most " + row["most"].dump());
    return {};
  }

  Error unknown(const std::string& key) const {
    std::vector<std::string> known;
    for (const auto& [name, row] : rows_.items()) known.push_back(name);
    Error error = fault(key, "unknown setting", "", known.empty() ? "no settings" : join(known, ", "));
    if (const std::optional<std::string> close = nearest(key, known)) error.advice = "did you mean '" + *close + "'?";
    return error;
  }

  Error fault(const std::string& key, std::string summary, std::string found, std::string expected) const {
    return fail(ErrorKind::bad_input, std::move(summary),
                {.found = std::move(found), .expected = std::move(expected), .where = "addons." + add_on_ + "." + key});
  }

  const std::string& add_on_;
  const Value& rows_;
  const Value& settings_;
};

}  // namespace

Result<Value> settle_values(const std::string& add_on, const Value& rows, const Value& settings) {
  static const Value none = Value::object();
  if (!settings.is_null() && !settings.is_object())
    return fail(ErrorKind::bad_input, "the settings of an add-on are not a map",
                {.found = settings.dump(), .where = "addons." + add_on});
  return Settling(add_on, rows.is_object() ? rows : none, settings.is_object() ? settings : none).run();
}

}  // namespace slipway
