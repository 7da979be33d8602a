#include "playbook/compiler.h"

#include <cstdlib>
#include <gtest/gtest.h>

#include "base/file.h"

namespace slipway::playbook {
namespace {

Program sample() {
  const Result<Playbook> book =
      parse_playbook("sample.yaml", R"(
- name: configuration
  template: {source: sample.conf, path: /etc/sample.conf}
  notify: restart sample
- name: key
  file: {path: /etc/sample.key, content: "${secrets.key}", mode: 0600}
- name: only here
  sysctl: {net.ipv4.ip_forward: 1}
  only: {facts: {virtualization: [none, kvm]}}
- name: packages
  package: [conntrack, socat]
- name: runs
  service: {name: sample, enabled: true, state: started}
- handler: restart sample
  service: {name: sample, state: restarted}
)",
                     [](const std::string&) -> Result<std::string> { return std::string("port {{port}}\n"); });
  EXPECT_TRUE(book) << describe(book.error());
  const Result<Program> program = Compiler::compile(*book, {.cluster = "lab",
                                                            .role = "worker",
                                                            .variables = {{"port", 8080}},
                                                            .secrets = {{"key", Secret("open-sesame-42")}}});
  EXPECT_TRUE(program) << describe(program.error());
  return *program;
}

TEST(Compiler, TheCheckScriptOfTheSampleIsTheGoldenOne) {
  const std::string path = GOLDEN_FOLDER "/check.sh", text = Compiler::check_script(sample()).text();
  if (std::getenv("SLIPWAY_ACCEPT")) {
    ASSERT_TRUE(make_directories(GOLDEN_FOLDER));
    ASSERT_TRUE(write_file_atomically(path, text));
    GTEST_SKIP() << "accepted " << path;
  }
  const Result<std::string> golden = read_file(path);
  ASSERT_TRUE(golden) << describe(golden.error());
  EXPECT_EQ(text, *golden) << "if this is meant: SLIPWAY_ACCEPT=1";
}

TEST(Compiler, NoSecretStandsInAScript) {
  const Program program = sample();
  const ApplyScript apply = Compiler::apply_script(program, {.everything = true}, "ab12", Seconds(60));
  EXPECT_EQ(Compiler::check_script(program).text().find("open-sesame-42"), std::string::npos);
  EXPECT_EQ(apply.launch.find("open-sesame-42"), std::string::npos);
  EXPECT_NE(apply.input.find("open-sesame-42"), std::string::npos);
}

TEST(Compiler, AnApplySendsOnlyWhatItsTasksNeed) {
  const ApplyScript apply = Compiler::apply_script(sample(), {.fields = {{0, 1}}}, "ab12", Seconds(60));
  EXPECT_NE(apply.input.find("port 8080"), std::string::npos);
  EXPECT_EQ(apply.input.find("open-sesame-42"), std::string::npos);
  EXPECT_EQ(apply.input.find("apply_3"), std::string::npos);
}

TEST(Compiler, ApprovingAMissingFileApprovesItsOtherFields) {
  const Program program = sample();
  const Approval approval = Approval::of(
      program,
      {.action = Action::update, .fields = {{.field = "configuration: /etc/sample.conf", .new_value = "present"}}});
  EXPECT_FALSE(approval.everything);
  EXPECT_EQ(approval.fields.size(), 5u);
  EXPECT_TRUE(approval.fields.contains({0, 1}));
}

TEST(Compiler, ApprovingAFieldApprovesNoOther) {
  const Approval approval =
      Approval::of(sample(), {.action = Action::update, .fields = {{.field = "configuration: /etc/sample.conf mode"}}});
  EXPECT_EQ(approval.fields, (std::set<std::pair<size_t, int>>{{0, 2}}));
}

TEST(Compiler, TheDigestChangesWithTheContent) {
  Result<Playbook> book = parse_playbook("sample.yaml", "- name: a\n  file: {path: /a, content: \"${x}\"}\n", {});
  ASSERT_TRUE(book);
  const auto digest = [&](int x) {
    return Compiler::compile(*book, {.cluster = "lab", .variables = {{"x", x}}})->digest;
  };
  EXPECT_EQ(digest(1), digest(1));
  EXPECT_NE(digest(1), digest(2));
}

TEST(Compiler, TasksForOtherRolesAndLabelsAreLeftOut) {
  Result<Playbook> book = parse_playbook("sample.yaml",
                                         "- name: a\n  hostname: a\n  only: {role: control-plane}\n"
                                         "- name: b\n  hostname: b\n  only: {labels: {tier: [app, web]}}\n"
                                         "- name: c\n  hostname: c\n",
                                         {});
  ASSERT_TRUE(book);
  const auto names = [&](const std::string& role, const std::string& tier) {
    return Compiler::task_names(*book, {.role = role, .labels = {{"tier", tier}}});
  };
  EXPECT_EQ(names("worker", "db"), (std::vector<std::string>{"c"}));
  EXPECT_EQ(names("worker", "web"), (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(names("control-plane", "db"), (std::vector<std::string>{"a", "c"}));
}

}  // namespace
}  // namespace slipway::playbook
