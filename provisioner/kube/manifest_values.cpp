#include <algorithm>

#include "base/text.h"
#include "kube/manifest.h"
#include "base/quantity.h"

namespace slipway {
namespace {

const std::vector<std::string> types = {"text", "number", "integer", "flag", "size", "list", "map", "secret"};

/// {environment: NAME} or {file: PATH}
bool says_where(const Value& value) {
  return !text_at(value, "environment").empty() || !text_at(value, "file").empty();
}

std::string expected_of(const std::string& type) {
  if (type == "size") return "a size such as 2Gi";
  if (type == "secret") return "where the secret is: {environment: NAME} or {file: PATH}, never the secret itself";
  return type;
}

bool has_type(const Value& value, const std::string& type) {
  if (type == "number") return value.is_number();
  if (type == "integer") return value.is_number_integer();
  if (type == "flag") return value.is_boolean();
  if (type == "list") return value.is_array();
  if (type == "map") return value.is_object();
  if (type == "secret") return value.is_object() && value.size() == 1 && says_where(value);
  // "2Gi"; a bare number of bytes would be a slip.
  if (type == "size") return value.is_string() && parse_quantity(value.get<std::string>()).has_value();
  return value.is_string();
}

/// Checks one map of settings, row by row; `path` is where it stands: "addons.NAME".
class Settling {
 public:
  Settling(std::string path, const Value& rows, const Value& settings, bool outermost)
      : path_(std::move(path)), rows_(rows), settings_(settings), outermost_(outermost) {}

  Result<Value> run() {
    if (!settings_.is_object())
      return fail(ErrorKind::bad_input, "settings that are not a map", {.found = settings_.dump(), .where = path_});
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
      if (Result<void> settled = settle_inside(key, row, values[key]); !settled) return std::move(settled).error();
    }
    for (const auto& [key, value] : settings_.items()) {
      if (rows_.contains(key) ||
          (outermost_ && std::find(let_through.begin(), let_through.end(), key) != let_through.end()))
        continue;
      return unknown(key);
    }
    return values;
  }

 private:
  /// The spec's own keys in an add-on's settings.
  inline static const std::vector<std::string> let_through = {"enabled", "ignore", "path"};

  Result<void> check(const std::string& key, const Value& row, const std::string& type, const Value& value) const {
    if (!has_type(value, type))
      return fault(key, "a setting has the wrong type", type == "secret" ? "" : value.dump(), expected_of(type));
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

  /// `of` holds the rows of the map, or of each map in the list.
  Result<void> settle_inside(const std::string& key, const Value& row, Value& value) const {
    if (!row.contains("of") || !row["of"].is_object()) return {};
    const auto settle = [&](Value& inner, const std::string& path) -> Result<void> {
      Result<Value> settled = Settling(path, row["of"], inner, false).run();
      if (!settled) return std::move(settled).error();
      inner = std::move(*settled);
      return {};
    };
    if (value.is_object()) return settle(value, path_ + "." + key);
    for (size_t i = 0; i < value.size(); ++i)
      if (Result<void> settled = settle(value[i], path_ + "." + key + "." + std::to_string(i)); !settled)
        return settled;
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
                {.found = std::move(found), .expected = std::move(expected), .where = path_ + "." + key});
  }

  const std::string path_;
  const Value& rows_;
  const Value& settings_;
  const bool outermost_;
};

void find_given(const Value& rows, const Value& values, const std::string& name, const std::string& at,
                std::vector<GivenSecret>& found) {
  for (const auto& [key, row] : rows.items()) {
    const Value value = values.value(key, Value());
    if (value.is_null()) continue;
    const std::string inner_name = name.empty() ? key : name + "/" + key, inner_at = at + "/" + key;
    if (text_at(row, "type") == "secret") {
      found.push_back({inner_name, inner_at, text_at(value, "environment"), text_at(value, "file")});
    } else if (row.contains("of") && value.is_object()) {
      find_given(row["of"], value, inner_name, inner_at, found);
    } else if (row.contains("of") && value.is_array()) {
      for (size_t i = 0; i < value.size(); ++i) {
        const std::string number = std::to_string(i);
        find_given(row["of"], value[i], inner_name + "/" + text_at(value[i], "name", number), inner_at + "/" + number,
                   found);
      }
    }
  }
}

}  // namespace

Result<Value> settle_values(const std::string& add_on, const Value& rows, const Value& settings) {
  static const Value none = Value::object();
  return Settling("addons." + add_on, rows.is_object() ? rows : none, settings.is_null() ? none : settings, true).run();
}

std::vector<GivenSecret> given_secrets(const Value& rows, const Value& values) {
  std::vector<GivenSecret> found;
  find_given(rows, values, "", "", found);
  return found;
}

}  // namespace slipway
