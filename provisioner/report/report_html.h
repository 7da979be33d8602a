#pragma once
#include <string>

#include "report/run_record.h"

namespace slipway {

/// One self-contained page about a run: summary, the graph (zoomable), the timeline with the critical path, what was
/// changed and why, errors with their context, artifacts. It loads nothing, works offline, light and dark. Pure.
std::string report_html(const RunRecord& run);

}  // namespace slipway
