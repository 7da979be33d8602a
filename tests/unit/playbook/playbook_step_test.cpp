// The step as the engine uses it, against a real shell: what it plans, what it may do, and what it survives.
#include "playbook/playbook_step.h"

#include <filesystem>

#include "base/digest.h"
#include "base/file.h"
#include "base/ids.h"
#include "base/process.h"

#include "rig.h"

namespace slipway::playbook {
namespace {

using testing::Rig;

class PlaybookStepTest : public ::testing::Test {
 protected:
  void SetUp() override { SLIPWAY_NEEDS_A_HOST(); }
};

constexpr const char* conf_and_service = R"(
- name: conf
  file: {path: /etc/web.conf, content: "one\n"}
  notify: restart web
- name: web
  service: {name: web, state: started}
- handler: restart web
  service: {name: web, state: restarted}
)";

TEST_F(PlaybookStepTest, TheFirstApplyIsACreateAndThenThereIsNothingToDo) {
  Rig rig(conf_and_service);
  const Diff plan = rig.plan();
  EXPECT_EQ(plan.action, Action::create);
  EXPECT_EQ(plan.reason, Reason::missing);
  EXPECT_EQ(Rig::fields(plan), "conf: /etc/web.conf, web: web.service state, handler/restart web");
  const Result<Outputs> outputs = rig.apply(plan);
  ASSERT_TRUE(outputs) << describe(outputs.error());
  EXPECT_EQ(outputs->at("done"), true);
  EXPECT_EQ(outputs->at("os"), rig.host.shell(". /etc/os-release; echo $ID"));
  EXPECT_EQ(rig.host.shell("cat /var/lib/slipway/cluster"), "lab");
  const Result<Observation> seen = rig.observe();
  ASSERT_TRUE(seen);
  EXPECT_TRUE(seen->exists);
  EXPECT_EQ(seen->outputs.at("boot_id"), outputs->at("boot_id"));
  EXPECT_EQ(rig.step->diff(*seen, rig.inputs).action, Action::none);
  EXPECT_EQ(rig.host.runs, 1);
}

TEST_F(PlaybookStepTest, AServiceStartedAfreshIsNotRestartedAtOnce) {
  Rig rig(conf_and_service);
  rig.repair();
  EXPECT_EQ(rig.host.systemd_log(), "start web.service");
}

TEST_F(PlaybookStepTest, AnEditedFileIsDriftAndRestartsWhatAskedForIt) {
  Rig rig(conf_and_service);
  rig.repair();
  rig.host.shell("echo two > /etc/web.conf");
  const Diff plan = rig.plan();
  EXPECT_EQ(plan.action, Action::update);
  EXPECT_EQ(plan.reason, Reason::drift);
  EXPECT_EQ(Rig::fields(plan), "conf: /etc/web.conf content, handler/restart web");
  EXPECT_EQ(plan.note, "conf: line 1 is 'two', wanted 'one'");
  ASSERT_TRUE(rig.apply(plan));
  EXPECT_EQ(rig.host.shell("grep -c restarted /var/fake/log"), "1");
  EXPECT_EQ(Rig::fields(rig.plan()), "");
}

TEST_F(PlaybookStepTest, WhatTheSpecChangedIsNotCalledDrift) {
  Rig rig(conf_and_service);
  rig.repair();
  rig.use(std::string(conf_and_service).replace(std::string(conf_and_service).find("one"), 3, "two"));
  EXPECT_EQ(rig.plan().reason, Reason::spec_changed);
}

TEST_F(PlaybookStepTest, MoreDriftThanApprovedStopsBeforeAnythingChanges) {
  Rig rig(conf_and_service);
  rig.repair();
  rig.host.shell("echo two > /etc/web.conf");
  const Diff plan = rig.plan();
  rig.host.before_run = [&] { rig.host.shell("chmod 600 /etc/web.conf"); };
  const Result<Outputs> done = rig.apply(plan);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::world_changed);
  EXPECT_EQ(done.error().found, "conf: /etc/web.conf mode is '600'");
  EXPECT_EQ(rig.host.shell("cat /etc/web.conf; stat -c %a /etc/web.conf"), "two\n600");
}

TEST_F(PlaybookStepTest, AnotherOldValueOfAnApprovedFieldIsNoReasonToStop) {
  Rig rig(conf_and_service);
  rig.repair();
  rig.host.shell("echo two > /etc/web.conf");
  const Diff plan = rig.plan();
  rig.host.before_run = [&] { rig.host.shell("echo three > /etc/web.conf"); };
  ASSERT_TRUE(rig.apply(plan));
  EXPECT_EQ(rig.host.shell("cat /etc/web.conf"), "one");
}

