#include "cluster/etcd_backups.h"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

#include "artifacts/archive.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/schedule.h"
#include "base/text.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;

constexpr const char* program = "/usr/local/sbin/slipway-etcd";
constexpr const char* trials = "/var/lib/slipway/etcd-trials";
constexpr uint64_t piece = 3 * 1024 * 1024;

/// Runs one verb of the host's program. Its own words become the error, of kind `failure`.
Result<std::string> on_host(HostWriter& hosts, const HostAccess& host, const std::string& words, ErrorKind failure,
                            const std::string& summary, Seconds limit) {
  Result<ScriptOutcome> outcome =
      hosts.run(host, {.text = std::string(program) + " " + words + "\n"}, Deadline::in(limit));
  if (!outcome) return std::move(outcome).error();
  if (outcome->exit_status == 0) return std::move(outcome->output);
  const std::vector<std::string> lines = split(trim(outcome->error_output), '\n');
  if (outcome->exit_status == 127)
    return fail(
        ErrorKind::not_found, "the host has no program for etcd's backups yet",
        {.found = lines.back(), .advice = "slipway repair SPEC " + host.machine.text(), .where = host.machine.text()});
  return fail(failure, summary, {.found = lines.back(), .where = host.machine.text()});
}

Result<EtcdBackup> parsed(const std::string& text, const std::string& where) {
  Result<EtcdBackup> backup = etcd_backup_from(Value::parse(text, nullptr, false));
  if (!backup) {
    Error error = std::move(backup).error();
    error.where = where;
    return error;
  }
  return backup;
}

/// The label and sum of a backup go into a host's command line.
bool plain(const std::string& text) {
  return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
                              std::string::npos;
}

/// The backup's file on the host, for as long as the object lives.
class Placed {
 public:
  static Result<Placed> put(HostWriter& hosts, const HostAccess& host, const EtcdBackup& backup,
                            const EtcdBackupFolder& folder) {
    Placed placed(hosts, host, std::string(trials) + "/" + backup.label + "-" + random_hex(4) + ".tar.gz");
    Result<ScriptOutcome> made =
        hosts.run(host, {.text = std::string("mkdir -p -m 755 /var/lib/slipway && mkdir -p -m 700 ") + trials + "\n"},
                  Deadline::in(Seconds(60)));
    if (!made) return std::move(made).error();
    const Result<void> sent =
        hosts.put(host, {.path = placed.path_, .local_path = folder.file_of(backup), .mode = 0600},
                  Deadline::in(std::chrono::minutes(30)));
    if (!sent) return sent.error();
    return placed;
  }
  Placed(Placed&& other) noexcept
      : hosts_(other.hosts_), host_(std::move(other.host_)), path_(std::exchange(other.path_, "")) {}
  Placed& operator=(Placed&&) = delete;
  ~Placed() {
    if (!path_.empty())
      (void)hosts_.run(host_, {.text = "rm -f " + shell_quote(path_) + "\n"}, Deadline::in(Seconds(30)));
  }
  const std::string& path() const { return path_; }

 private:
  Placed(HostWriter& hosts, HostAccess host, std::string path)
      : hosts_(hosts), host_(std::move(host)), path_(std::move(path)) {}
  HostWriter& hosts_;
  HostAccess host_;
  std::string path_;
};

/// What reads the restored Secrets; and none of them counts as written under the newest key (encryption-rewrite.yaml).
Result<void> place_key(HostWriter& hosts, const HostAccess& host, const Secret& configuration) {
  const Result<ScriptOutcome> forgotten =
      hosts.run(host, {.text = "rm -f /etc/kubernetes/slipway/secrets-written\n"}, Deadline::in(Seconds(60)));
  if (!forgotten) return forgotten.error();
  return hosts.put(host,
                   {.path = "/etc/kubernetes/slipway/encryption.yaml", .content = configuration.reveal(), .mode = 0600},
                   Deadline::in(Seconds(60)));
}

