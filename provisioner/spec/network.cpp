#include "spec/network.h"

#include <charconv>
#include <optional>

namespace slipway {
namespace {

/// A decimal number of at most `most`, without sign, leading zeros or blanks.
std::optional<uint32_t> number(std::string_view text, uint32_t most) {
  uint32_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || problem != std::errc() || end != text.data() + text.size() || value > most) return std::nullopt;
  // inet_aton reads 010 as eight; refusing leading zeros leaves no room for two readings.
  if (text.size() > 1 && text[0] == '0') return std::nullopt;
  return value;
}

uint32_t mask(int prefix) { return prefix == 0 ? 0 : ~uint32_t{0} << (32 - prefix); }

/// `what` with its example, such as "an IPv4 address such as 10.99.0.10".
Error unreadable(std::string_view text, const std::string& what) {
  if (text.find(':') != std::string_view::npos)
    return fail(ErrorKind::bad_input, "IPv6 is not supported yet",
                {.found = std::string(text), .expected = what, .advice = "IPv4 comes first: give an IPv4 address"});
  return fail(ErrorKind::bad_input, "not " + what.substr(0, what.find(" such as")),
              {.found = std::string(text), .expected = what});
}

}  // namespace

std::string to_string(Address address) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    if (!text.empty()) text += '.';
    text += std::to_string((address.bits >> shift) & 255);
  }
  return text;
}

Result<Address> parse_address(std::string_view text) {
  uint32_t bits = 0;
  std::string_view rest = text;
  for (int part = 0; part < 4; ++part) {
    const size_t dot = part < 3 ? rest.find('.') : rest.size();
    const std::optional<uint32_t> octet =
        dot == std::string_view::npos ? std::nullopt : number(rest.substr(0, dot), 255);
    if (!octet) return unreadable(text, "an IPv4 address such as 10.99.0.10");
    bits = bits << 8 | *octet;
    rest.remove_prefix(part < 3 ? dot + 1 : dot);
  }
  return Address{bits};
}

std::string to_string(const AddressRange& range) {
  if (range.first == range.last) return to_string(range.first);
  return to_string(range.first) + "-" + to_string(range.last);
}

Result<AddressRange> parse_range(std::string_view text) {
  const std::string expected = "a range of IPv4 addresses such as 10.99.0.200-10.99.0.219";
  if (text.find('/') != std::string_view::npos) {
    Result<Cidr> cidr = parse_cidr(text);
    if (!cidr) return std::move(cidr).error();
    return cidr->range();
  }
  const size_t dash = text.find('-');
  const Result<Address> first = parse_address(text.substr(0, dash));
  const Result<Address> last = dash == std::string_view::npos ? first : parse_address(text.substr(dash + 1));
  if (!first || !last) return unreadable(text, expected);
  if (*last < *first)
    return fail(ErrorKind::bad_input, "the range ends before it begins",
                {.found = std::string(text), .expected = to_string(AddressRange{*last, *first})});
  return AddressRange{*first, *last};
}

AddressRange Cidr::range() const { return {base, Address{base.bits | ~mask(prefix)}}; }

std::string to_string(const Cidr& cidr) { return to_string(cidr.base) + "/" + std::to_string(cidr.prefix); }

Result<Cidr> parse_cidr(std::string_view text) {
  const std::string expected = "an IPv4 network such as 10.244.0.0/16";
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return unreadable(text, expected);
  const Result<Address> base = parse_address(text.substr(0, slash));
  const std::optional<uint32_t> prefix = number(text.substr(slash + 1), 32);
  if (!base || !prefix) return unreadable(text, expected);
  Cidr cidr{*base, static_cast<int>(*prefix)};
  const Address network{base->bits & mask(cidr.prefix)};
  if (network != cidr.base) {
    cidr.base = network;
    return fail(ErrorKind::bad_input, "the network has host bits set",
                {.found = std::string(text), .expected = to_string(cidr), .advice = "write " + to_string(cidr)});
  }
  return cidr;
}

}  // namespace slipway
