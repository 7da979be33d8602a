#include "artifacts/go_builder.h"

#include <algorithm>
#include <set>
#include <sys/stat.h>

#include "artifacts/machine.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"

namespace slipway {
namespace {

/// How often a program that waits for its turn looks whether a sister's build has made it.
constexpr auto lane_look = Milliseconds(500);

bool sooner(const Deadline& one, const Deadline& other) { return one.at < other.at; }

/// "v3": a major version at the end of an import path, which names no program.
bool is_major_version(const std::string& text) {
  return text.size() > 1 && text[0] == 'v' && text.find_first_not_of("0123456789", 1) == std::string::npos;
}

std::string last_name(const std::string& import_path) {
  const std::vector<std::string> parts = split(import_path, '/');
  const bool versioned = parts.size() > 1 && is_major_version(parts.back());
  return versioned ? parts[parts.size() - 2] : parts.back();
}

bool built_alike(const GoCommand& one, const GoCommand& other) {
  return one.module == other.module && one.ldflags == other.ldflags && one.tags == other.tags && one.cgo == other.cgo;
}

/// Turns the build's own lines into progress, a few times a second at most.
class BuildWatcher {
 public:
  BuildWatcher(std::string title, const ArtifactProgress& progress) : title_(std::move(title)), progress_(progress) {}
  void line(std::string_view text) {
    if (text.starts_with("go: downloading ")) {
      ++modules_;
      last_ = std::string(text.substr(16));
    } else if (!text.starts_with("go: ") && !text.starts_with("#") && text.find(' ') == std::string_view::npos) {
      ++packages_;
      last_ = std::string(text);
    }
    const Instant now = std::chrono::steady_clock::now();
    if (!progress_ || now - told_ < Milliseconds(250)) return;
    told_ = now;
    const double seconds = std::chrono::duration<double>(now - begun_).count();
    const std::string count =
        packages_ > 0 ? std::to_string(packages_) + " packages" : std::to_string(modules_) + " modules";
    progress_(title_ + ": " + count + ", " + format_seconds(seconds) + ", " + last_, 0, 0);
  }