Result<void> wait_until_ready(Writer& writer, const EtcdRestore& restore) {
  const Instant until = writer.clock.now() + std::chrono::minutes(6);
  for (;;) {
    const Result<std::string> ready = writer.read.cluster.probe("/readyz", Deadline::in(Seconds(5)));
    if (ready) return {};
    if (restore.cancelled && restore.cancelled())
      return fail(ErrorKind::cancelled, "stopped while the API starts; etcd's data is in its place");
    if (writer.clock.now() >= until)
      return fail(ErrorKind::timeout, "etcd is restored, but the API does not get ready",
                  {.found = ready.error().summary,
                   .advice = "slipway logs SPEC " + restore.targets.front().host.machine.text()});
    writer.clock.sleep_until(writer.clock.now() + Seconds(1));
  }
}

}  // namespace

Value to_value(const EtcdBackup& backup) {
  return {{"label", backup.label},       {"machine", backup.machine}, {"taken", format_time(backup.taken)},
          {"revision", backup.revision}, {"objects", backup.objects}, {"kinds", backup.kinds},
          {"size", backup.size},         {"stored", backup.stored},   {"sha256", backup.sha256}};
}

Result<EtcdBackup> etcd_backup_from(const Value& value) {
  const std::optional<WallTime> taken = value.is_object() ? parse_time(text_at(value, "taken")) : std::nullopt;
  EtcdBackup backup;
  if (taken) {
    backup.label = text_at(value, "label");
    backup.machine = text_at(value, "machine");
    backup.taken = *taken;
    backup.sha256 = text_at(value, "sha256");
    for (const auto& [key, number] :
         {std::pair{"revision", &backup.revision}, std::pair{"objects", &backup.objects},
          std::pair{"kinds", &backup.kinds}, std::pair{"size", &backup.size}, std::pair{"stored", &backup.stored}})
      if (const auto found = value.find(key); found != value.end() && found->is_number_unsigned())
        *number = found->get<uint64_t>();
  }
  if (!taken || !plain(backup.label) || backup.label.find("..") != std::string::npos || backup.sha256.size() != 64 ||
      !plain(backup.sha256) || backup.objects == 0)
    return fail(ErrorKind::corrupt, "what is said about a backup of etcd cannot be read",
                {.found = value.dump().substr(0, 200), .expected = "label, taken, objects, sha256"});
  return backup;
}

Result<std::vector<EtcdBackup>> EtcdBackupFolder::list() const {
  std::vector<EtcdBackup> backups;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(path_, error)) {
    if (entry.path().extension() != ".json") continue;
    const Result<std::string> text = read_file(entry.path().string());
    if (!text) return text.error();
    Result<EtcdBackup> backup = parsed(*text, entry.path().string());
    if (!backup) return std::move(backup).error();
    backups.push_back(std::move(*backup));
  }
  std::sort(backups.begin(), backups.end(), [](const EtcdBackup& a, const EtcdBackup& b) { return a.taken < b.taken; });
  return backups;
}

Result<void> EtcdBackupFolder::verify(const EtcdBackup& backup) const {
  const std::string file = file_of(backup);
  const Result<std::string> sum = sha256_file(file);
  if (!sum) return sum.error();
  if (*sum == backup.sha256) return {};
  return fail(ErrorKind::verification, "the backup of etcd is damaged",
              {.found = "sha256 " + *sum,
               .expected = backup.sha256,
               .advice = "slipway backup create etcd SPEC, or restore another one: slipway backup list etcd SPEC",
               .where = file});
}

Result<Secret> EtcdBackupFolder::encryption_of(const EtcdBackup& backup) const {
  std::string text;
  Result<void> read =
      read_archive(file_of(backup), [&](const ArchiveEntry& entry, const ReadEntry& content) -> Result<Walk> {
        if (entry.path != "encryption.yaml") return Walk::on;
        if (entry.size > 64 * 1024)
          return fail(ErrorKind::corrupt, "the encryption configuration in a backup is too long",
                      {.found = format_bytes(entry.size), .where = file_of(backup)});
        Result<void> whole = content([&](std::string_view piece) -> Result<void> {
          text += piece;
          return {};
        });
        if (!whole) return std::move(whole).error();
        return Walk::stop;
      });
  if (!read) return std::move(read).error();
  return Secret(std::move(text));
}

