#include "graph/plan_document.h"
#include "report/plan_text.h"

#include "targets.h"

namespace slipway::fuzz {

/// A plan file is a plan or an error; a plan that is read says the same when it is written again.
void fuzz_plan(std::string_view bytes) {
  const Value document = Value::parse(bytes, nullptr, false);
  if (document.is_discarded()) return;
  const Result<Plan> plan = plan_from_document(document);
  if (!plan) return;
  const Value written = to_document(*plan);
  const Result<Plan> again = plan_from_document(written);
  require(again.ok(), "what is written is read");
  require(to_document(*again) == written, "and written the same again");
  (void)plan_text(*plan, {}, {.all = true});
  (void)to_json(*plan, true);
}

}  // namespace slipway::fuzz
