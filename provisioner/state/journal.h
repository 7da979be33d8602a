#pragma once
// STATE.journal: what changed since the snapshot, one line per change.
//
//   <crc32c> <length> <serial> <after> <json>\n
//
// The checksum (8 hex digits) covers the line after it; <length> is the bytes of the JSON. <after> is the serial that
// was safely on disk when this line was written. It tells a torn tail from rot: bytes that cannot be read may be cut
// only where no later line proves, by its <after>, that they had been acknowledged. The first line is the header; it is
// on disk before any record is.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway {

struct JournalHeader {
  uint64_t format = 0;
  std::string cluster, lineage;
  uint64_t base = 0;  ///< The serial of the snapshot it was begun with.
};

struct JournalRecord {
  uint64_t serial = 0, after = 0;
  std::string_view json;  ///< Into the bytes that were scanned.
  size_t at = 0;          ///< Where the JSON begins in the file.
};

struct JournalScan {
  JournalHeader header;
  std::vector<JournalRecord> records;
  size_t whole = 0;  ///< Bytes of the header and the whole records.
  size_t torn = 0;   ///< Bytes after them, of records that were never acknowledged.
};

std::string journal_header(const JournalHeader& header);
void append_record(std::string& out, uint64_t serial, uint64_t after, std::string_view json);

/// Errors: corrupt (path and byte). The format is not judged here.
Result<JournalScan> scan_journal(std::string_view bytes, const std::string& path);

}  // namespace slipway
