// The verbs that help to begin: a first spec, the shell's completion, the man page.

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/output.h"
#include "cli/places.h"
#include "cli/verbs.h"
#include "cli/version.h"
#include "spec/spec.h"
#include "spec/starter.h"
#include "state/store.h"

namespace slipway {
namespace {

std::string ask(const std::string& question, const std::string& fallback) {
  std::fprintf(stderr, "%s%s: ", question.c_str(), fallback.empty() ? "" : (" [" + fallback + "]").c_str());
  std::string answer;
  std::getline(std::cin, answer);
  const std::string_view given = trim(answer);
  return given.empty() ? fallback : std::string(given);
}

/// "image=debian-12" -> {"image", "debian-12"}
Result<std::map<std::string, std::string>> answers_from(const std::vector<std::string>& pairs) {
  std::map<std::string, std::string> answers;
  for (const std::string& pair : pairs) {
    const size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(ErrorKind::bad_input, "cannot read an answer", {.found = pair, .expected = "QUESTION=ANSWER"});
    answers[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return answers;
}

}  // namespace

int verb_init(const Options& options) {
  const std::string path = options.file.empty() ? "slipway.yaml" : options.file;
  if (std::filesystem::exists(path))
    return report_error(options, fail(ErrorKind::bad_input, "the file is there already",
                                      {.found = path, .advice = "choose another one: slipway init --file FILE"}));
  Result<std::map<std::string, std::string>> answers = answers_from(options.names);
  if (!answers) return report_error(options, answers.error());
  const bool asks = !options.yes && isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0;
  std::string provider = options.provider;
  if (provider.empty())
    provider = asks ? ask("Provider: " + join(starter_providers(), ", "), "local") : starter_providers().front();
  const std::vector<std::string>& known = starter_providers();
  if (asks && std::find(known.begin(), known.end(), provider) != known.end())
    for (const StarterQuestion& question : starter_questions(provider))
      if (!answers->contains(question.name)) (*answers)[question.name] = ask(question.about, question.fallback);
  const Result<std::string> text = starter_spec(provider, *answers);
  if (!text) return report_error(options, text.error());
  const std::filesystem::path schema = std::filesystem::absolute(path).parent_path() / starter_schema_path;
  std::error_code ignored;
  std::filesystem::create_directories(schema.parent_path(), ignored);
  if (Result<void> written = write_file_atomically(schema.string(), spec_json_schema(), 0644); !written)
    return report_error(options, written.error());
  if (Result<void> written = write_file_atomically(path, *text, 0644); !written)
    return report_error(options, written.error());
  const std::string argument = path == "slipway.yaml" ? "" : " " + path;
  print_result(options,
               "Wrote " + path + ". Look at it, then:\n  slipway plan" + argument +
                   "         what would be made; nothing is touched\n  slipway bootstrap" + argument + "    make it\n",
               {{"format", 1}, {"file", path}, {"provider", provider}});
  return 0;
}

int verb_complete(const Options& options) {
  // Called on each press of the tab key: reads spec and state alone, and is silent about whatever is wrong.
  Options with_spec = options;
  if (options.names.size() > 1) with_spec.spec = options.names[1];
  const Result<Spec> spec = load_spec(spec_path(with_spec));
  if (!spec) return 0;
  const std::string& kind = options.names.front();
  const auto offer = [](const std::string& word) { std::printf("%s\n", word.c_str()); };
  if (kind == "pools")
    for (const Pool& pool : spec->pools) offer(pool.name);
  if (kind == "names")
    for (const auto& [name, settings] : spec->addons) offer(name);
  const std::string directory = state_directory_for(with_spec, spec->path, spec->name);
  if (kind == "runs") {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(directory + "/runs", ignored))
      offer(entry.path().filename().string());
  }
  const Result<std::unique_ptr<StateStore>> store =
      StateStore::open({.directory = directory, .cluster = spec->name, .verb = "complete", .read_only = true});
  if (!store) return 0;
  const State state = (*store)->snapshot();
  if (kind == "steps" || kind == "targets")
    for (const auto& [id, record] : state.steps) offer(id.text());
  if (kind == "machines" || kind == "names" || kind == "targets")
    for (const auto& [pool, members] : state.pools)
      for (const std::string& name : members.names) offer(name);
  return 0;
}

}  // namespace slipway
