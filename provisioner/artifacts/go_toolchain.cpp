#include "artifacts/go_toolchain.h"

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include "artifacts/archive.h"
#include "artifacts/folder.h"
#include "artifacts/machine.h"
#include "base/process.h"
#include "base/text.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;

/// Where modules come from, as the machine is set up; everything else of its Go settings stays out of our builds.
const std::vector<std::string> registry_settings = {"GOPROXY",    "GONOPROXY", "GOPRIVATE",
                                                    "GOINSECURE", "GOSUMDB",   "GONOSUMDB"};

struct MachineGo {
  std::string program, version;
  std::map<std::string, std::string> registry;
};

std::optional<MachineGo> machine_go() {
  for (const char* program : {"go", "/usr/local/go/bin/go", "/usr/lib/go/bin/go"}) {
    Command command;
    command.arguments = {program, "env", "-json"};
    command.environment = {{"GOTOOLCHAIN", "local"}};
    command.directory = "/";
    command.timeout = Seconds(20);
    const Result<std::string> said = run_or_fail(command);
    if (!said) continue;
    const Value settings = Value::parse(*said, nullptr, false);
    if (!settings.is_object()) continue;
    MachineGo go{.program = program, .version = text_at(settings, "GOVERSION"), .registry = {}};
    for (const std::string& name : registry_settings)
      if (std::string value = text_at(settings, name.c_str()); !value.empty()) go.registry[name] = value;
    return go;
  }
  return std::nullopt;
}

std::map<std::string, std::string> registry_of(const std::optional<MachineGo>& machine) {
  if (machine) return machine->registry;
  std::map<std::string, std::string> registry;
  for (const std::string& name : registry_settings)
    if (const char* value = std::getenv(name.c_str()); value && *value) registry[name] = value;
  return registry;
}

std::vector<std::string> proxies_of(const std::map<std::string, std::string>& registry) {
  const auto it = registry.find("GOPROXY");
  // Without a Go program and without a setting nobody says where modules come from.
  const std::string list = it == registry.end() ? "" : it->second;
  std::vector<std::string> proxies;
  for (const std::string& proxy : split(replace_all(list, "|", ","), ','))
    if (proxy.starts_with("http://") || proxy.starts_with("https://")) proxies.push_back(proxy);
  return proxies;
}

GoTool tool_of(std::string program, std::string version, const std::map<std::string, std::string>& registry) {
  GoTool tool{std::move(program), std::move(version), registry};
  // The user's own Go settings (GOFLAGS, a workspace, another toolchain) must not change what comes out.
  for (const auto& [name, value] : std::map<std::string, std::string>{{"GOENV", "off"},
                                                                      {"GOFLAGS", ""},
                                                                      {"GOWORK", "off"},
                                                                      {"GOTOOLCHAIN", "local"},
                                                                      {"GO111MODULE", "on"},
                                                                      {"GOEXPERIMENT", ""},
                                                                      {"GOAMD64", "v1"},
                                                                      {"GOOS", "linux"}})
    tool.environment[name] = value;
  return tool;
}

Result<std::string> unpacked_toolchain(const GoSettings& settings, const std::vector<std::string>& proxies,
                                       Cache& cache, ReleaseSites& sites, const ArtifactProgress& progress,
                                       Deadline deadline) {
  const std::string home = cache.directory() + "/go/toolchain/go" + settings.toolchain;
  const std::string program = home + "/bin/go";
  if (::access(program.c_str(), X_OK) == 0) return program;
  const std::string module = "golang.org/toolchain@v0.0.1-go" + settings.toolchain + ".linux-" + machine_architecture();
  std::optional<Error> last;
  for (const std::string& proxy : proxies) {
    const std::string url = (proxy.ends_with("/") ? proxy.substr(0, proxy.size() - 1) : proxy) + "/" +
                            replace_all(module, "@", "/@v/") + ".zip";
    const Result<Downloaded> zip =
        sites.get(url, settings.toolchain_sha256, "Go " + settings.toolchain, progress, deadline);
    if (!zip) {
      last = zip.error();
      continue;
    }
    Result<WorkFolder> work = cache.work_folder();
    if (!work) return std::move(work).error();
    if (Result<void> unpacked = extract_tree(zip->path, module + "/", work->file("go")); !unpacked)
      return std::move(unpacked).error();
    // Module archives carry no permissions.
    for (const char* folder : {"/bin", "/pkg/tool"})
      for (const std::string& file : files_below(work->file("go") + folder)) ::chmod(file.c_str(), 0755);
    if (Result<void> made = make_directories(cache.directory() + "/go/toolchain"); !made)
      return std::move(made).error();
    std::error_code moved;
    fs::rename(work->file("go"), home, moved);
    if (moved && ::access(program.c_str(), X_OK) != 0)
      return fail(ErrorKind::unavailable, "cannot keep the Go toolchain", {.found = moved.message(), .where = home});
    return program;
  }
  if (last) return *last;
  return fail(ErrorKind::not_found, "no Go module proxy to ask", {.expected = "an http or https URL in GOPROXY"});
}

}  // namespace

bool go_is_at_least(const std::string& version, const std::string& minimum) {
  const auto numbers = [](std::string_view text) {
    if (text.starts_with("go")) text.remove_prefix(2);
    std::vector<int> out;
    for (const std::string& part : split(text, '.')) {
      int number = 0;
      const auto [end, failed] = std::from_chars(part.data(), part.data() + part.size(), number);
      if (failed != std::errc()) break;
      out.push_back(number);
      // "1.27rc1" is taken as 1.27.
      if (end != part.data() + part.size()) break;
    }
    out.resize(std::max<size_t>(out.size(), 3));
    return out;
  };
  const std::vector<int> have = numbers(version);
  return have[0] > 0 && have >= numbers(minimum);
}

Result<GoTool> find_go(const GoSettings& settings, Cache& cache, ReleaseSites& sites, const ArtifactProgress& progress,
                       Deadline deadline) {
  const std::optional<MachineGo> machine = machine_go();
  if (machine && go_is_at_least(machine->version, settings.minimum))
    return tool_of(machine->program, machine->version, machine->registry);
  const std::string here = machine ? machine->version : "no Go on this machine";
  const std::string advice =
      "install Go " + settings.minimum + " or newer (https://go.dev/dl), and see that 'go' is in PATH";
  if (settings.toolchain.empty())
    return fail(ErrorKind::not_found, "no Go to build with",
                {.found = here, .expected = "Go " + settings.minimum + " or newer", .advice = advice});
  const std::map<std::string, std::string> registry = registry_of(machine);
  Result<std::string> program = unpacked_toolchain(settings, proxies_of(registry), cache, sites, progress, deadline);
  if (program) return tool_of(std::move(*program), "go" + settings.toolchain, registry);
  Error error = std::move(program).error();
  if (error.kind != ErrorKind::quota && error.kind != ErrorKind::verification) {
    error.expected = "Go " + settings.minimum + " or newer (found: " + here + "), or the pinned toolchain";
    error.advice = advice;
  }
  return std::move(error).while_doing("getting Go " + settings.toolchain);
}

}  // namespace slipway
