#include "spec/network.h"

#include <gtest/gtest.h>

#include "spec/quantity.h"

namespace slipway {
namespace {

TEST(Address, RoundTripsThroughText) {
  for (const char* text : {"0.0.0.0", "10.99.0.10", "255.255.255.255", "192.168.1.1"}) {
    const Result<Address> address = parse_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(to_string(*address), text);
  }
  EXPECT_EQ(parse_address("10.0.0.1")->bits, 0x0A000001U);
}

TEST(Address, RefusesWhatIsNotOneIPv4Address) {
  for (const char* text :
       {"", "10", "10.0.0", "10.0.0.1.2", "10.0.0.256", "10.0.0.-1", "10.0.0.01", " 10.0.0.1", "10.0.0.1 ",
        "10.0.0.1/24", "10.0.0.+1", "a.b.c.d", "10..0.1", "1e1.0.0.1", "10.0.0.1-10.0.0.2"}) {
    const Result<Address> address = parse_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().kind, ErrorKind::bad_input);
  }
}

TEST(Address, SaysThatIPv4ComesFirst) {
  const Result<Address> address = parse_address("fd00::1");
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().summary, "IPv6 is not supported yet");
}

TEST(Range, ReadsTwoAddressesANetworkOrOneAddress) {
  EXPECT_EQ(to_string(*parse_range("10.0.0.5-10.0.0.9")), "10.0.0.5-10.0.0.9");
  EXPECT_EQ(parse_range("10.0.0.5-10.0.0.9")->size(), 5U);
  EXPECT_EQ(to_string(*parse_range("10.0.0.0/30")), "10.0.0.0-10.0.0.3");
  EXPECT_EQ(to_string(*parse_range("10.0.0.7")), "10.0.0.7");
  EXPECT_EQ(parse_range("0.0.0.0/0")->size(), uint64_t{1} << 32);
}

TEST(Range, RefusesReversedAndBrokenOnes) {
  const Result<AddressRange> reversed = parse_range("10.0.0.9-10.0.0.5");
  ASSERT_FALSE(reversed);
  EXPECT_EQ(reversed.error().expected, "10.0.0.5-10.0.0.9");
  for (const char* text :
       {"", "-", "10.0.0.1-", "-10.0.0.1", "10.0.0.1-5", "10.0.0.1-10.0.0.2-10.0.0.3", "10.0.0.1/24"})
    EXPECT_FALSE(parse_range(text)) << text;
}

TEST(Range, KnowsItsMembersAndNeighbours) {
  const AddressRange range = *parse_range("10.0.0.5-10.0.0.9");
  EXPECT_TRUE(range.contains(*parse_address("10.0.0.5")));
  EXPECT_TRUE(range.contains(*parse_address("10.0.0.9")));
  EXPECT_FALSE(range.contains(*parse_address("10.0.0.10")));
  EXPECT_TRUE(range.overlaps(*parse_range("10.0.0.9-10.0.0.20")));
  EXPECT_FALSE(range.overlaps(*parse_range("10.0.0.10-10.0.0.20")));
}

TEST(Cidr, RoundTripsAndKnowsItsRange) {
  const Result<Cidr> cidr = parse_cidr("10.244.0.0/16");
  ASSERT_TRUE(cidr);
  EXPECT_EQ(to_string(*cidr), "10.244.0.0/16");
  EXPECT_EQ(to_string(cidr->range()), "10.244.0.0-10.244.255.255");
  EXPECT_EQ(to_string(parse_cidr("10.0.0.1/32")->range()), "10.0.0.1");
  EXPECT_EQ(to_string(parse_cidr("0.0.0.0/0")->range()), "0.0.0.0-255.255.255.255");
}

TEST(Cidr, NamesTheNetworkWhereHostBitsAreSet) {
  const Result<Cidr> cidr = parse_cidr("10.244.3.1/16");
  ASSERT_FALSE(cidr);
  EXPECT_EQ(cidr.error().expected, "10.244.0.0/16");
}

TEST(Cidr, RefusesBrokenOnes) {
  for (const char* text :
       {"10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "/8", "10.0.0.0/8/8", "fd00::/8"})
    EXPECT_FALSE(parse_cidr(text)) << text;
}

TEST(Bytes, ReadsEveryUnit) {
  EXPECT_EQ(*parse_bytes("2GiB"), uint64_t{2} << 30);
  EXPECT_EQ(*parse_bytes("2Gi"), uint64_t{2} << 30);
  EXPECT_EQ(*parse_bytes("500MiB"), uint64_t{500} << 20);
  EXPECT_EQ(*parse_bytes("20GB"), 20'000'000'000U);
  EXPECT_EQ(*parse_bytes("1.5GiB"), (uint64_t{3} << 30) / 2);
  EXPECT_EQ(*parse_bytes("0.125KiB"), 128U);
  EXPECT_EQ(*parse_bytes("7B"), 7U);
  EXPECT_EQ(*parse_bytes("3TiB"), uint64_t{3} << 40);
}

TEST(Bytes, RefusesAmbiguousAndBrokenOnes) {
  for (const char* text : {"", "2", "GiB", "2G", "2g", "2gib", "2 GiB", "-2GiB", "1.GiB", "1.2345GiB", "1.2.3GiB",
                           "2GiBs", ".5GiB", "999999999999TiB", "1e3MiB"})
    EXPECT_FALSE(parse_bytes(text)) << text;
  EXPECT_EQ(parse_bytes("20G").error().advice, "write 20GiB (1024) or 20GB (1000)");
  EXPECT_EQ(parse_bytes("20").error().advice, "add the unit: 20GiB or 20MiB");
}

TEST(Bytes, TextReadsBackExactly) {
  for (const uint64_t bytes :
       {uint64_t{0}, uint64_t{1}, uint64_t{1536} << 20, uint64_t{2} << 30, uint64_t{1'500'000'000}, uint64_t{12345}})
    EXPECT_EQ(*parse_bytes(bytes_text(bytes)), bytes);
  EXPECT_EQ(bytes_text(uint64_t{2} << 30), "2GiB");
  EXPECT_EQ(bytes_text(1'500'000'000), "1500MB");
}

}  // namespace
}  // namespace slipway