Result<void> EtcdBackupFolder::fetch(HostWriter& hosts, const HostAccess& host, const EtcdBackup& backup) const {
  if (Result<void> made = make_directories(path_, 0700); !made) return made;
  const std::string partial = file_of(backup) + ".partial";
  FileDescriptor file(::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.open()) return fail(ErrorKind::unavailable, "cannot write the fetched backup", {.where = partial});
  Sha256 digest;
  const std::string source = shell_quote("/var/lib/slipway/etcd-backups/" + backup.label + ".tar.gz");
  for (uint64_t at = 0; at < backup.stored; at += piece) {
    Result<ScriptOutcome> outcome = hosts.run(host,
                                              {.text = "tail -c +" + std::to_string(at + 1) + " " + source +
                                                       " | head -c " + std::to_string(piece) + " | base64 -w 0\n"},
                                              Deadline::in(std::chrono::minutes(5)));
    if (!outcome) return Error(outcome.error()).while_doing("fetching the backup " + backup.label);
    const Result<std::string> bytes = base64_decode(trim(outcome->output));
    if (!bytes || bytes->empty()) break;  // Too short: the sum says so.
    digest.update(*bytes);
    for (size_t written = 0; written < bytes->size();) {
      const ssize_t count = ::write(file.number(), bytes->data() + written, bytes->size() - written);
      if (count <= 0) return fail(ErrorKind::quota, "cannot write the fetched backup", {.where = partial});
      written += static_cast<size_t>(count);
    }
  }
  if (const std::string sum = digest.finish(); sum != backup.sha256) {
    ::unlink(partial.c_str());
    return fail(
        ErrorKind::verification, "the backup that arrived is not the one that was taken",
        {.found = "sha256 " + sum, .expected = backup.sha256, .advice = "run it again", .where = host.machine.text()});
  }
  if (::fsync(file.number()) != 0)
    return fail(ErrorKind::unavailable, "cannot write the fetched backup", {.where = partial});
  std::error_code error;
  fs::rename(partial, file_of(backup), error);
  if (error)
    return fail(ErrorKind::unavailable, "cannot write the fetched backup",
                {.found = error.message(), .where = partial});
  return write_file_atomically(path_ + "/" + backup.label + ".json", to_value(backup).dump() + "\n", 0600);
}

Result<void> EtcdBackupFolder::prune(size_t keep) const {
  Result<std::vector<EtcdBackup>> backups = list();
  if (!backups) return std::move(backups).error();
  for (size_t i = 0; i + keep < backups->size(); ++i)
    for (const std::string& file : {path_ + "/" + (*backups)[i].label + ".json", file_of((*backups)[i])}) {
      std::error_code error;
      fs::remove(file, error);
      if (error)
        return fail(ErrorKind::unavailable, "cannot remove an old backup", {.found = error.message(), .where = file});
    }
  return {};
}

Result<EtcdBackup> take_etcd_backup(HostWriter& hosts, const HostAccess& host, int keep) {
  Result<std::string> about = on_host(hosts, host, "save " + std::to_string(keep), ErrorKind::internal,
                                      "etcd was not backed up", std::chrono::minutes(15));
  if (!about) return std::move(about).error();
  return parsed(*about, host.machine.text());
}

Result<std::vector<EtcdBackup>> list_etcd_backups(HostWriter& hosts, const HostAccess& host) {
  Result<std::string> lines =
      on_host(hosts, host, "list", ErrorKind::internal, "etcd's backups cannot be listed", Seconds(15));
  if (!lines) return std::move(lines).error();
  std::vector<EtcdBackup> backups;
  for (const std::string& line : split(*lines, '\n')) {
    if (line.empty()) continue;
    Result<EtcdBackup> backup = parsed(line, host.machine.text());
    if (!backup) return std::move(backup).error();
    backups.push_back(std::move(*backup));
  }
  return backups;
}

Result<Value> drill_etcd_backup(HostWriter& hosts, const HostAccess& host, const EtcdBackup& backup,
                                const EtcdBackupFolder& folder) {
  if (Result<void> whole = folder.verify(backup); !whole) return std::move(whole).error();
  Result<Placed> placed = Placed::put(hosts, host, backup, folder);
  if (!placed) return std::move(placed).error();
  Result<std::string> answer =
      on_host(hosts, host, "drill " + shell_quote(placed->path()) + " " + backup.sha256, ErrorKind::verification,
              "the drill of etcd's backup failed", std::chrono::minutes(15));
  if (!answer) return std::move(answer).error();
  Value outcome = Value::parse(*answer, nullptr, false);
  if (!outcome.is_object() || outcome.value("objects", uint64_t{0}) != backup.objects)
    return fail(ErrorKind::verification, "the drill of etcd's backup found another number of objects",
                {.found = answer->substr(0, 200), .expected = std::to_string(backup.objects) + " objects"});
  return outcome;
}

