#include "state/journal.h"

#include <gtest/gtest.h>

#include "state/checksum.h"
#include "state/migration.h"
#include "state/snapshot.h"
#include "state/state.h"

namespace slipway {
namespace {

const JournalHeader header{1, "demo", "4f2a", 10};

/// Three records, each synced by itself.
std::string sample() {
  std::string bytes = journal_header(header);
  append_record(bytes, 11, 10, R"({"removed": "a"})");
  append_record(bytes, 12, 11, R"({"removed": "b"})");
  append_record(bytes, 13, 12, R"({"removed": "c"})");
  return bytes;
}

size_t start_of_line(const std::string& bytes, int line) {
  size_t at = 0;
  for (; line > 0; --line) at = bytes.find('\n', at) + 1;
  return at;
}

TEST(Checksum, KnowsThePublishedExample) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(""), 0u);
}

TEST(Journal, IsReadBackAsWritten) {
  const std::string bytes = sample();
  const Result<JournalScan> scan = scan_journal(bytes, "J");
  ASSERT_TRUE(scan.ok()) << describe(scan.error());
  EXPECT_EQ(scan->header.cluster, "demo");
  EXPECT_EQ(scan->header.lineage, "4f2a");
  EXPECT_EQ(scan->header.base, 10u);
  ASSERT_EQ(scan->records.size(), 3u);
  EXPECT_EQ(scan->records[1].serial, 12u);
  EXPECT_EQ(scan->records[1].json, R"({"removed": "b"})");
  EXPECT_EQ(bytes.substr(scan->records[1].at, 16), R"({"removed": "b"})");
  EXPECT_EQ(scan->whole, bytes.size());
  EXPECT_EQ(scan->torn, 0u);
}

TEST(Journal, ATailTornAtAnyByteIsCutAtTheLastWholeRecord) {
  const std::string bytes = sample();
  const size_t first = start_of_line(bytes, 1);
  for (size_t size = first; size < bytes.size(); ++size) {
    const std::string torn = bytes.substr(0, size);
    const Result<JournalScan> scan = scan_journal(torn, "J");
    ASSERT_TRUE(scan.ok()) << size;
    EXPECT_EQ(scan->whole + scan->torn, size);
    EXPECT_EQ(scan->whole, torn.rfind('\n') + 1);
  }
}

TEST(Journal, AnyChangedByteBeforeTheLastRecordIsCorruptAtItsPlace) {
  const std::string bytes = sample();
  const size_t last = start_of_line(bytes, 3);
  for (size_t at = 0; at < last; ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    const Result<JournalScan> scan = scan_journal(damaged, "J");
    ASSERT_FALSE(scan.ok()) << at;
    EXPECT_EQ(scan.error().kind, ErrorKind::corrupt);
    size_t line = 0;
    for (int n = 0; n < 4; ++n)
      if (start_of_line(bytes, n) <= at) line = start_of_line(bytes, n);
    EXPECT_EQ(scan.error().where, "J:byte " + std::to_string(line)) << at;
    EXPECT_NE(scan.error().advice.find("slipway state recover"), std::string::npos);
  }
}

TEST(Journal, AHoleInABatchThatWasNeverAcknowledgedIsATornTail) {
  std::string bytes = journal_header(header);
  append_record(bytes, 11, 10, R"({"removed": "a"})");
  const size_t whole = bytes.size();
  append_record(bytes, 12, 11, R"({"removed": "b"})");
  const size_t hole_end = bytes.size();
  append_record(bytes, 13, 11, R"({"removed": "c"})");
  for (size_t at = whole; at < hole_end; ++at) bytes[at] = '\0';
  const Result<JournalScan> zeros = scan_journal(bytes, "J");
  ASSERT_TRUE(zeros.ok()) << describe(zeros.error());
  EXPECT_EQ(zeros->whole, whole);
  EXPECT_EQ(zeros->torn, bytes.size() - whole);
}

TEST(Journal, ARecordTakenOutByHandIsMissed) {
  std::string bytes = sample();
  const size_t second = start_of_line(bytes, 2);
  bytes.erase(second, start_of_line(bytes, 3) - second);
  const Result<JournalScan> scan = scan_journal(bytes, "J");
  ASSERT_FALSE(scan.ok());
  EXPECT_EQ(scan.error().where, "J:byte " + std::to_string(second));
}

TEST(Journal, WithoutAHeaderIsCorruptEvenWhenEmpty) {
  EXPECT_EQ(scan_journal("", "J").error().kind, ErrorKind::corrupt);
  EXPECT_EQ(scan_journal("hello\n", "J").error().kind, ErrorKind::corrupt);
}

}  // namespace
}  // namespace slipway
