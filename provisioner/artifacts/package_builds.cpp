#include "artifacts/package_builds.h"

#include <filesystem>
#include <unistd.h>

#include "artifacts/folder.h"
#include "artifacts/machine.h"
#include "base/process.h"
#include "base/text.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;

Result<std::string> run_in(const std::string& folder, std::vector<std::string> arguments, Deadline deadline) {
  Command command;
  command.arguments = std::move(arguments);
  command.directory = folder;
  command.environment = {{"DEBIAN_FRONTEND", "noninteractive"}, {"LC_ALL", "C.UTF-8"}};
  command.timeout = deadline.left();
  Result<std::string> said = run_or_fail(command);
  if (!said) return explain_build_failure(said.error());
  return said;
}

bool index_is_stale(const Error& error) {
  const std::string said = error.output.value_or("");
  return said.find("Unable to locate package") != std::string::npos ||
         said.find("No packages found") != std::string::npos || said.find("404") != std::string::npos ||
         said.find("Can't find a source to download") != std::string::npos;
}

Result<std::string> download_package(const std::string& package, const std::string& folder, Deadline deadline) {
  Result<std::string> got = run_in(folder, {"apt-get", "-q", "download", package}, deadline);
  if (!got && index_is_stale(got.error()) && ::geteuid() == 0) {
    if (Result<std::string> updated = run_in(folder, {"apt-get", "-q", "update"}, deadline); !updated) return updated;
    got = run_in(folder, {"apt-get", "-q", "download", package}, deadline);
  }
  if (!got) {
    Error error = std::move(got).error();
    if (index_is_stale(error)) error.kind = ErrorKind::not_found;
    return error;
  }
  for (std::string& entry : entries_in(folder))
    if (entry.ends_with(".deb")) return std::move(entry);
  return fail(ErrorKind::not_found, "apt left no package file", {.expected = package + "_*.deb", .where = folder});
}

}  // namespace

Result<std::string> take_from_debian(const Binary& binary, const std::string& architecture,
                                     const std::string& work_folder, const std::string& destination,
                                     Deadline deadline) {
  if (architecture != machine_architecture())
    return fail(ErrorKind::not_found, "Debian packages are taken for this machine's architecture only",
                {.found = machine_architecture(), .expected = architecture});
  const std::string folder = work_folder + "/package";
  if (Result<void> made = make_directories(folder); !made) return std::move(made).error();
  const Result<std::string> package = download_package(binary.debian->package, folder, deadline);
  if (!package) return Error(package.error()).while_doing("getting Debian package " + binary.debian->package);
  const Result<std::string> version = run_in(folder, {"dpkg-deb", "--field", *package, "Version"}, deadline);
  if (!version) return version;
  if (Result<std::string> unpacked = run_in(folder, {"dpkg-deb", "--extract", *package, folder + "/root"}, deadline);
      !unpacked)
    return unpacked;
  std::error_code failed;
  fs::rename(folder + "/root/" + binary.debian->member, destination, failed);
  if (failed)
    return fail(ErrorKind::not_found, "package lacks the file",
                {.found = failed.message(), .expected = binary.debian->member, .where = binary.debian->package});
  return std::string(trim(*version));
}

Result<std::string> compile_c(const Binary& binary, const Catalogue& catalogue, const std::string& destination,
                              Deadline deadline) {
  std::vector<std::string> compilers = {"cc", "gcc", "clang"};
  if (catalogue.architecture() != machine_architecture())
    compilers = {catalogue.architecture() == "arm64" ? "aarch64-linux-gnu-gcc" : "x86_64-linux-gnu-gcc"};
  for (const std::string& compiler : compilers) {
    std::vector<std::string> arguments = {compiler};
    arguments.insert(arguments.end(), binary.c->flags.begin(), binary.c->flags.end());
    arguments.insert(arguments.end(), {"-o", destination, binary.c->source});
    const Result<std::string> compiled = run_in(catalogue.directory(), std::move(arguments), deadline);
    if (compiled) return compiler;
    if (compiled.error().kind != ErrorKind::not_found) return compiled;
  }
  const std::string package = compilers[0] == "cc" ? "gcc libc6-dev" : "gcc-" + replace_all(compilers[0], "-gcc", "");
  return fail(ErrorKind::not_found, "no C compiler",
              {.found = "none of " + join(compilers, ", "), .advice = "apt-get install " + package});
}

}  // namespace slipway