TEST_F(PlaybookStepTest, DriftOfATaskThatWasNotApprovedIsLeftAlone) {
  Rig rig(conf_and_service);
  rig.repair();
  rig.host.shell("echo two > /etc/web.conf");
  const Diff plan = rig.plan();
  rig.host.before_run = [&] { rig.host.shell("systemctl stop web.service"); };
  ASSERT_TRUE(rig.apply(plan));
  EXPECT_EQ(Rig::fields(rig.plan()), "web: web.service state");
}

TEST_F(PlaybookStepTest, DriftThatIsGoneByItselfIsNotTouched) {
  Rig rig(conf_and_service);
  rig.repair();
  rig.host.shell("echo two > /etc/web.conf");
  const Diff plan = rig.plan();
  rig.host.before_run = [&] { rig.host.shell("echo one > /etc/web.conf; touch -d @1000 /etc/web.conf"); };
  ASSERT_TRUE(rig.apply(plan));
  EXPECT_EQ(rig.notes->changed(), 0u);
  EXPECT_EQ(rig.host.shell("stat -c %Y /etc/web.conf; grep -c restarted /var/fake/log"), "1000\n0");
}

constexpr const char* slow_after_conf = R"(
- name: conf
  file: {path: /etc/web.conf, content: "one\n"}
  notify: restart web
- name: slow
  command: {run: "echo half > /srv/made.part; sleep ${seconds}; mv /srv/made.part /srv/made", creates: /srv/made}
- handler: restart web
  service: {name: web, state: restarted}
)";

TEST_F(PlaybookStepTest, KilledBetweenAChangeAndItsHandlerTheNextRunOwesTheHandler) {
  Rig rig(slow_after_conf, {.variables = {{"seconds", 20}}});
  rig.host.shell("echo active > /var/fake/web.service.active");
  rig.host.on_line = [&](std::string_view line) {
    if (line == "started 1") rig.host.shell("kill -9 $(cat /run/slipway/apply/*/pid)");
  };
  const Result<Outputs> killed = rig.apply(rig.plan());
  ASSERT_FALSE(killed);
  EXPECT_EQ(killed.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(rig.host.shell("cat /etc/web.conf"), "one");
  EXPECT_EQ(rig.host.systemd_log(), "");

  rig.host.on_line = nullptr;
  rig.use(slow_after_conf, {.variables = {{"seconds", 0}}});
  EXPECT_EQ(Rig::fields(rig.plan()), "slow, handler/restart web");
  rig.repair();
  EXPECT_EQ(rig.host.shell("grep -c restarted /var/fake/log; cat /srv/made"), "1\nhalf");
}

TEST_F(PlaybookStepTest, ACutConnectionIsMadeAgainAndLosesNoEvent) {
  Rig rig(slow_after_conf, {.variables = {{"seconds", 1}}});
  rig.host.cut_next_after = 0.5;
  const Result<Outputs> done = rig.apply({.action = Action::create});
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_EQ(rig.host.runs, 2);
  EXPECT_EQ(rig.notes->changed(), 2u) << rig.notes->text();
  EXPECT_EQ(Rig::fields(rig.plan()), "");
}

TEST_F(PlaybookStepTest, ANewRunWaitsForALivingApplyBeforeItLooks) {
  Rig rig(slow_after_conf, {.variables = {{"seconds", 1}}});
  // Started by somebody whose connection, and whose program, are gone.
  const Result<Playbook> book = parse_playbook("lab/sample.yaml", slow_after_conf, {});
  ASSERT_TRUE(book);
  const Result<Program> program =
      Compiler::compile(*book, {.cluster = "lab", .role = "worker", .variables = {{"seconds", 1}}});
  ASSERT_TRUE(program);
  const ApplyScript script = Compiler::apply_script(*program, {.everything = true}, "0dd1e5", Seconds(60));
  rig.host.cut_next_after = 0.5;
  ASSERT_FALSE(rig.host.run({}, {.text = script.launch, .input = script.input}, Deadline::in(Seconds(10))));
  ASSERT_FALSE(rig.host.holds("[ -e /srv/made ]"));
  EXPECT_EQ(Rig::fields(rig.plan()), "");
  EXPECT_TRUE(rig.host.holds("[ -e /srv/made ]"));
}

TEST_F(PlaybookStepTest, AFailedTaskEndsTheRunAndSaysWhy) {
  Rig rig("- name: bad\n  package: slipway-none\n- name: later\n  file: {path: /etc/later, content: x}\n");
  rig.host.shell("touch /var/fake/no-package-slipway-none");
  const Result<Outputs> done = rig.apply(rig.plan());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().summary, "task 'bad' failed on the host");
  EXPECT_NE(done.error().output.value_or("").find("Unable to locate package"), std::string::npos);
  EXPECT_FALSE(rig.host.holds("[ -e /etc/later ]"));
}

