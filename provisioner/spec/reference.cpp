#include "base/text.h"
#include "spec/schema.h"
#include "spec/spec.h"

namespace slipway {
namespace {

constexpr std::string_view introduction = R"(# The spec

One YAML file describes a cluster. This page and [spec.schema.json](spec.schema.json), which editors use, are made from
the table that Slipway checks a file against; `slipway validate SPEC` checks one. All faults come at once, each with
file:line:column, what was found, what was expected, and where possible the nearest right name.

```yaml
# yaml-language-server: $schema=../docs/spec.schema.json
name: demo
provider: local
network: {endpoint: 10.99.0.10, load_balancers: 10.99.0.200-10.99.0.219}
pools:
  control: {role: control-plane, count: 1, size: {cpus: 2, memory: 2GiB, disk: 20GiB}}
  workers: {role: worker, count: 2}
```

## How values are written

- **Text** needs quotes where YAML would read something else: `"30"`, `"true"`. Only `true` and `false` are booleans;
  `yes`, `no`, `on`, `off`, `0644` and `1e3` are text.
- **Sizes** carry their unit: `KiB`, `MiB`, `GiB`, `TiB` count by 1024 (also written `Ki`, `Mi`, `Gi`, `Ti`), `KB`, `MB`,
  `GB`, `TB` by 1000, `B` is bytes. Up to three decimals are fine: `1.5GiB`. A bare number or a one-letter unit is refused.
- **Names** of the cluster, pools and hosts: lower-case letters, digits and `-`, at most 40 characters, beginning and
  ending with a letter or digit.
- **Addresses** are IPv4; a network has no host bits set (`10.244.0.0/16`); a range is `FIRST-LAST`, a network or one address.
- **Paths**: `~/` is your home, other relative paths start at the spec's folder.
- Anchors (`&a`) and aliases (`*a`) work. Merge keys (`<<`), a second document and duplicate keys are faults.
- Secrets never stand in a spec.
)";

constexpr std::string_view closing = R"(
## What is checked beyond single keys

- Only the chosen provider's block is there, with its required keys; opennebula has either `template` or `image`.
- `count` for providers that make machines, `hosts` for `existing`; never both. At most 5000 machines a pool.
- 1, 3, 5 or 7 control planes in all: an even number survives no more failures than one less.
- A control plane has at least 2 CPUs and 1500MB of memory, any machine 1GiB (existing hosts are measured instead).
- Host names and addresses are unique in the whole cluster.
- `network.pods`, `network.services`, the subnet and the hosts' addresses have nothing in common. The endpoint and the load
  balancers lie in the subnet, not on its first two or its last address, and not on each other or on a host.
- `network.pods` has a /24 for each machine; `local.subnet` has an address for each machine.
- `ssh.user` other than root needs `ssh.sudo: true`.
- The add-on metallb needs `network.load_balancers`.
- Labels follow Kubernetes' rules and keep out of its domains; no taint stands twice; `moved.from` names no pool of today.
)";

std::string cell(std::string_view text) { return replace_all(text, "|", "\\|"); }

std::string type_of(const SchemaNode& node) {
  const Key& key = *node.key;
  const Format* format = format_of(key.type);
  std::string text;
  switch (key.type) {
    case Type::choice:
      for (const std::string_view choice : key.choices)
        text += (text.empty() ? "`" : ", `") + std::string(choice) + "`";
      return text;
    case Type::flag:
      return "`true`, `false`";
    case Type::integer:
      text = "whole number";
      if (key.least && key.most) text += ", " + std::to_string(*key.least) + " to " + std::to_string(*key.most);
      return text;
    case Type::number:
      return "number";
    case Type::list:
      return "list";
    case Type::object:
      return "block";
    case Type::free:
      return "block, further keys allowed";
    case Type::map:
      if (key.choices.empty()) return "map by " + std::string(format_of(key.key_type)->word);
      for (const std::string_view choice : key.choices)
        text += (text.empty() ? "map of `" : ", `") + std::string(choice) + "`";
      return text;
    case Type::text_or_object:
      return "text, or block";
    default:
      return std::string(format->word);
  }
}

std::string default_of(const Key& key) {
  if (key.required) return "**required**";
  if (!key.fallback_note.empty()) return cell(key.fallback_note);
  if (key.fallback.empty()) return "";
  const Value fallback = Value::parse(key.fallback);
  const std::string text = fallback.is_string() ? fallback.get<std::string>() : fallback.dump();
  return text.empty() ? "" : "`" + text + "`";
}

void append_rows(std::string& out, const SchemaNode& node) {
  const std::string about = node.key->about.empty() ? "Each of them." : std::string(node.key->about);
  out += "| `" + std::string(node.key->path) + "` | " + type_of(node) + " | " + default_of(*node.key) + " | " +
         cell(about) + " |\n";
  for (const auto& child : node.children) append_rows(out, *child);
  if (node.each) append_rows(out, *node.each);
}

}  // namespace

std::string spec_reference_markdown() {
  std::string out(introduction);
  bool in_table = false;
  for (const auto& node : spec_schema().children) {
    const bool section = node->type() == Type::object || node->type() == Type::map;
    if (section) out += "\n## `" + node->name + "`\n";
    if (!section && !in_table) out += "\n## The file's own keys\n";
    if (section || !in_table) out += "\n| key | value | default | meaning |\n| --- | --- | --- | --- |\n";
    in_table = !section;
    append_rows(out, *node);
  }
  return out + std::string(closing);
}

}  // namespace slipway
