#include "spec/spec.h"

#include "targets.h"

namespace slipway::fuzz {

/// Any text is a spec or a list of faults; a changed count changes nothing but that count.
void fuzz_spec(std::string_view bytes) {
  const std::string text(bytes);
  const Result<Spec> spec = parse_spec("fuzz.yaml", text);
  require(spec.ok() == check_spec(text).empty(), "parse_spec and check_spec agree");
  if (!spec) {
    require(!describe(spec.error()).empty(), "an error says something");
    return;
  }
  for (const Pool& pool : spec->pools) {
    const Result<std::string> changed = with_pool_count(text, pool.name, pool.count + 1);
    if (!changed) continue;
    const Result<Spec> again = parse_spec("fuzz.yaml", *changed);
    // A larger count may ask for more addresses than there are; a spec that is still one has that count.
    if (again) require(again->find_pool(pool.name)->count == pool.count + 1, "the count was changed");
    const Result<std::string> back = with_pool_count(*changed, pool.name, pool.count);
    require(back.ok() && parse_spec("fuzz.yaml", *back).ok(), "the count can be changed back");
  }
}

}  // namespace slipway::fuzz
