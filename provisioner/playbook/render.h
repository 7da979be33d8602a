#pragma once
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace slipway::playbook {

/// The mustache template with the variables in place; nothing is escaped, since our targets are not HTML.
/// `{{{name}}}` or `{{name}}` must be a text or a number: a missing one is an error, never an empty line in a
/// configuration. `{{#name}}…{{/name}}` repeats for a list, and is left out where the name is missing, false, null, or
/// an empty list; for every list `things` the flag `has_things` says whether it has any. Errors: bad_input; `where` is
/// the template's name. Any thread.
Result<std::string> render(const std::string& name, const std::string& text, const Value& variables);

}  // namespace slipway::playbook