Result<std::string> etcd_member(HostWriter& hosts, const HostAccess& host) {
  Result<std::string> member =
      on_host(hosts, host, "member", ErrorKind::internal, "etcd's member cannot be read", Seconds(30));
  if (!member) return member;
  return std::string(trim(*member));
}

Result<void> restore_etcd(Writer& writer, const EtcdRestore& restore, const EtcdBackupFolder& folder) {
  const auto tell = [&](const std::string& text) {
    if (restore.progress) restore.progress(text);
  };
  if (Result<void> whole = folder.verify(restore.backup); !whole) return whole;
  std::vector<std::string> members;
  for (const EtcdRestore::Target& target : restore.targets) members.push_back(target.member);
  const std::string everyone = shell_quote(join(members, ",")), token = shell_quote(restore.token);
  for (const EtcdRestore::Target& target : restore.targets) {
    tell("unpacking " + restore.backup.label + " on " + target.host.machine.text());
    Result<Placed> placed = Placed::put(writer.hosts, target.host, restore.backup, folder);
    if (!placed) return std::move(placed).error();
    Result<std::string> staged =
        on_host(writer.hosts, target.host,
                "stage " + shell_quote(placed->path()) + " " + restore.backup.sha256 + " " + token + " " + everyone,
                ErrorKind::verification, "the backup of etcd cannot be unpacked; nothing was stopped",
                std::chrono::minutes(15));
    if (!staged) return std::move(staged).error();
  }
  if (restore.cancelled && restore.cancelled())
    return fail(ErrorKind::cancelled, "stopped before the restore changed anything");
  const auto everywhere = [&](const std::string& verb, const std::string& saying) -> Result<void> {
    for (const EtcdRestore::Target& target : restore.targets) {
      tell(saying + target.host.machine.text());
      Result<std::string> done = on_host(writer.hosts, target.host, verb + token, ErrorKind::internal,
                                         "the restore of etcd stands half-way; run it again", std::chrono::minutes(5));
      if (!done) return std::move(done).error();
    }
    return {};
  };
  // None of the old cluster may live while one of the new does.
  if (Result<void> stopped = everywhere("stop ", "stopping etcd on "); !stopped) return stopped;
  for (const EtcdRestore::Target& target : restore.targets)
    if (const Result<void> placed = place_key(writer.hosts, target.host, restore.encryption); !placed)
      return Error(placed.error()).while_doing("placing the key of the backup's Secrets");
  if (Result<void> started = everywhere("start ", "starting the restored etcd on "); !started) return started;
  tell("waiting for the API");
  return wait_until_ready(writer, restore);
}

std::vector<EtcdOverdue> overdue(const EtcdDuties& duties, WallTime now) {
  struct Duty {
    const char* what;
    const std::optional<WallTime>& done;
    Seconds limit;
    const char* verb;
  };
  std::vector<EtcdOverdue> late;
  for (const Duty& duty :
       {Duty{"backup of etcd on a control plane", duties.taken, 2 * duties.every, "backup create etcd"},
        Duty{"backup of etcd off the control planes", duties.off_node, std::chrono::days(7), "backup create etcd"},
        Duty{"drill of etcd's backup", duties.drilled, std::chrono::days(30), "backup drill etcd"}}) {
    if (now - std::max(duties.since, duty.done.value_or(WallTime{})) <= duty.limit) continue;
    late.push_back({"the newest " + std::string(duty.what) + " is " +
                        (duty.done ? "of " + format_time(*duty.done) : "none at all") +
                        "; it should not be older than " +
                        std::to_string(std::chrono::duration_cast<std::chrono::hours>(duty.limit).count()) + " h",
                    duty.verb});
  }
  return late;
}

}  // namespace slipway