TEST_F(PlaybookStepTest, AServiceThatDoesNotStartGivesItsOwnLastWords) {
  Rig rig("- name: web\n  service: {name: web, state: started}\n");
  rig.host.shell("touch /var/fake/web.service.broken");
  const Result<Outputs> done = rig.apply(rig.plan());
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().output.value_or("").find("the unit's last words"), std::string::npos);
}

TEST_F(PlaybookStepTest, ATaskWhoseResultIsNotThereFailsItsVerification) {
  Rig rig("- name: void\n  command: {run: \"true\", creates: /srv/never}\n");
  const Result<Outputs> done = rig.apply(rig.plan());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::verification);
}

TEST_F(PlaybookStepTest, AFailedHandlerIsStillOwedAfterwards) {
  Rig rig(
      "- name: conf\n  file: {path: /etc/web.conf, content: x}\n  notify: poke\n"
      "- handler: poke\n  command: {run: \"test -e /srv/ready\"}\n");
  const Result<Outputs> done = rig.apply(rig.plan());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().summary, "handler 'poke' failed on the host");
  EXPECT_EQ(Rig::fields(rig.plan()), "handler/poke");
  rig.host.shell("touch /srv/ready");
  rig.repair();
}

TEST_F(PlaybookStepTest, ASecretShowsNowhereAndItsCopyIsGoneAfterwards) {
  const Secret key("very-private-key");
  Rig rig(conf_and_service);
  rig.files["key"] = "key {{{secrets.key}}}\n";
  rig.use(
      "- name: look\n  command: {run: \"stat -c %a /run/slipway/apply/*/in/1 > /srv/mode\", creates: /srv/mode}\n"
      "- name: key\n  template: {path: /etc/web.key, source: key, mode: 0600}\n",
      {.secrets = {{"key", key}}});
  rig.host.shell("echo other > /etc/web.key");
  const Diff plan = rig.plan();
  const auto change = std::find_if(plan.fields.begin(), plan.fields.end(),
                                   [](const FieldChange& field) { return field.field == "key: /etc/web.key content"; });
  ASSERT_NE(change, plan.fields.end());
  EXPECT_TRUE(change->sensitive);
  EXPECT_TRUE(change->new_value.is_null());
  EXPECT_EQ(plan.note, "");
  const Result<Outputs> done = rig.apply(plan);
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_EQ(rig.host.last_script.find("very-private"), std::string::npos);
  EXPECT_EQ(rig.host.shell("cat /etc/web.key"), "key very-private-key");
  EXPECT_EQ(rig.host.shell("cat /srv/mode"), "600");
  EXPECT_EQ(rig.host.shell("grep -rl very-private /run /var/lib/slipway /var/fake"), "");
}

TEST_F(PlaybookStepTest, AHostOfAnotherClusterIsRefused) {
  Rig rig(conf_and_service);
  rig.host.shell("mkdir -p /var/lib/slipway; echo other > /var/lib/slipway/cluster");
  const Result<Observation> seen = rig.observe();
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().kind, ErrorKind::bad_input);
  EXPECT_NE(seen.error().found.find("other"), std::string::npos);
}

TEST_F(PlaybookStepTest, WhereSystemdDoesNotStartTheApplyItSaysSo) {
  Rig rig(conf_and_service);
  rig.host.shell("touch /var/fake/no-units");
  const Result<Outputs> done = rig.apply(rig.plan());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::unavailable);
  EXPECT_NE(done.error().output.value_or("").find("Failed to start transient"), std::string::npos);
}

TEST_F(PlaybookStepTest, WithoutSystemdTheHostIsRefused) {
  Rig rig(conf_and_service);
  rig.host.shell("rmdir /run/systemd/system");
  const Result<Observation> seen = rig.observe();
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().summary, "the host does not run systemd");
}

