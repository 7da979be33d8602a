#include "state/change.h"
#include "state/export.h"
#include "state/journal.h"
#include "state/snapshot.h"

#include "targets.h"

namespace slipway::fuzz {
namespace {

void snapshot(const std::string& text) {
  const Result<Snapshot> read = read_snapshot(text, "STATE.json");
  if (!read) return;
  const std::string written = snapshot_text(read->state);
  const Result<Snapshot> again = read_snapshot(written, "STATE.json");
  require(again.ok(), "what is written is read");
  require(snapshot_text(again->state) == written, "and written the same again");
}

void change(std::string_view text) {
  std::optional<JsonReader::Fault> fault;
  Change read = read_change(text, fault);
  if (fault) {
    require(fault->at <= text.size(), "a fault lies within the text");
    return;
  }
  const std::string written = change_text(read);
  const Change again = read_change(written, fault);
  require(!fault, "a record that is written is read");
  require(change_text(again) == written, "and written the same again");
  State state;
  apply(std::move(read), state);
}

void journal(std::string_view bytes) {
  const Result<JournalScan> scan = scan_journal(bytes, "STATE.journal");
  if (!scan) return;
  require(scan->whole + scan->torn == bytes.size(), "every byte is whole or torn");
  uint64_t serial = 0;
  for (const JournalRecord& record : scan->records) {
    require(record.serial > serial, "serials grow");
    require(record.at + record.json.size() <= bytes.size(), "records lie within the file");
    serial = record.serial;
    change(record.json);
  }
}

}  // namespace

/// A damaged file is refused with a place, never half read; what is read is written the same.
void fuzz_state(std::string_view bytes) {
  const Choice choice = choose(bytes, 4);
  if (choice.number == 0) snapshot(std::string(choice.rest));
  if (choice.number == 1) journal(choice.rest);
  if (choice.number == 2) change(choice.rest);
  if (choice.number == 3) (void)read_export_label(choice.rest, "x.slipway-export");
}

}  // namespace slipway::fuzz
