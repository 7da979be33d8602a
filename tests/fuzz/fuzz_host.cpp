#include "base/digest.h"
#include "playbook/check_report.h"
#include "playbook/compiler.h"
#include "playbook/event_stream.h"
#include "ssh/keys.h"
#include "ssh/known_hosts.h"

#include "targets.h"

namespace slipway::fuzz {
namespace {

const playbook::Program& sample_program() {
  static const playbook::Program program = [] {
    const Result<playbook::Playbook> book =
        playbook::parse_playbook("sample.yaml",
                                 "- name: a file\n  file: {path: /etc/sample, content: \"text\"}\n  notify: again\n"
                                 "- name: forwarding\n  sysctl: {name: net.ipv4.ip_forward, value: \"1\"}\n"
                                 "- handler: again\n  service: {name: sample, state: restarted}\n",
                                 [](const std::string&) -> Result<std::string> { return std::string(); });
    require(book.ok(), "the sample is a playbook");
    const Result<playbook::Program> made =
        playbook::Compiler::compile(*book, {.cluster = "demo", .role = "worker", .labels = {}, .secrets = {}});
    require(made.ok(), "the sample compiles");
    return *made;
  }();
  return program;
}

void events(std::string_view text) {
  playbook::EventStream stream(sample_program(), [](std::string_view) {});
  size_t lines = 0;
  for (size_t at = 0; at <= text.size(); ++lines) {
    const size_t end = std::min(text.find('\n', at), text.size());
    stream.take(text.substr(at, end - at));
    at = end + 1;
  }
  (void)stream.ending();
  // What came from a host must be something that an event file and a JSON document can hold.
  (void)stream.facts().dump();
}

void report(std::string_view text) {
  const Result<playbook::CheckReport> read = playbook::read_check_report(
      sample_program(), {.exit_status = 0, .output = std::string(text), .error_output = {}});
  if (!read) return;
  (void)read->facts.dump();
  (void)Value(read->note).dump();
  for (const FieldChange& change : read->drift) (void)Value({change.old_value, change.new_value}).dump();
}

}  // namespace

/// A host may say anything.
void fuzz_host(std::string_view bytes) {
  const Choice choice = choose(bytes, 4);
  if (choice.number == 0) events(choice.rest);
  if (choice.number == 1) report(choice.rest);
  if (choice.number == 2) {
    (void)fingerprint(choice.rest);
    (void)parse_public_key(choice.rest);
    const Result<std::string> decoded = base64_decode(choice.rest);
    if (decoded) require(*base64_decode(base64_encode(*decoded)) == *decoded, "base64 goes there and back");
  }
  if (choice.number == 3) (void)ssh::known_keys(std::string(choice.rest), "10.0.0.1", 22);
}

}  // namespace slipway::fuzz
