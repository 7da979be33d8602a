// Secrets that the user gives: sealed in the state, named by add-ons and providers, never printed.

#include <cstdlib>
#include <iostream>
#include <iterator>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "cli/output.h"
#include "cli/state_access.h"
#include "cli/verbs.h"

namespace slipway {
namespace {

constexpr const char* given_prefix = "given/";

/// "database.password" -> ["database"]["password"], as sops names a value.
std::string sops_path(const std::string& path) {
  std::string out;
  for (const std::string& part : split(path, '.')) {
    const bool index = !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
    out += index ? "[" + part + "]" : "[" + Value(part).dump() + "]";
  }
  return out;
}

struct Given {
  Secret value;
  std::string from;
};

/// Where a file or a variable ends with a line end, that is the editor's, not the secret's.
Secret without_line_end(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return Secret(std::move(text));
}

Result<Given> from_sops(const Options& options) {
  if (options.key.empty())
    return fail(ErrorKind::bad_input, "which value of the sops file?",
                {.expected = "--key PATH.TO.VALUE", .advice = "slipway secret set --help"});
  Result<std::string> text =
      run_or_fail({.arguments = {"sops", "--decrypt", "--extract", sops_path(options.key), options.sops_file}});
  if (!text && text.error().kind == ErrorKind::not_found)
    return fail(ErrorKind::not_found, "the program sops is not here",
                {.expected = "sops in PATH", .advice = "install sops, or give the secret with --file or --env"});
  if (!text) return std::move(text).error().while_doing("decrypting " + options.sops_file);
  return Given{without_line_end(*std::move(text)), "sops"};
}

Result<Given> read_given(const Options& options) {
  if (!options.sops_file.empty()) return from_sops(options);
  if (!options.file.empty()) {
    Result<std::string> text = read_file(options.file);
    if (!text) return std::move(text).error();
    return Given{without_line_end(*std::move(text)), "file"};
  }
  if (!options.variable.empty()) {
    const char* value = std::getenv(options.variable.c_str());
    if (!value) return fail(ErrorKind::not_found, "no such variable in the environment", {.found = options.variable});
    return Given{without_line_end(value), "environment"};
  }
  if (isatty(STDIN_FILENO)) std::fputs("The secret, then Ctrl-D: ", stderr);
  return Given{without_line_end(std::string(std::istreambuf_iterator<char>(std::cin), {})), "standard input"};
}

}  // namespace

int verb_secret_set(const Options& options) {
  const std::string& name = options.names.front();
  Result<StateAccess> access = open_state(options, "secret set", Access::change);
  if (!access) return report_error(options, access.error());
  if (!access->store->fact("public/" + name).is_null() || name.starts_with("encryption/"))
    return report_error(options, fail(ErrorKind::bad_input, "Slipway makes this secret itself",
                                      {.found = name + ", a key of the cluster",
                                       .expected = "a name that slipway secret list shows as given or generated",
                                       .advice = "CAs and keys are changed by the cert and state verbs"}));
  Result<Given> given = read_given(options);
  if (!given) return report_error(options, given.error());
  if (given->value.empty())
    return report_error(options,
                        fail(ErrorKind::bad_input, "the secret is empty", {.found = "nothing from " + given->from}));
  const Value note = {{"from", given->from}, {"at", format_time(std::chrono::system_clock::now())}};
  if (Result<void> sealed = access->store->set_secret(name, given->value); !sealed)
    return report_error(options, sealed.error());
  if (Result<void> noted = access->store->set_fact(given_prefix + name, note); !noted)
    return report_error(options, noted.error());
  print_result(options,
               name + " is sealed in the state, from " + given->from +
                   ". What uses it changes with the next run: " + "slipway plan " + access->spec.path + "\n",
               {{"format", 1}, {"name", name}, {"from", given->from}});
  return 0;
}

int verb_secret_list(const Options& options) {
  Result<StateAccess> access = open_state(options, "secret list", Access::look);
  if (!access) return report_error(options, access.error());
  const State state = access->store->snapshot();
  std::string text;
  Value rows = Value::array();
  for (const auto& [name, sealed] : state.sealed) {
    const Value given = state.facts.value(given_prefix + name, Value());
    const std::string kind = state.facts.contains("public/" + name) ? "pair" : given.is_null() ? "generated" : "given";
    text += name + std::string(name.size() < 40 ? 40 - name.size() : 1, ' ') + kind +
            (given.is_null() ? "" : "  from " + text_at(given, "from") + " at " + text_at(given, "at")) + "\n";
    rows.push_back({{"name", name}, {"kind", kind}, {"given", given}});
  }
  print_result(options, text.empty() ? "No secrets.\n" : text, {{"format", 1}, {"secrets", std::move(rows)}});
  return 0;
}

int verb_secret_remove(const Options& options) {
  const std::string& name = options.names.front();
  Result<StateAccess> access = open_state(options, "secret remove", Access::change);
  if (!access) return report_error(options, access.error());
  const State state = access->store->snapshot();
  if (!state.facts.contains(given_prefix + name))
    return report_error(options, fail(ErrorKind::not_found, "no such given secret",
                                      {.found = name, .advice = "slipway secret list " + access->spec.path}));
  if (Result<void> gone = access->store->remove_secret(name); !gone) return report_error(options, gone.error());
  if (Result<void> gone = access->store->set_fact(given_prefix + name, Value()); !gone)
    return report_error(options, gone.error());
  print_result(options, name + " is removed.\n", {{"format", 1}, {"removed", name}});
  return 0;
}

}  // namespace slipway
