#include "playbook/render.h"

#include <kainjow/mustache.hpp>

#include "base/text.h"

namespace slipway::playbook {
namespace {

namespace mustache = kainjow::mustache;

mustache::data to_data(const Value& value) {
  if (value.is_object()) {
    mustache::data object{mustache::data::type::object};
    for (const auto& [key, member] : value.items()) {
      object.set(key, to_data(member));
      if (member.is_array() && !value.contains("has_" + key)) object.set("has_" + key, mustache::data(!member.empty()));
    }
    return object;
  }
  if (value.is_array()) {
    mustache::data list{mustache::data::type::list};
    for (const Value& item : value) list << to_data(item);
    return list;
  }
  if (value.is_boolean()) return mustache::data(value.get<bool>());
  if (value.is_null()) return mustache::data(false);
  return mustache::data(value.is_string() ? value.get<std::string>() : value.dump());
}

/// Sections may name what is not there, variables may not. The library asks for both alike; so the template's sections
/// are marked by a "?" before their name, which only this class sees.
class StrictContext final : public mustache::context<std::string> {
 public:
  explicit StrictContext(const mustache::data* data) : mustache::context<std::string>(data) {}

  const mustache::data* get(const std::string& name) const override {
    if (name.starts_with('?')) return mustache::context<std::string>::get(std::string(trim(name.substr(1))));
    const mustache::data* found = mustache::context<std::string>::get(name);
    if (!found)
      missing_ = missing_.empty() ? name : missing_;
    else if (!found->is_string())
      unfit_ = unfit_.empty() ? name : unfit_;
    return found;
  }
  const std::string& missing() const { return missing_; }
  const std::string& unfit() const { return unfit_; }

 private:
  mutable std::string missing_, unfit_;
};

std::string mark_sections(std::string text) {
  for (const char* tag : {"{{#", "{{^", "{{/"}) text = replace_all(text, tag, std::string(tag) + "?");
  return text;
}

}  // namespace

Result<std::string> render(const std::string& name, const std::string& text, const Value& variables) {
  try {
    mustache::mustache page(mark_sections(text));
    if (!page.is_valid())
      return fail(ErrorKind::bad_input, "not a mustache template",
                  {.found = replace_all(page.error_message(), "?", ""), .where = "files/" + name});
    page.set_custom_escape([](const std::string& plain) { return plain; });
    const mustache::data data = to_data(variables.is_object() ? variables : Value::object());
    StrictContext context(&data);
    std::string out = page.render(context);
    if (!context.missing().empty()) {
      std::vector<std::string> known;
      for (const auto& [key, value] : variables.items()) known.push_back(key);
      const std::optional<std::string> close = nearest(context.missing(), known);
      return fail(ErrorKind::bad_input, "the template names a variable that there is not",
                  {.found = context.missing(),
                   .expected = "one of: " + join(known, ", "),
                   .advice = close ? "did you mean '" + *close + "'?" : "",
                   .where = "files/" + name});
    }
    if (!context.unfit().empty())
      return fail(ErrorKind::bad_input, "the template puts a list, a map or a flag where text goes",
                  {.found = context.unfit(), .where = "files/" + name});
    return out;
  } catch (const std::exception& problem) {
    return fail(ErrorKind::bad_input, "not a mustache template", {.found = problem.what(), .where = "files/" + name});
  }
}

}  // namespace slipway::playbook
