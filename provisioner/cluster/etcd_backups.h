#pragma once
// Backups of etcd: taken, tried out and brought back by playbooks/files/etcd-backup on a control plane, and kept off it
// in a folder beside the state (0700, its files 0600: they hold the cluster's keys and every Secret).

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "base/time.h"
#include "ports/ports.h"

namespace slipway {

struct EtcdBackup {
  std::string label;    ///< "etcd-20261125T030000Z-control-1"; its file is LABEL.tar.gz.
  std::string machine;  ///< Where it was taken.
  WallTime taken{};
  uint64_t revision = 0;  ///< Of etcd, the last that is in it.
  uint64_t objects = 0, kinds = 0;
  uint64_t size = 0;    ///< Of the snapshot.
  uint64_t stored = 0;  ///< Of the file.
  std::string sha256;   ///< Of the file.
};
Value to_value(const EtcdBackup& backup);
/// Errors: corrupt.
Result<EtcdBackup> etcd_backup_from(const Value& value);

/// The folder of those that were fetched.
class EtcdBackupFolder {
 public:
  explicit EtcdBackupFolder(std::string path) : path_(std::move(path)) {}
  std::string file_of(const EtcdBackup& backup) const { return path_ + "/" + backup.label + ".tar.gz"; }
  /// Oldest first; without a folder none. A file about a backup that cannot be read is an error: corrupt.
  Result<std::vector<EtcdBackup>> list() const;
  /// Whether the file is, byte for byte, the one that was taken. Errors: verification, not_found.
  Result<void> verify(const EtcdBackup& backup) const;
  /// The API server's encryption configuration that lies in it; empty: none. Errors: not_found, corrupt.
  Result<Secret> encryption_of(const EtcdBackup& backup) const;
  /// Copies it from the host in pieces; in the folder under its name only when it is whole. Errors: verification (what
  /// arrived is not what was taken) and the host's.
  Result<void> fetch(HostWriter& hosts, const HostAccess& host, const EtcdBackup& backup) const;
  /// Removes all but the newest `keep`. Errors: unavailable.
  Result<void> prune(size_t keep) const;

 private:
  std::string path_;
};

/// Saves etcd now; the host keeps the newest `keep`. Errors: internal (etcd's own words in it) and the host's.
Result<EtcdBackup> take_etcd_backup(HostWriter& hosts, const HostAccess& host, int keep);
/// Those that the host keeps. Errors: those of the host; corrupt.
Result<std::vector<EtcdBackup>> list_etcd_backups(HostWriter& hosts, const HostAccess& host);

/// Starts a throw-away etcd on `host` out of the backup, and compares the number of objects of each kind with what the
/// living etcd counted when the backup was taken. Answers {"kinds", "objects", "objects_now", "restore_seconds"}.
/// Errors: verification (the backup is damaged, cannot be started or holds other objects) and the host's.
Result<Value> drill_etcd_backup(HostWriter& hosts, const HostAccess& host, const EtcdBackup& backup,
                                const EtcdBackupFolder& folder);

/// What a control plane's etcd is called in its cluster: "control-1=https://10.0.0.1:2380"; empty where the host has
/// none. Errors: those of the host.
Result<std::string> etcd_member(HostWriter& hosts, const HostAccess& host);

struct EtcdRestore {
  EtcdBackup backup;
  std::string token;  ///< Names this restore and the new etcd cluster. The same again goes on with what was cut off.
  struct Target {
    HostAccess host;
    std::string member;  ///< As etcd_member.
  };
  std::vector<Target> targets;  ///< Every member of the new cluster. Not empty.
  Secret encryption;            ///< The API servers' configuration, which can read what the backup holds.
  std::function<void(const std::string& text)> progress{};
  std::function<bool()> cancelled{};
};
/// Every target gets the same backup and is a member of one new cluster, whose revision lies above all that the old one
/// handed out. Nothing is stopped before each has unpacked its data; the old data stays beside as
/// /var/lib/etcd/replaced-TOKEN. Waits until the API is ready.
/// Errors: verification (a damaged backup; nothing was stopped), timeout, cancelled, and those of the hosts.
Result<void> restore_etcd(Writer& writer, const EtcdRestore& restore, const EtcdBackupFolder& folder);

/// When the duties around the backups were done last, and since when there is a cluster to back up.
struct EtcdDuties {
  Seconds every{};                     ///< Between two backups.
  WallTime since{};                    ///< Before a duty's first time nothing can be late.
  std::optional<WallTime> taken{};     ///< The newest on any control plane.
  std::optional<WallTime> off_node{};  ///< The newest that was fetched.
  std::optional<WallTime> drilled{};   ///< The newest drill that passed.
};
/// One that is late, and the verb that does it: "backup drill etcd".
struct EtcdOverdue {
  std::string what, verb;
};
/// Pure.
std::vector<EtcdOverdue> overdue(const EtcdDuties& duties, WallTime now);

}  // namespace slipway
