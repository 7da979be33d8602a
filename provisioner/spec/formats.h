#pragma once
// The types that a key of the spec may have, and what each accepts.

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace slipway {

enum class Type {
  text,
  name,         ///< RFC 1123 label of at most 40 characters.
  dns_name,     ///< RFC 1123 subdomain.
  address,      ///< IPv4.
  range,        ///< IPv4 range.
  cidr,         ///< IPv4 network.
  version,      ///< Kubernetes version.
  size,         ///< Quantity of bytes, with unit.
  path,         ///< Of a file on this machine.
  user,         ///< Login name.
  jump,         ///< [user@]host[:port]
  url,          ///< http or https
  registry,     ///< host[:port] of an image registry
  fingerprint,  ///< SHA256:… of a host key
  label_key,    ///< Kubernetes label or taint key
  label_value,  ///< Kubernetes label or taint value
  flag_name,    ///< Command-line flag without its dashes
  choice,       ///< One of Key::choices.
  flag,         ///< true or false
  integer,
  number,  ///< Decimal, not below zero.
  list,    ///< Of the item that the row PATH[] describes.
  object,  ///< Of the keys that the rows PATH.* describe.
  map,     ///< Of names the user chooses, each as the row PATH.<name> describes.
  text_or_object,
  free,  ///< A map of anything.
};

/// What is wrong with a value, without its place.
struct Complaint {
  std::string message;  ///< Empty: the checker's own "bad value for KEY".
  std::string found, expected, advice;
};

/// One type of text.
struct Format {
  Type type;
  std::string_view word;      ///< In the reference: "IPv4 address".
  std::string_view expected;  ///< In messages: "an IPv4 address such as 10.99.0.10".
  std::string_view pattern;   ///< For the JSON Schema (ECMA 262); empty: any text. Never stricter than `check`.
  std::optional<Complaint> (*check)(std::string_view text);
};

/// nullptr for types that are not text.
const Format* format_of(Type type);

/// The minor versions of Kubernetes that specs may name.
std::string supported_versions();

}  // namespace slipway
