#include "cluster/etcd_backups.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/schedule.h"
#include "base/text.h"

#include "tests/unit/kube/kube_ports.h"

namespace slipway::testing {
namespace {

namespace fs = std::filesystem;

/// Control planes that keep one backup, whose bytes they give away piece by piece, and note what they are told.
class BackupHosts final : public HostWriter {
 public:
  Result<ScriptOutcome> run(const HostAccess& host, const Script& script, Deadline) override {
    const std::vector<std::string> words = split(trim(script.text), ' ');
    if (words[0] == "tail") {
      const size_t from = std::stoul(words[2].substr(1)) - 1, count = std::stoul(words[7]);
      return ScriptOutcome{0, base64_encode(std::string_view(bytes).substr(from, count)), ""};
    }
    if (words[0] == "rm" && words[2] == "/etc/kubernetes/slipway/secrets-written")
      told.push_back("forget " + host.machine.text());
    if (words[0] != "/usr/local/sbin/slipway-etcd") return ScriptOutcome{};
    told.push_back(words[1] + " " + host.machine.text());
    if (words[1] == fails) return ScriptOutcome{1, "", "noise\nit went wrong\n"};
    return ScriptOutcome{0, answers[words[1]], ""};
  }
  Result<void> put(const HostAccess& host, const RemoteFile& file, Deadline) override {
    told.push_back("put " + host.machine.text());
    EXPECT_EQ(file.mode, 0600);
    return {};
  }
  Result<void> wait_until_up(const HostAccess&, Deadline) override { return {}; }
  void forget(const MachineName&) override {}

  std::string bytes;
  std::string fails;
  std::map<std::string, std::string> answers;
  std::vector<std::string> told;
};

class EtcdBackups : public ::testing::Test {
 protected:
  EtcdBackups()
      : path((fs::temp_directory_path() / ("etcd-backups-" + random_hex(4))).string()),
        folder(path),
        client(api.client()),
        ports(*client),
        writer{ports.writer.read, hosts, ports.writer.cloud, ports.writer.cluster, ports.writer.artifacts,
               ports.writer.clock} {
    // More than one piece.
    for (int i = 0; hosts.bytes.size() < 4'000'000; ++i) hosts.bytes += std::to_string(i) + '\0';
    api.intercept = [this](const HttpRequest& request) -> std::optional<Result<HttpResponse>> {
      if (request.url.find("/readyz") == std::string::npos) return std::nullopt;
      return HttpResponse{.status = ready ? 200 : 500, .body = "ok"};
    };
    hosts.answers["drill"] = R"({"kinds":3,"objects":40,"objects_now":41,"restore_seconds":2})";
  }
  ~EtcdBackups() override { fs::remove_all(path); }

  EtcdBackup backup(const std::string& day = "20") const {
    return {.label = "etcd-202611" + day + "T030000Z-control-1",
            .machine = "control-1",
            .taken = *parse_time("2026-11-" + day + "T03:00:00Z"),
            .revision = 571,
            .objects = 40,
            .kinds = 3,
            .size = 9,
            .stored = hosts.bytes.size(),
            .sha256 = sha256(hosts.bytes)};
  }
  static HostAccess host(const std::string& name) {
    HostAccess access;
    access.machine = MachineName(name);
    return access;
  }
  EtcdRestore restore() const {
    return {.backup = backup(),
            .token = "restore-1",
            .targets = {{host("control-1"), "control-1=https://10.0.0.1:2380"},
                        {host("control-2"), "control-2=https://10.0.0.2:2380"}},
            .encryption = Secret("the configuration")};
  }