 private:
  std::string title_, last_;
  const ArtifactProgress& progress_;
  int modules_ = 0, packages_ = 0;
  Instant begun_ = std::chrono::steady_clock::now(), told_{};
};

}  // namespace

std::vector<const Binary*> GoBuilder::call_of(const Binary& binary) const {
  std::vector<const Binary*> call = {&binary};
  std::set<std::string> taken = {program_name(*binary.go)};
  for (const auto& [name, other] : catalogue_.binaries()) {
    if (name == binary.name || !other.go || !built_alike(*binary.go, *other.go)) continue;
    if (cache_.find("binary/" + name, catalogue_.recipe("binary/" + name))) continue;
    // Two programs of one name would overwrite each other.
    if (taken.insert(program_name(*other.go)).second) call.push_back(&other);
  }
  return call;
}

std::string GoBuilder::program_name(const GoCommand& command) const {
  if (command.package != ".") return last_name(command.package);
  const Result<std::string> module = read_file(catalogue_.directory() + "/builds/" + command.module + "/go.mod");
  if (module)
    for (const std::string& line : split(*module, '\n'))
      if (line.starts_with("module ")) return last_name(std::string(trim(line.substr(7))));
  return command.module;
}

Result<GoBuilder::Module> GoBuilder::module(const std::string& module, const std::string& import_path,
                                            const ArtifactProgress& progress, Deadline deadline) {
  const Result<GoTool> go = find_go(catalogue_.go(), cache_, sites_, progress, deadline);
  if (!go) return go.error();
  if (progress) progress("getting the Go module " + import_path, 0, 0);
  Command command;
  command.arguments = {go->program, "mod", "download", "-json", import_path};
  command.directory = catalogue_.directory() + "/builds/" + module;
  command.environment = go->environment;
  command.environment["GOMODCACHE"] = cache_.directory() + "/go/mod";
  command.environment["GOCACHE"] = cache_.directory() + "/go/build";
  command.environment["GOPATH"] = cache_.directory() + "/go";
  command.timeout = deadline.left();
  const Result<std::string> answer = run_or_fail(command);
  if (!answer) return explain_build_failure(answer.error());
  const Value document = Value::parse(*answer, nullptr, false);
  Module found{text_at(document, "Dir"), text_at(document, "Version")};
  if (document.is_discarded() || found.folder.empty())
    return fail(
        ErrorKind::not_found, "the Go module is not to be had",
        {.found = document.is_discarded() ? answer->substr(0, 200) : text_at(document, "Error"), .where = import_path});
  return found;
}

Result<void> GoBuilder::run(const GoTool& go, const std::vector<const Binary*>& binaries, const std::string& output,
                            const ArtifactProgress& progress, Deadline deadline) const {
  const GoCommand& first = *binaries[0]->go;
  std::vector<std::string> ldflags = catalogue_.go().ldflags;
  ldflags.insert(ldflags.end(), first.ldflags.begin(), first.ldflags.end());
  Command command;
  command.arguments = {"nice", "-n", "5", go.program, "build", "-v"};
  for (const std::string& flag : catalogue_.go().flags) command.arguments.push_back(flag);
  if (!first.tags.empty()) command.arguments.insert(command.arguments.end(), {"-tags", join(first.tags, ",")});
  command.arguments.insert(command.arguments.end(), {"-ldflags", join(ldflags, " "), "-o", output + "/"});
  for (const Binary* binary : binaries) command.arguments.push_back(binary->go->package);
  command.directory = catalogue_.directory() + "/builds/" + first.module;
  command.environment = go.environment;
  command.environment["CGO_ENABLED"] = first.cgo ? "1" : "0";
  command.environment["GOARCH"] = catalogue_.architecture();
  command.environment["GOMODCACHE"] = cache_.directory() + "/go/mod";
  command.environment["GOCACHE"] = cache_.directory() + "/go/build";
  command.environment["GOPATH"] = cache_.directory() + "/go";
  command.environment["GOTMPDIR"] = output;
  command.timeout = deadline.left();
  BuildWatcher watcher("building " + first.module, progress);
  command.on_line = [&](std::string_view line) { watcher.line(line); };
  const Result<std::string> built = run_or_fail(command);
  if (!built) return explain_build_failure(built.error());
  return {};
}

Result<CacheRecord> GoBuilder::build(const Binary& binary, const std::vector<std::string>& passed_over,
                                     const ArtifactProgress& progress, Deadline deadline) {
  const std::string artifact = "binary/" + binary.name;
  Result<FileLock> lane = fail(ErrorKind::internal, "not asked yet");
  for (bool told = false;; told = true) {
    lane = cache_.lock("go-build", std::min(deadline, Deadline::in(lane_look), sooner), [&] {
      if (progress && !told) progress(binary.name + " waits for another build", 0, 0);
    });
    // The build that holds or held the lane may have made this program too.
    if (std::optional<CacheRecord> made = cache_.find(artifact, catalogue_.recipe(artifact))) return std::move(*made);
    if (lane) break;
    if (lane.error().kind != ErrorKind::timeout || deadline.passed())
      return std::move(lane).error().while_doing("waiting for another build");
  }

  // Modules and compiled packages of Kubernetes take about 5 GiB the first time.
  struct stat status {};
  const bool first_time = ::stat((cache_.directory() + "/go/build").c_str(), &status) != 0;
  if (Result<void> space =
          require_space(cache_.directory(), (first_time ? 6ull : 1ull) << 30, "building " + binary.name);
      !space)
    return std::move(space).error();
  const Result<GoTool> go = find_go(catalogue_.go(), cache_, sites_, progress, deadline);
  if (!go) return go.error();
  const std::vector<const Binary*> call = call_of(binary);
  Result<WorkFolder> work = cache_.work_folder();
  if (!work) return std::move(work).error();
  const Instant begun = std::chrono::steady_clock::now();
  if (Result<void> ran = run(*go, call, work->path(), progress, deadline); !ran)
    return std::move(ran).error().while_doing("building " + binary.go->package);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();

  std::optional<CacheRecord> wanted;
  for (const Binary* made : call) {
    const Result<Cache::Content> content = cache_.take_in(work->file(program_name(*made->go)), 0755);
    if (!content) return Error(content.error()).while_doing("keeping " + made->go->package);
    CacheRecord record{.name = "binary/" + made->name,
                       .version = made->version,
                       .recipe = catalogue_.recipe("binary/" + made->name),
                       .sha256 = content->sha256,
                       .size = content->size,
                       .source = "go modules",
                       .detail = go->version,
                       .made_at = format_time(std::chrono::system_clock::now()),
                       .seconds = seconds,
                       .passed_over = passed_over};
    if (Result<void> kept = cache_.remember(record); !kept) return std::move(kept).error();
    if (made == &binary) wanted = std::move(record);
  }
  return std::move(*wanted);
}

}  // namespace slipway
