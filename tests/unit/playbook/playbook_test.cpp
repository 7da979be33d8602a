#include "playbook/playbook.h"

#include <gtest/gtest.h>

#include "playbook/compiler.h"

namespace slipway::playbook {
namespace {

Result<std::string> no_files(const std::string&) { return fail(ErrorKind::not_found, "no such file"); }

Result<Playbook> parsed(const std::string& text) { return parse_playbook("lab/base.yaml", text, no_files); }

TEST(Playbook, TakesTasksAndHandlersApart) {
  const Result<Playbook> book = parsed(R"(
- name: message
  file: {path: /etc/motd, content: hello}
  only: {role: [worker], labels: {example.org/tier: app}, facts: {os: [debian, ubuntu]}}
  notify: restart sshd
- handler: restart sshd
  service: {name: ssh, state: restarted}
)");
  ASSERT_TRUE(book) << describe(book.error());
  EXPECT_EQ(book->name, "base");
  ASSERT_EQ(book->tasks.size(), 1u);
  EXPECT_EQ(book->tasks[0].module, "file");
  EXPECT_EQ(book->tasks[0].only.roles, std::vector<std::string>{"worker"});
  EXPECT_EQ(book->tasks[0].only.labels.at("example.org/tier"), std::vector<std::string>{"app"});
  EXPECT_EQ(book->tasks[0].only.facts.at("os"), (std::vector<std::string>{"debian", "ubuntu"}));
  EXPECT_EQ(book->tasks[0].notify, std::vector<std::string>{"restart sshd"});
  ASSERT_EQ(book->handlers.size(), 1u);
}

struct BadCase {
  const char* name;
  const char* text;
  const char* where;
  const char* says;  ///< A part of the described error.
};

class BadPlaybook : public testing::TestWithParam<BadCase> {};

TEST_P(BadPlaybook, IsRefusedAtItsPlace) {
  const Result<Playbook> book = parsed(GetParam().text);
  ASSERT_FALSE(book);
  const std::string text = describe(book.error());
  EXPECT_EQ(book.error().kind, ErrorKind::bad_input);
  EXPECT_NE(text.find(GetParam().where), std::string::npos) << text;
  EXPECT_NE(text.find(GetParam().says), std::string::npos) << text;
}

INSTANTIATE_TEST_SUITE_P(
    Playbook, BadPlaybook,
    testing::Values(
        BadCase{"NoList", "name: x\n", "lab/base.yaml:1:1", "a playbook is a list of tasks"},
        BadCase{"UnknownModule", "- name: x\n  fiel: {path: /a}\n", "lab/base.yaml:2:3", "did you mean 'file'?"},
        BadCase{"UnknownArgument", "- name: x\n  file: {paht: /a, content: b}\n", "lab/base.yaml:2:10",
                "did you mean 'path'?"},
        BadCase{"MissingArgument", "- name: x\n  file: {content: b}\n", "lab/base.yaml:2:9", "needs 'path'"},
        BadCase{"RelativePath", "- name: x\n  file: {path: etc/motd, content: b}\n", "lab/base.yaml:2:16",
                "an absolute path"},
        BadCase{"WrongMode", "- name: x\n  file: {path: /etc/motd, content: b, mode: 0999}\n", "lab/base.yaml:2:45",
                "octal"},
        BadCase{"WrongChoice", "- name: x\n  service: {name: ssh, state: startd}\n", "lab/base.yaml:2:31",
                "did you mean 'started'?"},
        BadCase{"TwoModules", "- name: x\n  hostname: a\n  swap: off\n", "lab/base.yaml:3:3", "one module"},
        BadCase{"NoModule", "- name: x\n  notify: []\n", "lab/base.yaml:1:3", "names no module"},
        BadCase{"NoName", "- hostname: a\n", "lab/base.yaml:1:3", "needs a name"},
        BadCase{"SameName", "- name: x\n  hostname: a\n- name: X\n  hostname: b\n", "lab/base.yaml:3:3",
                "the same name"},
        BadCase{"UnknownHandler", "- name: x\n  hostname: a\n  notify: restart\n", "lab/base.yaml:3:11",
                "no such handler"},
        BadCase{"RestartAsTask", "- name: x\n  service: {name: ssh, state: restarted}\n", "lab/base.yaml:2:31",
                "only a handler"},
        BadCase{"FileAsHandler", "- handler: x\n  file: {path: /a, content: b}\n", "lab/base.yaml:2:3",
                "is no handler"},
        BadCase{"UnknownFact", "- name: x\n  hostname: a\n  only: {facts: {os_verion: debian}}\n", "lab/base.yaml:3:18",
                "did you mean 'os_version'?"},
        BadCase{"UnknownRole", "- name: x\n  hostname: a\n  only: {role: master}\n", "lab/base.yaml:3:16",
                "control-plane or worker"},
        BadCase{"UnknownSelector", "- name: x\n  hostname: a\n  only: {rol: worker}\n", "lab/base.yaml:3:10",
                "did you mean 'role'?"},
        BadCase{"MissingSource", "- name: x\n  template: {path: /a, source: b}\n", "lab/base.yaml:2:32",
                "cannot read files/b"},
        BadCase{"SourceOutside", "- name: x\n  template: {path: /a, source: ../b}\n", "lab/base.yaml:2:32",
                "below files/"},
        BadCase{"BareTextForFile", "- name: x\n  file: /etc/motd\n", "lab/base.yaml:2:9", "takes a map"}),
    [](const auto& info) { return info.param.name; });

TEST(Playbook, AllFaultsAreToldAtOnce) {
  const Result<Playbook> book = parsed("- name: x\n  fiel: {}\n- name: y\n  file: {path: a, content: b}\n");
  ASSERT_FALSE(book);
  const std::string text = describe(book.error());
  EXPECT_NE(text.find("base.yaml:2:3"), std::string::npos) << text;
  EXPECT_NE(text.find("base.yaml:4:16"), std::string::npos) << text;
}

Error compile_error(const std::string& text, const Value& variables) {
  const Result<Playbook> book = parsed(text);
  if (!book) return book.error();
  const Result<Program> program =
      Compiler::compile(*book, {.cluster = "lab", .role = "worker", .variables = variables});
  return program ? Error{} : program.error();
}

TEST(Playbook, APlaceholderThatLeadsNowhereIsToldAtItsPlace) {
  const Error error = compile_error("- name: x\n  file: {path: /a, content: \"${nam}\"}\n", {{"name", "n"}});
  EXPECT_EQ(error.kind, ErrorKind::bad_input);
  EXPECT_EQ(error.where, "lab/base.yaml:2:29");
}

TEST(Playbook, AValueThatDoesNotFitIsToldAtItsPlaceholder) {
  const Error error =
      compile_error("- name: x\n  file: {content: b, path: \"${where}\"}\n", {{"where", "not/absolute"}});
  EXPECT_EQ(error.kind, ErrorKind::bad_input);
  EXPECT_EQ(error.where, "lab/base.yaml:2:28");
  EXPECT_EQ(error.found, "'not/absolute'");
}

TEST(Playbook, ASecretInACommandIsRefused) {
  const Result<Playbook> book = parsed("- name: x\n  command: {run: \"login ${secrets.token}\", creates: /a}\n");
  ASSERT_TRUE(book) << describe(book.error());
  const Result<Program> program = Compiler::compile(
      *book, {.cluster = "lab", .role = "worker", .secrets = {{"token", Secret("sesame-open-0815")}}});
  ASSERT_FALSE(program);
  EXPECT_NE(describe(program.error()).find("stdin"), std::string::npos);
}

TEST(Playbook, AMatchThatMissesItsOwnLineIsRefused) {
  const Error error = compile_error("- name: x\n  line: {path: /a, line: \"b = 1\", match: \"^c\"}\n", {});
  EXPECT_EQ(error.kind, ErrorKind::bad_input);
}

}  // namespace
}  // namespace slipway::playbook
