#include "providers/local/machine_folder.h"

#include <algorithm>
#include <filesystem>

#include "base/file.h"

namespace slipway::local {

std::vector<MachineFolder::Disk> MachineFolder::disks() const {
  const std::string data = path_ + "/data/";
  return {{data + "containerd", "/var/lib/containerd"},
          {data + "etcd", "/var/lib/etcd"},
          {data + "kubelet", "/var/lib/kubelet"}};
}

Result<MachineRecord> MachineFolder::read() const {
  const std::string file = path_ + "/machine.json";
  Result<std::string> text = read_file(file);
  if (!text) return std::move(text).error();
  const Value value = Value::parse(*text, nullptr, false);
  try {
    return MachineRecord{.name = value.at("name"),
                         .mark = value.at("mark"),
                         .address = value.at("address"),
                         .release = value.at("release"),
                         .image = value.at("image"),
                         .cpus = value.at("cpus"),
                         .memory_bytes = value.at("memory_bytes"),
                         .disk_bytes = value.at("disk_bytes"),
                         .created = value.at("created"),
                         .complete = value.at("complete")};
  } catch (const Value::exception& problem) {
    return fail(ErrorKind::corrupt, "the record of a local host cannot be read",
                {.found = problem.what(),
                 .expected = "the JSON that Slipway wrote",
                 .advice = "delete this machine's folder after its data was saved, then apply again",
                 .where = file});
  }
}

Result<void> MachineFolder::write(const MachineRecord& record) const {
  const Value value = {{"name", record.name},
                       {"mark", record.mark},
                       {"address", record.address},
                       {"release", record.release},
                       {"image", record.image},
                       {"cpus", record.cpus},
                       {"memory_bytes", record.memory_bytes},
                       {"disk_bytes", record.disk_bytes},
                       {"created", record.created},
                       {"complete", record.complete}};
  if (Result<void> made = make_directories(path_, 0700); !made) return made;
  return write_file_atomically(path_ + "/machine.json", value.dump(2) + "\n", 0600);
}

ProcessIdentity MachineFolder::keeper() const {
  const Result<std::string> text = read_file(path_ + "/keeper.json");
  return text ? process_identity_from(Value::parse(*text, nullptr, false)) : ProcessIdentity{};
}

Result<void> MachineFolder::write_keeper(const ProcessIdentity& keeper) const {
  return write_file_atomically(path_ + "/keeper.json", to_value(keeper).dump() + "\n", 0600);
}

std::vector<MachineFolder> machine_folders(const std::string& directory) {
  std::vector<MachineFolder> folders;
  std::error_code problem;
  for (std::filesystem::directory_iterator entry(directory, problem), end; !problem && entry != end;
       entry.increment(problem))
    if (std::filesystem::exists(entry->path() / "machine.json", problem)) folders.emplace_back(entry->path().string());
  std::sort(folders.begin(), folders.end(),
            [](const MachineFolder& left, const MachineFolder& right) { return left.path() < right.path(); });
  return folders;
}

}  // namespace slipway::local
