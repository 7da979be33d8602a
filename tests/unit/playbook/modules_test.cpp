// Every module against a real shell and real files: it finds what differs, changes nothing while it looks, mends it,
// and then finds nothing, however often it is asked.
#include "playbook/module.h"

#include "rig.h"

namespace slipway::playbook {
namespace {

using testing::Rig;

struct Case {
  const char* name;
  const char* book;
  const char* before;  ///< Shell that makes the host as it is found.
  const char* drift;   ///< The fields that a plan shows.
  const char* proof;   ///< Shell that succeeds once it is mended.
};

class Modules : public ::testing::TestWithParam<Case> {};

TEST_P(Modules, FindMendAndFindNoMore) {
  SLIPWAY_NEEDS_A_HOST();
  const Case& given = GetParam();
  Rig rig(given.book);
  rig.host.shell(given.before);

  rig.host.make_read_only(true);
  const Diff plan = rig.plan();
  EXPECT_EQ(Rig::fields(plan), given.drift);
  EXPECT_EQ(Rig::fields(rig.plan()), given.drift);
  rig.host.make_read_only(false);

  const Result<Outputs> done = rig.apply(plan);
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_TRUE(rig.host.holds(given.proof)) << rig.host.shell(given.proof);
  EXPECT_EQ(Rig::fields(rig.plan()), "");

  const Result<Outputs> again = rig.apply({.action = Action::create});
  ASSERT_TRUE(again) << describe(again.error());
  EXPECT_EQ(rig.notes->changed(), 0u) << rig.notes->text();
  EXPECT_TRUE(rig.host.holds(given.proof));
}

const Case cases[] = {
    {"FileMissing", "- name: a\n  file: {path: /etc/deep/er/a.conf, content: \"x'y\\n\", mode: 0640, group: daemon}\n",
     "", "a: /etc/deep/er/a.conf",
     "[ \"$(cat /etc/deep/er/a.conf)\" = \"x'y\" ] && [ $(stat -c %a:%G /etc/deep/er/a.conf) = 640:daemon ]"},
    {"FileEdited", "- name: a\n  file: {path: /etc/a.conf, content: \"one\\n\"}\n", "echo two > /etc/a.conf",
     "a: /etc/a.conf content", "[ $(cat /etc/a.conf) = one ]"},
    {"FileOfOtherAccessKeepsItsTimes", "- name: a\n  file: {path: /etc/a.conf, content: \"one\\n\", mode: 0600}\n",
     "echo one > /etc/a.conf; chown daemon:daemon /etc/a.conf; touch -d @1000 /etc/a.conf",
     "a: /etc/a.conf mode, a: /etc/a.conf owner, a: /etc/a.conf group",
     "[ \"$(stat -c '%a %U %G %Y' /etc/a.conf)\" = '600 root root 1000' ]"},
    {"FileInPlaceOfALink", "- name: a\n  file: {path: /etc/a.conf, content: \"one\\n\"}\n",
     "echo one > /etc/b; ln -s b /etc/a.conf", "a: /etc/a.conf",
     "[ -f /etc/a.conf ] && [ ! -h /etc/a.conf ] && [ -e /etc/b ]"},
    {"FileEmpty", "- name: a\n  file: {path: /etc/a.conf, content: \"\"}\n", "", "a: /etc/a.conf",
     "[ -f /etc/a.conf ] && [ ! -s /etc/a.conf ]"},
    {"FileWithOddBytes", "- name: a\n  file: {path: \"/etc/a b'$x.conf\", content: \"\\0\\u00e9 $(id) `id` \\\\n\"}\n",
     "", "a: /etc/a b'$x.conf", "[ $(stat -c %s \"/etc/a b'\\$x.conf\") = 17 ]"},
    {"FileAbsent", "- name: a\n  file: {path: /etc/a.conf, state: absent}\n", "echo > /etc/a.conf", "a: /etc/a.conf",
     "[ ! -e /etc/a.conf ]"},
    {"TwoTasksOneFolder",
     "- name: d\n  directory: {path: /srv/d, mode: 0700}\n- name: f\n  file: {path: /srv/d/f, content: x}\n", "",
     "d: /srv/d, f: /srv/d/f", "[ $(stat -c %a /srv/d) = 700 ] && [ $(cat /srv/d/f) = x ]"},
    {"DirectoryOfOtherMode", "- name: d\n  directory: {path: /srv/d, mode: 01777}\n", "mkdir -p /srv/d",
     "d: /srv/d mode", "[ $(stat -c %a /srv/d) = 1777 ]"},
    {"DirectoryAbsent", "- name: d\n  directory: {path: /srv/d, state: absent}\n",
     "mkdir -p /srv/d/e; touch /srv/d/e/f", "d: /srv/d", "[ ! -e /srv/d ]"},
    {"Certificate",
     "- name: pki\n  certificate: {path: /etc/pki/a.crt, certificate: CERT, key_path: /etc/pki/a.key, key: KEY}\n", "",
     "pki: /etc/pki/a.crt, pki: /etc/pki/a.key",
     "[ $(stat -c %a /etc/pki/a.key) = 600 ] && [ $(cat /etc/pki/a.crt) = CERT ]"},
    {"LineAdded", "- name: l\n  line: {path: /etc/a.conf, line: \"b = $1 \\\\ 'x'\"}\n",
     "printf 'a = 1\\n' > /etc/a.conf", "l: /etc/a.conf",
     "[ \"$(tail -n 1 /etc/a.conf)\" = \"b = \\$1 \\\\ 'x'\" ] && [ $(wc -l < /etc/a.conf) = 2 ]"},
    {"LineReplacedAndItsTwinsGone", "- name: l\n  line: {path: /etc/a.conf, line: b = 2, match: \"^b *=\"}\n",
     "printf 'b = 1\\nc = 3\\nb=9\\n' > /etc/a.conf; chmod 600 /etc/a.conf", "l: /etc/a.conf",
     "[ \"$(cat /etc/a.conf)\" = \"$(printf 'b = 2\\nc = 3')\" ] && [ $(stat -c %a /etc/a.conf) = 600 ]"},
    {"LineOfNoFile", "- name: l\n  line: {path: /etc/new/a.conf, line: b = 2}\n", "", "l: /etc/new/a.conf",
     "[ \"$(cat /etc/new/a.conf)\" = 'b = 2' ]"},
    {"LineAbsent", "- name: l\n  line: {path: /etc/a.conf, match: \"^b\", state: absent}\n",
     "printf 'a\\nb1\\nb2\\n' > /etc/a.conf", "l: /etc/a.conf", "[ $(cat /etc/a.conf) = a ]"},
    {"HostsEntry", "- name: h\n  hosts_entry: {address: 10.1.2.3, names: [api.lab, api]}\n",
     "printf '127.0.0.1 localhost\\n# api.lab\\n::1 api\\n10.9.9.9 old api # kept\\n10.8.8.8 api.lab\\n' > /etc/hosts",
     "h: /etc/hosts",
     "[ \"$(cat /etc/hosts)\" = \"$(printf '127.0.0.1 localhost\\n# api.lab\\n::1 api\\n10.9.9.9 old # kept\\n10.1.2.3 "
     "api.lab api  # slipway')\" ]"},
    {"HostsEntryAbsent", "- name: h\n  hosts_entry: {names: api.lab, state: absent}\n",
     "printf '127.0.0.1 localhost\\n10.9.9.9 api.lab\\n' > /etc/hosts", "h: /etc/hosts",
     "[ \"$(cat /etc/hosts)\" = '127.0.0.1 localhost' ]"},
    {"Packages", "- name: p\n  package: {names: [bash, slipway-one, slipway-two], hold: true}\n", "apt-mark hold bash",
     "p/slipway-one, p/slipway-two",
     "dpkg-query -W -f '${db:Status-Abbrev}' slipway-two | grep -q hi && grep -q 'dpkg.*--configure -a' /var/fake/log"},
    {"PackageNotHeld", "- name: p\n  package: {names: bash, hold: true}\n", "", "p/bash held",
     "dpkg-query -W -f '${db:Status-Abbrev}' bash | grep -q hi && ! grep -q 'apt-get.*install' /var/fake/log"},
    {"PackageOfAVersion", "- name: p\n  package: {names: slipway-one, version: 2.5-1}\n", "", "p/slipway-one",
     "[ $(dpkg-query -W -f '${Version}' slipway-one) = 2.5-1 ]"},
    {"PackageAbsent", "- name: p\n  package: {names: slipway-one, state: absent}\n", "apt-get install slipway-one",
     "p/slipway-one", "! dpkg-query -W slipway-one"},
    {"Repository",
     "- name: r\n  repository: {name: Our Own, url: \"https://apt.example.org\", suite: stable, components: [main], "
     "key: "
     "KEY}\n",
     "", "r: /etc/apt/keyrings/our-own.asc, r: /etc/apt/sources.list.d/our-own.sources",
     "grep -qx 'Signed-By: /etc/apt/keyrings/our-own.asc' /etc/apt/sources.list.d/our-own.sources && grep -q "
     "'apt-get.*update' /var/fake/log"},
    {"ServiceDown", "- name: s\n  service: {name: web, enabled: true, state: started}\n",
     "echo loaded > /var/fake/web.service.load; echo disabled > /var/fake/web.service.file",
     "s: web.service enabled, s: web.service state",
     "[ \"$(cat /var/fake/web.service.active /var/fake/web.service.file)\" = \"$(printf 'active\\nenabled')\" ]"},
    {"ServiceUpThatShallNotBe", "- name: s\n  service: {name: web.socket, enabled: false, state: stopped}\n",
     "echo enabled > /var/fake/web.socket.file; echo active > /var/fake/web.socket.active",
     "s: web.socket enabled, s: web.socket state", "[ $(cat /var/fake/web.socket.active) = inactive ]"},
    {"UnitFileIsReloaded",
     "- name: u\n  file: {path: /etc/systemd/system/web.service, content: x}\n- name: s\n  service: {name: web, state: "
     "started}\n",
     "", "u: /etc/systemd/system/web.service, s: web.service state, handler/daemon-reload",
     "[ \"$(grep -E 'reload|start ' /var/fake/log)\" = \"$(printf 'daemon-reload\\nstart web.service')\" ]"},
    {"Sysctl", "- name: k\n  sysctl: {net.ipv4.ip_forward: 1, net.ipv4.tcp_rmem: \"4096 131072  6291456\"}\n",
     "echo 0 > /proc/sys/net/ipv4/ip_forward; echo 4096 131072 6291456 > /proc/sys/net/ipv4/tcp_rmem",
     "k/net.ipv4.ip_forward, k: /etc/sysctl.d/60-slipway-sample-k.conf",
     "[ $(cat /proc/sys/net/ipv4/ip_forward) = 1 ] && grep -qx 'net.ipv4.ip_forward = 1' "
     "/etc/sysctl.d/60-slipway-sample-k.conf"},
    {"KernelModule", "- name: m\n  kernel_module: [overlay]\n", "", "m: /etc/modules-load.d/slipway-sample-m.conf",
     "grep -qx overlay /etc/modules-load.d/slipway-sample-m.conf"},
    {"Hostname", "- name: n\n  hostname: workers-1\n", "hostname before; echo before > /etc/hostname", "n, n/file",
     "[ $(hostname):$(cat /etc/hostname) = workers-1:workers-1 ]"},
    {"SwapInFstab", "- name: w\n  swap: off\n",
     "printf '/dev/vdz none swap sw 0 0\\n/dev/vda / ext4 rw 0 1\\n' > /etc/fstab", "w",
     "grep -q '^# /dev/vdz' /etc/fstab && grep -q '^/dev/vda' /etc/fstab"},
    {"Mount", "- name: v\n  mount: {path: /srv/data, device: tmpfs, type: tmpfs, options: size=1m}\n",
     "echo > /etc/fstab", "v: /srv/data",
     "mountpoint -q /srv/data && grep -q '^tmpfs /srv/data tmpfs size=1m 0 0' /etc/fstab"},
    {"MountAbsent", "- name: v\n  mount: {path: /srv/data, state: absent}\n",
     "mkdir -p /srv/data; mount -t tmpfs tmpfs /srv/data; echo 'tmpfs /srv/data tmpfs rw 0 0' >> /etc/fstab",
     "v: /srv/data", "! mountpoint -q /srv/data && ! grep -q /srv/data /etc/fstab"},
    {"GroupAndUser",
     "- name: g\n  group: {name: crew, gid: 4242}\n- name: u\n  user: {name: pilot, group: crew, groups: [daemon], "
     "shell: "
     "/bin/sh, home: /srv/pilot}\n",
     "", "g, u",
     "[ \"$(id -gn pilot):$(id -Gn pilot)\" = 'crew:crew daemon' ] && [ $(getent group crew | cut -d: -f3) = 4242 ]"},
    {"UserOfOtherShell", "- name: u\n  user: {name: pilot, shell: /bin/sh}\n", "useradd -s /bin/bash pilot", "u/shell",
     "getent passwd pilot | grep -q ':/bin/sh$'"},
    {"UserWhoseHomeIsNotSlipways",
     "- name: u\n  user: {name: pilot, home: /srv/pilot}\n- name: f\n  file: {path: /etc/systemd/system/web.service, "
     "content: \"[Service]\\n\"}\n",
     "useradd -M -d /srv/pilot pilot; mkdir /srv/pilot", "f: /etc/systemd/system/web.service, handler/daemon-reload",
     "[ -z \"$(ls -A /srv/pilot)\" ] && [ -n \"$(ls /var/lib/slipway/applied)\" ]"},
    {"UserAbsent", "- name: u\n  user: {name: pilot, state: absent}\n", "useradd pilot", "u", "! id pilot"},
    {"TimeSync", "- name: t\n  time_sync: {servers: [10.0.0.1]}\n",
     "echo loaded > /var/fake/systemd-timesyncd.service.load", "t, t: /etc/systemd/timesyncd.conf.d/slipway.conf",
     "[ $(cat /var/fake/systemd-timesyncd.service.active) = active ] && grep -qx NTP=10.0.0.1 "
     "/etc/systemd/timesyncd.conf.d/slipway.conf"},
    {"TimeSyncOfAnother", "- name: t\n  time_sync: {}\n- name: x\n  file: {path: /etc/x, content: x}\n",
     "echo active > /var/fake/chrony.service.active", "x: /etc/x", "! grep -q timesyncd /var/fake/log"},
    {"CommandCreates", "- name: c\n  command: {run: \"echo \\\"$(id -u)\\\" > /srv/made\", creates: /srv/made}\n", "",
     "c", "[ $(cat /srv/made) = 0 ]"},
    {"CommandUnless",
     "- name: c\n  command: {run: \"cat > /srv/made\", unless: \"grep -q yes /srv/made\", stdin: yes}\n", "", "c",
     "[ $(cat /srv/made) = yes ]"},
    {"CommandThatReads",
     "- name: c\n  command: {reads: \"sort /srv/names\", wanted: \"a b\", run: \"printf '%s\\\\n' b a > "
     "/srv/names\"}\n",
     "echo old > /srv/names", "c", "[ \"$(sort /srv/names)\" = \"$(printf 'a\\nb')\" ]"},
    {"CommandThatReadsNothingWanted",
     "- name: c\n  command: {reads: cat /srv/names, wanted: \"\", run: rm /srv/names}\n", "echo old > /srv/names", "c",
     "[ ! -e /srv/names ]"},
    {"CommandRemoves", "- name: c\n  command: {run: rm /srv/there, removes: /srv/there}\n", "touch /srv/there", "c",
     "[ ! -e /srv/there ]"},
    {"FactsThatFit", "- name: a\n  file: {path: /etc/a, content: x}\n  only: {facts: {os: [debian, ubuntu]}}\n", "",
     "a: /etc/a", "[ -e /etc/a ]"},
    {"FactsThatDoNotFit",
     "- name: a\n  file: {path: /etc/a, content: x}\n  only: {facts: {os: plan9}}\n- name: b\n  file: {path: /etc/b, "
     "content: x}\n",
     "", "b: /etc/b", "[ ! -e /etc/a ]"},
};

INSTANTIATE_TEST_SUITE_P(Playbook, Modules, ::testing::ValuesIn(cases),
                         [](const auto& info) { return info.param.name; });

TEST(Modules, EveryModuleIsInTheTableAboveOrTestedByItself) {
  std::string all;
  for (const Case& given : cases) all += given.book;
  for (const Module& module : modules()) {
    if (module.name == "artifact" || module.name == "download" || module.name == "unpack" ||
        module.name == "template" || module.name == "reboot")
      continue;  // In playbook_step_test.cpp, with what they need.
    EXPECT_NE(all.find("  " + module.name + ":"), std::string::npos) << module.name;
  }
}

}  // namespace
}  // namespace slipway::playbook