TEST_F(PlaybookStepTest, TheInterfaceOfTheHostsAddressIsAnOutputWhereWanted) {
  Rig rig(conf_and_service, {.wants_interface = true});
  rig.host.shell("ip addr add 10.99.0.12/32 dev lo; ip link set lo up");
  const Result<Observation> seen = rig.observe();
  rig.host.shell("ip addr flush dev lo");
  ASSERT_TRUE(seen) << describe(seen.error());
  EXPECT_EQ(seen->outputs.at("interface"), "lo");
  EXPECT_EQ(seen->outputs.at("address"), "10.99.0.12");
}

// System containers share their machine's kernel: what cannot be set there is told, what is right is left.

TEST_F(PlaybookStepTest, AReadOnlySettingThatIsRightIsFine) {
  Rig rig("- name: k\n  sysctl: {net.ipv4.ip_forward: 1}\n");
  rig.host.shell("echo 1 > /proc/sys/net/ipv4/ip_forward; echo systemd-nspawn > /run/systemd/container");
  rig.host.shell("mount --bind -o ro /proc/sys/net /proc/sys/net");
  EXPECT_EQ(Rig::fields(rig.plan()), "k: /etc/sysctl.d/60-slipway-sample-k.conf");
  rig.repair();
  rig.host.shell("umount /proc/sys/net");
}

TEST_F(PlaybookStepTest, AReadOnlySettingThatIsWrongFailsWithAdvice) {
  Rig rig("- name: k\n  sysctl: {net.ipv4.ip_forward: 1}\n");
  rig.host.shell("echo 0 > /proc/sys/net/ipv4/ip_forward; echo systemd-nspawn > /run/systemd/container");
  rig.host.shell("mount --bind -o ro /proc/sys/net /proc/sys/net");
  const Result<Outputs> done = rig.apply(rig.plan());
  rig.host.shell("umount /proc/sys/net");
  ASSERT_FALSE(done);
  EXPECT_EQ(
      done.error().output,
      "cannot set net/ipv4/ip_forward to 1 (it is 0): in this container it is read-only; set it on the machine below");
}

TEST_F(PlaybookStepTest, AKernelModuleThatAContainerCannotLoadFailsWithAdvice) {
  Rig rig("- name: m\n  kernel_module: slipway_none\n");
  rig.host.shell("echo systemd-nspawn > /run/systemd/container");
  const Result<Outputs> done = rig.apply(rig.plan());
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().output.value_or("").find("run 'modprobe slipway_none' on the machine below"),
            std::string::npos);
}

TEST_F(PlaybookStepTest, AContainersSwapAndClockAreItsMachinesAffair) {
  Rig rig("- name: w\n  swap: off\n- name: t\n  time_sync: {}\n");
  rig.host.shell("echo '/dev/vdz none swap sw 0 0' > /etc/fstab; echo systemd-nspawn > /run/systemd/container");
  EXPECT_EQ(Rig::fields(rig.plan()), "");
}

// Artifacts: big files of this machine's cache.

class ArtifactTasks : public PlaybookStepTest {
 protected:
  ArtifactTasks() : folder_(std::filesystem::temp_directory_path() / ("slipway-artifacts-" + random_hex(4))) {
    std::filesystem::create_directories(folder_);
  }
  ~ArtifactTasks() override { std::filesystem::remove_all(folder_); }

  void offer(Rig& rig, const std::string& content) {
    const std::string path = (folder_ / "file").string();
    ASSERT_TRUE(write_file_atomically(path, content));
    rig.inputs.set("tool", {{"path", path}, {"sha256", sha256(content)}});
  }
  static PlaybookWish wish() { return {.inputs = {"tool"}}; }

  std::filesystem::path folder_;
};

constexpr const char* tool_book = "- name: tool\n  artifact: {from: tool, path: /usr/local/bin/tool}\n";

TEST_F(ArtifactTasks, AreSentOnceAndKnownByTheirStampAfterwards) {
  Rig rig(tool_book, wish());
  offer(rig, "#!/bin/sh\necho tool one\n");
  rig.repair();
  EXPECT_EQ(rig.host.shell("tool"), "tool one");
  EXPECT_EQ(rig.host.puts, 1);
  EXPECT_EQ(rig.host.shell("ls /var/lib/slipway/incoming"), "");
  // Where the stamp is believed, the file's content is not read: a stamp that says something else shows it.
  rig.host.shell("sed -i 's/^[0-9a-f]*/badbadbadbad/' /var/lib/slipway/artifacts/usr-local-bin-tool");
  EXPECT_EQ(Rig::fields(rig.plan()), "tool: /usr/local/bin/tool content");
}

