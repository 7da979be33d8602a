#include "state/journal.h"

#include <charconv>
#include <optional>

#include "state/checksum.h"
#include "state/json_reader.h"
#include "state/json_writer.h"

namespace slipway {
namespace {

constexpr size_t checksum_width = 8;

struct Line {
  JournalRecord record;
  size_t next = 0;  ///< Where the next line begins.
};

std::string checksum_of(std::string_view data) {
  constexpr std::string_view digits = "0123456789abcdef";
  const uint32_t crc = crc32c(data);
  std::string out(checksum_width, '0');
  for (size_t i = 0; i < checksum_width; ++i) out[i] = digits[crc >> (28 - 4 * i) & 15];
  return out;
}

/// Takes a number and the space behind it off the front of `rest`.
std::optional<uint64_t> take_number(std::string_view& rest) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc() || end == rest.data() + rest.size() || *end != ' ') return std::nullopt;
  rest.remove_prefix(static_cast<size_t>(end - rest.data()) + 1);
  return number;
}

/// The whole, sound line at `at`, if there is one.
std::optional<Line> line_at(std::string_view bytes, size_t at) {
  const std::string_view checksum = bytes.substr(at, checksum_width);
  if (at + checksum_width >= bytes.size() || bytes[at + checksum_width] != ' ' ||
      checksum.find_first_not_of("0123456789abcdef") != std::string_view::npos)
    return std::nullopt;
  const size_t end = bytes.find('\n', at);
  if (end == std::string_view::npos || end < at + checksum_width) return std::nullopt;
  const std::string_view line = bytes.substr(at, end - at);
  std::string_view rest = line.substr(checksum_width + 1);
  const std::string_view summed = rest;
  const std::optional<uint64_t> length = take_number(rest);
  const std::optional<uint64_t> serial = length ? take_number(rest) : std::nullopt;
  const std::optional<uint64_t> after = serial ? take_number(rest) : std::nullopt;
  if (!after || rest.size() != *length || checksum_of(summed) != checksum) return std::nullopt;
  return Line{{*serial, *after, rest, static_cast<size_t>(rest.data() - bytes.data())}, end + 1};
}

Error corrupt_at(const std::string& path, size_t at, std::string found, std::string expected) {
  return fail(
      ErrorKind::corrupt, "the state's journal is damaged",
      {.found = std::move(found),
       .expected = std::move(expected),
       .advice = "restore " + path +
                 " from a copy; without one, move it away: STATE.json then counts as it was at its last fold, and "
                 "slipway state recover SPEC finds by its marks what was made since",
       .where = path + ":byte " + std::to_string(at)});
}

Result<JournalHeader> read_header(const JournalRecord& record, const std::string& path) {
  JournalHeader header;
  header.base = record.serial;
  JsonReader reader(record.json);
  reader.object([&](std::string_view key) {
    if (key == "format")
      header.format = reader.natural();
    else if (key == "cluster")
      header.cluster = reader.text();
    else if (key == "lineage")
      header.lineage = reader.text();
    else
      reader.value();  // A newer format may say more; it is refused by its number, not here.
  });
  reader.end();
  if (reader.fault())
    return corrupt_at(path, record.at + reader.fault()->at, reader.fault()->found, reader.fault()->expected);
  return header;
}

}  // namespace

void append_record(std::string& out, uint64_t serial, uint64_t after, std::string_view json) {
  std::string rest = std::to_string(json.size()) + ' ' + std::to_string(serial) + ' ' + std::to_string(after) + ' ';
  rest += json;
  out += checksum_of(rest);
  out += ' ';
  out += rest;
  out += '\n';
}

std::string journal_header(const JournalHeader& header) {
  std::string json;
  {
    ObjectWriter object(json);
    object.field("format", header.format);
    object.field("cluster", header.cluster);
    object.field("lineage", header.lineage);
  }
  std::string out;
  append_record(out, header.base, header.base, json);
  return out;
}

Result<JournalScan> scan_journal(std::string_view bytes, const std::string& path) {
  JournalScan scan;
  const std::optional<Line> first = line_at(bytes, 0);
  if (!first) return corrupt_at(path, 0, bytes.empty() ? "an empty file" : "no header", "the journal's header line");
  Result<JournalHeader> header = read_header(first->record, path);
  if (!header) return std::move(header).error();
  scan.header = *std::move(header);
  scan.whole = first->next;

  uint64_t last = scan.header.base;
  while (scan.whole < bytes.size()) {
    const std::optional<Line> line = line_at(bytes, scan.whole);
    if (!line) break;
    if (line->record.serial <= last || line->record.after > last)
      return corrupt_at(
          path, scan.whole,
          "record " + std::to_string(line->record.serial) + ", written after " + std::to_string(line->record.after),
          "the record that follows " + std::to_string(last));
    last = line->record.serial;
    scan.records.push_back(line->record);
    scan.whole = line->next;
  }
  scan.torn = bytes.size() - scan.whole;

  // What follows the unreadable bytes decides: a record written after they had been acknowledged makes them rot. It is
  // looked for at every byte, since the end of the line before it may be what is damaged.
  for (size_t at = scan.whole + 1; at < bytes.size(); ++at)
    if (const std::optional<Line> later = line_at(bytes, at); later && later->record.after > last)
      return corrupt_at(path, scan.whole,
                        "bytes that are no record, before the sound record " + std::to_string(later->record.serial),
                        "the record that follows " + std::to_string(last));
  return scan;
}

}  // namespace slipway
