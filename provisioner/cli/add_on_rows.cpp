#include "cli/add_on_rows.h"

#include "base/text.h"

namespace slipway {
namespace {

constexpr Seconds gate_limit{10};
constexpr size_t narrow_terminal = 80;

std::string padded(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

/// Whether every gate holds now; null where nothing can be said. `why` gets the first that does not.
Value readiness_of(Session& session, const AddOn& add_on, Freshness freshness, std::string& why) {
  const std::optional<StepRecord> record = session.store().find(StepId("addon/" + add_on.name));
  if (!record || !record->applied) {
    why = "not there yet";
    return false;
  }
  const UrlProbe probe = make_url_probe(session.platform().authority_pem);
  for (const Gate& gate : add_on.gates) {
    const Result<Readiness> stands =
        check_gate(session.reader().cluster, gate, probe, freshness, Deadline::in(gate_limit));
    if (!stands) return Value();
    if (stands->ready) continue;
    why = gate.text + ": " + stands->why;
    return false;
  }
  return true;
}

}  // namespace

Value add_on_rows(Session& session, Freshness freshness) {
  Value rows = Value::array();
  for (const AddOn& add_on : session.platform().add_ons) {
    if (!session.spec().addons.contains(add_on.name)) continue;
    std::string why;
    const Value ready = readiness_of(session, add_on, freshness, why);
    rows.push_back({{"name", add_on.name},
                    {"ready", ready},
                    {"why", why},
                    {"url", add_on.url},
                    {"credentials", add_on.credentials}});
  }
  return rows;
}

std::string add_on_table(const Value& rows) {
  if (rows.empty()) return {};
  size_t widest = 6;
  for (const Value& row : rows) widest = std::max(widest, text_at(row, "name").size());
  std::string out = padded("ADD-ON", widest + 2) + padded("READY", 9) + "WHERE\n";
  for (const Value& row : rows) {
    const Value& ready = row["ready"];
    std::string line = padded(text_at(row, "name"), widest + 2) + padded(ready.is_null()     ? "unknown"
                                                                         : ready.get<bool>() ? "yes"
                                                                                             : "no",
                                                                         9);
    const size_t where = line.size();
    for (const char* part : {"url", "credentials", "why"}) {
      const std::string text = text_at(row, part);
      std::string gap = "   ";
      for (const std::string& word : text.empty() ? std::vector<std::string>{} : split(text, ' ')) {
        if (line.size() > where && line.size() + gap.size() + word.size() > narrow_terminal) {
          out += line + "\n";
          line = std::string(where, ' ');
        }
        line += (line.size() > where ? gap : "") + word;
        gap = " ";
      }
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

}  // namespace slipway