TEST_F(ArtifactTasks, AChangedFileIsSentAgain) {
  Rig rig(tool_book, wish());
  offer(rig, "#!/bin/sh\necho tool one\n");
  rig.repair();
  rig.host.shell("echo >> /usr/local/bin/tool");
  EXPECT_EQ(Rig::fields(rig.plan()), "tool: /usr/local/bin/tool content");
  rig.repair();
  EXPECT_EQ(rig.host.puts, 2);
}

TEST_F(ArtifactTasks, OtherAccessNeedsNoSecondSending) {
  Rig rig(tool_book, wish());
  offer(rig, "#!/bin/sh\necho tool one\n");
  rig.repair();
  rig.host.shell("chmod 700 /usr/local/bin/tool");
  EXPECT_EQ(Rig::fields(rig.plan()), "tool: /usr/local/bin/tool mode");
  rig.repair();
  EXPECT_EQ(rig.host.puts, 1);
}

TEST_F(ArtifactTasks, WhatAnEarlierTrySentIsNotSentAgain) {
  Rig rig(tool_book, wish());
  offer(rig, "payload");
  rig.host.shell("mkdir -p /var/lib/slipway/incoming; printf payload > /var/lib/slipway/incoming/" + sha256("payload"));
  rig.repair();
  EXPECT_EQ(rig.host.puts, 0);
}

TEST_F(ArtifactTasks, ADamagedFileIsNotPutInPlace) {
  Rig rig(tool_book, wish());
  offer(rig, "payload");
  rig.inputs.set("tool", {{"path", (folder_ / "file").string()}, {"sha256", sha256("something else")}});
  const Result<Outputs> done = rig.apply(rig.plan());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::verification);
  EXPECT_FALSE(rig.host.holds("[ -e /usr/local/bin/tool ]"));
  EXPECT_EQ(rig.host.shell("ls /var/lib/slipway/incoming"), "") << "the damaged file would be taken for good next time";
}

TEST_F(ArtifactTasks, AFileThatLeftTheCacheIsNamed) {
  Rig rig(tool_book, wish());
  offer(rig, "payload");
  std::filesystem::remove(folder_ / "file");
  const Result<Outputs> done = rig.apply(rig.plan());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::not_found);
}

TEST_F(ArtifactTasks, AnInputIsNeededOnlyByTheTasksThatAct) {
  Rig rig(
      "- name: tool\n  artifact: {from: tool, path: /usr/local/bin/tool}\n"
      "- name: other\n  file: {path: /etc/tool.path, content: \"a tool.path\"}\n"
      "- name: link\n  file: {path: /etc/link, content: \"${tool.path}\"}\n",
      wish());
  const auto needed = [&](const std::string& field) {
    return rig.step->needs_input("tool", {.action = Action::update, .fields = {{.field = field}}});
  };
  EXPECT_TRUE(needed("tool: /usr/local/bin/tool content"));
  EXPECT_TRUE(needed("link"));
  EXPECT_TRUE(needed("*"));
  EXPECT_FALSE(needed("other: /etc/tool.path content"));
}

TEST_F(ArtifactTasks, ImagesAreImportedOnceAndPinned) {
  Rig rig("- name: images\n  artifact: {from: tool, import: containerd}\n", wish());
  rig.host.shell("echo theirs:1 > /var/fake/images");
  offer(rig, "pause:3\nproxy:1\n");
  rig.repair();
  EXPECT_EQ(rig.host.shell("cat /var/fake/images"), "theirs:1\npause:3\nproxy:1");
  EXPECT_EQ(rig.host.shell("grep label /var/fake/log"),
            "label pause:3 io.cri-containerd.pinned=pinned\nlabel proxy:1 io.cri-containerd.pinned=pinned");
}

TEST_F(ArtifactTasks, AnArchiveIsUnpackedAndReplacedByItsNextVersion) {
  Rig rig("- name: site\n  unpack: {from: tool, path: /srv/site, strip: 1}\n", wish());
  const Result<std::string> archive = [&]() -> Result<std::string> {
    std::filesystem::create_directories(folder_ / "top");
    if (Result<void> made = write_file_atomically((folder_ / "top/page").string(), "hello"); !made) return made.error();
    if (Result<std::string> packed =
            run_or_fail({.arguments = {"tar", "-C", folder_.string(), "-czf", (folder_ / "a.tgz").string(), "top"}});
        !packed)
      return packed.error();
    return read_file((folder_ / "a.tgz").string());
  }();
  ASSERT_TRUE(archive) << describe(archive.error());
  offer(rig, *archive);
  rig.repair();
  EXPECT_EQ(rig.host.shell("cat /srv/site/page"), "hello");
}