  std::string path;
  EtcdBackupFolder folder;
  BackupHosts hosts;
  FakeApi api;
  std::unique_ptr<KubeClient> client;
  KubePorts ports;
  Writer writer;
  bool ready = true;
};

TEST_F(EtcdBackups, WhatAHostSaysOfABackupIsReadBack) {
  const Result<EtcdBackup> read = etcd_backup_from(to_value(backup()));
  ASSERT_TRUE(read.ok()) << describe(read.error());
  EXPECT_EQ(to_value(*read), to_value(backup()));
}

TEST_F(EtcdBackups, ALabelThatWouldLeaveTheFolderOrTheCommandIsRefused) {
  for (const std::string label : {"../../etc/shadow", "a/b", "x; rm -rf /", "a'b", ""}) {
    Value value = to_value(backup());
    value["label"] = label;
    EXPECT_EQ(etcd_backup_from(value).error().kind, ErrorKind::corrupt) << label;
  }
  Value value = to_value(backup());
  value["sha256"] = "$(reboot)";
  EXPECT_FALSE(etcd_backup_from(value).ok());
  EXPECT_FALSE(etcd_backup_from(Value()).ok());
}

TEST_F(EtcdBackups, OneIsFetchedWholeAndForItsOwnerAlone) {
  const Result<void> fetched = folder.fetch(hosts, host("control-1"), backup());
  ASSERT_TRUE(fetched.ok()) << describe(fetched.error());
  EXPECT_EQ(read_file(folder.file_of(backup())).value(), hosts.bytes);
  EXPECT_EQ(fs::status(folder.file_of(backup())).permissions(), fs::perms(0600));
  EXPECT_EQ(fs::status(path).permissions(), fs::perms(0700));
  EXPECT_TRUE(folder.verify(backup()).ok());
  ASSERT_EQ(folder.list()->size(), 1u);
  EXPECT_EQ(to_value(folder.list()->front()), to_value(backup()));
}

TEST_F(EtcdBackups, WhatArrivesDamagedIsNotKept) {
  const EtcdBackup taken = backup();
  hosts.bytes[3'500'000] = '!';
  EXPECT_EQ(folder.fetch(hosts, host("control-1"), taken).error().kind, ErrorKind::verification);
  hosts.bytes.resize(3'200'000);
  EXPECT_EQ(folder.fetch(hosts, host("control-1"), taken).error().kind, ErrorKind::verification);
  EXPECT_TRUE(folder.list()->empty());
  EXPECT_TRUE(fs::is_empty(path));
}

TEST_F(EtcdBackups, TheNewestAreKept) {
  for (const std::string day : {"21", "19", "22", "20"})
    ASSERT_TRUE(folder.fetch(hosts, host("control-1"), backup(day)).ok());
  ASSERT_TRUE(folder.prune(2).ok());
  const std::vector<EtcdBackup> left = *folder.list();
  ASSERT_EQ(left.size(), 2u);
  EXPECT_EQ(left[0].label, backup("21").label);
  EXPECT_EQ(left[1].label, backup("22").label);
  EXPECT_FALSE(fs::exists(folder.file_of(backup("20"))));
}

TEST_F(EtcdBackups, AFileAboutABackupThatCannotBeReadIsAnErrorAndNoEmptyList) {
  ASSERT_TRUE(folder.fetch(hosts, host("control-1"), backup()).ok());
  std::ofstream(path + "/etcd-x.json") << "{";
  EXPECT_EQ(folder.list().error().kind, ErrorKind::corrupt);
}

TEST_F(EtcdBackups, ADrillThatFailsSaysWhatTheHostSaid) {
  ASSERT_TRUE(folder.fetch(hosts, host("control-1"), backup()).ok());
  EXPECT_EQ(drill_etcd_backup(hosts, host("control-1"), backup(), folder)->at("objects_now"), 41);
  hosts.fails = "drill";
  const Error error = drill_etcd_backup(hosts, host("control-1"), backup(), folder).error();
  EXPECT_EQ(error.kind, ErrorKind::verification);
  EXPECT_EQ(error.found, "it went wrong");
}

TEST_F(EtcdBackups, ADrillThatCountsOtherObjectsFails) {
  ASSERT_TRUE(folder.fetch(hosts, host("control-1"), backup()).ok());
  hosts.answers["drill"] = R"({"kinds":3,"objects":39,"objects_now":41,"restore_seconds":2})";
  EXPECT_EQ(drill_etcd_backup(hosts, host("control-1"), backup(), folder).error().kind, ErrorKind::verification);
  hosts.answers["drill"] = "nothing";
  EXPECT_EQ(drill_etcd_backup(hosts, host("control-1"), backup(), folder).error().kind, ErrorKind::verification);
}

TEST_F(EtcdBackups, ADamagedOneReachesNoHost) {
  ASSERT_TRUE(folder.fetch(hosts, host("control-1"), backup()).ok());
  std::ofstream(folder.file_of(backup()), std::ios::app) << "x";
  EXPECT_EQ(drill_etcd_backup(hosts, host("control-1"), backup(), folder).error().kind, ErrorKind::verification);
  EXPECT_EQ(restore_etcd(writer, restore(), folder).error().kind, ErrorKind::verification);
  EXPECT_TRUE(hosts.told.empty());
}

TEST_F(EtcdBackups, ARestoreStopsNobodyBeforeAllHaveUnpackedAndStartsNobodyBeforeAllAreStopped) {
  ASSERT_TRUE(folder.fetch(hosts, host("control-1"), backup()).ok());
  const Result<void> restored = restore_etcd(writer, restore(), folder);
  ASSERT_TRUE(restored.ok()) << describe(restored.error());
  EXPECT_EQ(hosts.told,
            (std::vector<std::string>{"put control-1", "stage control-1", "put control-2", "stage control-2",
                                      "stop control-1", "stop control-2", "forget control-1", "put control-1",
                                      "forget control-2", "put control-2", "start control-1", "start control-2"}))
      << "what can read the restored Secrets is there before any API server starts";
}

TEST_F(EtcdBackups, TheKeyOfItsDayIsReadOutOfTheBackup) {
  fs::create_directories(path + "/content");
  std::ofstream(path + "/content/counts") << "pods 1\n";
  const auto pack = [&] {
    const std::string command = "tar -C " + path + "/content -czf " + folder.file_of(backup()) + " .";
    ASSERT_EQ(std::system(command.c_str()), 0);
  };
  pack();
  const Result<Secret> none = folder.encryption_of(backup());
  ASSERT_TRUE(none.ok()) << describe(none.error());
  EXPECT_TRUE(none->empty());
  std::ofstream(path + "/content/encryption.yaml") << "the configuration\n";
  pack();
  const Result<Secret> found = folder.encryption_of(backup());
  ASSERT_TRUE(found.ok()) << describe(found.error());
  EXPECT_EQ(found->reveal(), "the configuration\n");
  std::ofstream(folder.file_of(backup())) << "noise";
  EXPECT_EQ(folder.encryption_of(backup()).error().kind, ErrorKind::corrupt);
}

TEST_F(EtcdBackups, ARestoreThatCannotUnpackStopsNothing) {
  ASSERT_TRUE(folder.fetch(hosts, host("control-1"), backup()).ok());
  hosts.fails = "stage";
  EXPECT_EQ(restore_etcd(writer, restore(), folder).error().kind, ErrorKind::verification);
  EXPECT_EQ(hosts.told.back(), "stage control-1");
}

TEST_F(EtcdBackups, ARestoreThatIsCancelledEarlyStopsNothing) {
  ASSERT_TRUE(folder.fetch(hosts, host("control-1"), backup()).ok());
  EtcdRestore request = restore();
  request.cancelled = [] { return true; };
  EXPECT_EQ(restore_etcd(writer, request, folder).error().kind, ErrorKind::cancelled);
  EXPECT_EQ(hosts.told.back(), "stage control-2");
}

TEST_F(EtcdBackups, AnApiThatNeverGetsReadyIsTold) {
  ASSERT_TRUE(folder.fetch(hosts, host("control-1"), backup()).ok());
  ready = false;
  EXPECT_EQ(restore_etcd(writer, restore(), folder).error().kind, ErrorKind::timeout);
}

TEST_F(EtcdBackups, WhatIsLateIsSaidAndANewClusterOwesNothing) {
  const WallTime now = *parse_time("2026-11-25T12:00:00Z");
  EtcdDuties duties{.every = std::chrono::hours(6), .since = now - std::chrono::hours(11)};
  EXPECT_TRUE(overdue(duties, now).empty());
  duties.since = now - std::chrono::days(40);
  EXPECT_EQ(overdue(duties, now).size(), 3u);
  EXPECT_NE(overdue(duties, now)[0].what.find("none at all"), std::string::npos);
  duties.taken = duties.off_node = duties.drilled = now - std::chrono::hours(13);
  ASSERT_EQ(overdue(duties, now).size(), 1u);
  EXPECT_EQ(overdue(duties, now)[0].verb, "backup create etcd");
  duties.taken = now;
  duties.drilled = now - std::chrono::days(31);
  ASSERT_EQ(overdue(duties, now).size(), 1u);
  EXPECT_EQ(overdue(duties, now)[0].verb, "backup drill etcd");
}

}  // namespace
}  // namespace slipway::testing
