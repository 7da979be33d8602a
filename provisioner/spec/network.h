#pragma once
// IPv4 addresses, ranges and networks (RFC 4632). IPv6 comes later; the spec's checks say so.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway {

struct Address {
  uint32_t bits = 0;  ///< Host byte order; 0: none.
  auto operator<=>(const Address&) const = default;
};
std::string to_string(Address address);
/// Errors: bad_input.
Result<Address> parse_address(std::string_view text);

struct AddressRange {
  Address first, last;
  bool contains(Address address) const { return first <= address && address <= last; }
  bool overlaps(const AddressRange& other) const { return first <= other.last && other.first <= last; }
  uint64_t size() const { return uint64_t(last.bits) - first.bits + 1; }
  bool operator==(const AddressRange&) const = default;
};
std::string to_string(const AddressRange& range);
/// "10.0.0.200-10.0.0.219", a CIDR, or one address. Errors: bad_input.
Result<AddressRange> parse_range(std::string_view text);

struct Cidr {
  Address base;
  int prefix = 32;
  AddressRange range() const;
  bool operator==(const Cidr&) const = default;
};
std::string to_string(const Cidr& cidr);
/// Errors: bad_input, also where host bits are set.
Result<Cidr> parse_cidr(std::string_view text);

}  // namespace slipway