TEST_F(ArtifactTasks, ADownloadIsVerified) {
  const std::string good = sha256("from afar");
  Rig rig("- name: fetched\n  download: {url: \"file:///srv/remote\", sha256: \"${sum}\", path: /srv/local}\n",
          {.variables = {{"sum", good}}});
  if (!rig.host.holds("command -v curl")) GTEST_SKIP() << "needs curl";
  rig.host.shell("printf damaged > /srv/remote");
  const Result<Outputs> bad = rig.apply(rig.plan());
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().kind, ErrorKind::verification);
  EXPECT_FALSE(rig.host.holds("[ -e /srv/local ]"));
  rig.host.shell("printf 'from afar' > /srv/remote");
  rig.repair();
  EXPECT_EQ(rig.host.shell("cat /srv/local"), "from afar");
}

// Restarts of the host, and leaving it.

TEST_F(PlaybookStepTest, TheListIsCutAtARebootAndGoesOnAfterANewBoot) {
  Rig rig(
      "- name: before\n  command: {run: touch /run/reboot-required /srv/before, creates: /srv/before}\n"
      "- name: restart\n  reboot: {}\n"
      "- name: after\n  command: {run: \"test ! -e /run/reboot-required; touch /srv/after\", creates: /srv/after}\n");
  rig.host.shell("echo first > /var/fake/boot; mount --bind /var/fake/boot /proc/sys/kernel/random/boot_id");
  const Result<Outputs> done = rig.apply(rig.plan());
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_EQ(rig.host.shell("grep -cx reboot /var/fake/log"), "1");
  EXPECT_EQ(done->at("boot_id"), "second");
  EXPECT_TRUE(rig.host.holds("[ -e /srv/after ]"));
  rig.host.shell("umount /proc/sys/kernel/random/boot_id");
}

TEST_F(PlaybookStepTest, ARemovalTakesOursAndLeavesTheRest) {
  Rig rig(conf_and_service);
  rig.host.shell("echo theirs > /etc/theirs.conf");
  rig.repair();
  rig.use(
      "- name: web\n  service: {name: web, state: stopped}\n- name: conf\n  file: {path: /etc/web.conf, state: "
      "absent}\n",
      {.removal = true});
  const Diff plan = rig.plan();
  EXPECT_EQ(plan.action, Action::remove);
  EXPECT_EQ(plan.reason, Reason::not_in_spec);
  EXPECT_EQ(Rig::fields(plan), "web: web.service state, conf: /etc/web.conf, stamp");
  const Result<Outputs> done = rig.apply(plan);
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_FALSE(rig.host.holds("[ -e /var/lib/slipway ] || [ -e /etc/web.conf ]"));
  EXPECT_EQ(rig.host.shell("cat /etc/theirs.conf"), "theirs");
  EXPECT_EQ(rig.plan().action, Action::none);
}

TEST_F(PlaybookStepTest, AHostThatWasNeverOursHasNothingToRemove) {
  Rig rig("- name: conf\n  file: {path: /etc/web.conf, state: absent}\n", {.removal = true});
  rig.host.shell("echo theirs > /etc/web.conf");
  EXPECT_EQ(rig.plan().action, Action::none);
}

TEST(PlaybookForecast, NamesEveryTaskThatWillConcernTheHost) {
  const Result<Playbook> book = parse_playbook(
      "base.yaml", "- name: a\n  hostname: \"${x}\"\n- name: b\n  hostname: b\n  only: {role: control-plane}\n", {});
  ASSERT_TRUE(book);
  const PlaybookStep step(std::make_shared<Playbook>(*book), {.cluster = "lab", .role = "worker", .inputs = {"x"}});
  Inputs inputs;
  inputs.set_unknown("access");
  inputs.set_unknown("x");
  const Diff diff = step.forecast(inputs);
  EXPECT_EQ(diff.action, Action::create);
  ASSERT_EQ(diff.fields.size(), 1u);
  EXPECT_EQ(diff.fields[0].field, "a");
  EXPECT_TRUE(diff.fields[0].unknown);
}

}  // namespace
}  // namespace slipway::playbook
