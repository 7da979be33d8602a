#include "report/report_html.h"

#include <algorithm>
#include <map>

#include "base/secret.h"
#include "base/text.h"
#include "report/graph_drawing.h"
#include "report/markup.h"

namespace slipway {
namespace {

const char* const page_style = R"css(
:root{color-scheme:light dark;--ground:#fff;--text:#1b1f24;--quiet:#57606a;--line:#d0d7de;--good:#1a7f37;--bad:#cf222e;--warn:#9a6700;--bar:#54aeff;--path:#bc4c00}
@media (prefers-color-scheme:dark){:root{--ground:#0d1117;--text:#e6edf3;--quiet:#8d96a0;--line:#30363d;--good:#3fb950;--bad:#f85149;--warn:#d29922;--bar:#388bfd;--path:#db6d28}}
body{font:15px/1.5 system-ui,sans-serif;background:var(--ground);color:var(--text);margin:0 auto;max-width:1100px;padding:1.5rem}
h1{font-size:1.5rem;margin:0 0 .2rem}h2{font-size:1.1rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line);padding-bottom:.2rem}
.quiet{color:var(--quiet)}.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
.figures{display:flex;flex-wrap:wrap;gap:1.5rem;margin:1rem 0}.figures b{display:block;font-size:1.4rem}
table{border-collapse:collapse;width:100%;font-size:14px}td,th{text-align:left;padding:.25rem .5rem;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}th,.word{white-space:nowrap}
code,pre{font:13px/1.4 ui-monospace,monospace}pre{white-space:pre-wrap;border:1px solid var(--line);border-radius:6px;padding:.6rem;margin:.4rem 0}
.scroll{overflow:auto;border:1px solid var(--line);border-radius:6px;max-height:70vh}
.lane{display:grid;grid-template-columns:10rem 1fr;font-size:13px;border-bottom:1px solid var(--line)}.lane>div:last-child{position:relative}
.bar{position:absolute;height:14px;border-radius:3px;background:var(--bar);min-width:2px}.bar.path{background:var(--path)}.bar.failed{background:var(--bad)}
)css";

/// Zoom by buttons: the drawing's own width and height scaled.
const char* const zoom_script = R"js(
for(const b of document.querySelectorAll('[data-zoom]'))b.onclick=()=>{const s=document.querySelector('.scroll svg.graph');
if(!s)return;const f=+b.dataset.zoom;if(f===0){s.setAttribute('width',s.viewBox.baseVal.width);s.setAttribute('height',s.viewBox.baseVal.height);return}
s.setAttribute('width',s.width.baseVal.value*f);s.setAttribute('height',s.height.baseVal.value*f)};
)js";

std::string cell(const std::string& text) { return "<td>" + escape_markup(redact(text)) + "</td>"; }
/// Stays on one line, however narrow the screen is.
std::string word_cell(const std::string& text) { return "<td class=word>" + escape_markup(redact(text)) + "</td>"; }

std::string seconds_of(int64_t milliseconds) { return format_seconds(static_cast<double>(milliseconds) / 1000); }

std::string shown(const Value& value) {
  if (value.is_null()) return "(absent)";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

class Page {
 public:
  explicit Page(const RunRecord& run) : run_(run) {}

  std::string text() {
    const std::string title = fact("verb") + " of " + fact("cluster");
    out_ = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
           "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>" +
           escape_markup(title) + "</title><style>" + page_style + std::string(graph_style) + "</style></head><body>\n";
    add_summary(title);
    add_failures();
    add_timeline();
    add_graph();
    add_changes();
    add_artifacts();
    out_ += "<script>" + std::string(zoom_script) + "</script>\n</body></html>\n";
    return std::move(out_);
  }

 private:
  std::string fact(const char* name) const { return redact(text_at(run_.facts, name)); }

  size_t count(const char* outcome) const {
    return static_cast<size_t>(std::count_if(run_.steps.begin(), run_.steps.end(),
                                             [&](const RunStep& step) { return step.outcome == outcome; }));
  }

  void add_figure(const std::string& value, const std::string& name, const char* colour = "") {
    out_ += "<div><b class=\"" + std::string(colour) + "\">" + escape_markup(value) + "</b>" + name + "</div>";
  }

  void add_summary(const std::string& title) {
    const size_t failed = count("failed"), waiting = count("waiting"), cut = count("running");
    const char* verdict = failed > 0         ? "failed"
                          : cut > 0          ? "was cut off"
                          : waiting > 0      ? "waits for approval"
                          : count("done") == 0 ? "found nothing to do"
                                             : "is done";
    out_ += "<h1>" + escape_markup(title) + " <span class=\"" +
            (failed + cut > 0 ? "bad" : waiting > 0 ? "warn" : "good") + "\">" + verdict + "</span></h1>\n";
    out_ += "<p class=\"quiet\">Run " + escape_markup(fact("run")) + ", " + escape_markup(fact("started")) + ", by " +
            escape_markup(fact("user")) + " on " + escape_markup(fact("host")) + ", Slipway " +
            escape_markup(fact("version")) +
            (fact("kubernetes").empty() ? "" : ", Kubernetes " + escape_markup(fact("kubernetes"))) + ", spec " + escape_markup(fact("spec")) + "</p>\n<div class=\"figures\">";
    add_figure(seconds_of(run_.length_ms), "in all");
    int64_t path = 0;
    for (const size_t i : run_.critical_path)
      if (run_.steps[i].ended_ms) path += *run_.steps[i].ended_ms - *run_.steps[i].begun_ms;
    add_figure(seconds_of(path), "longest chain");
    add_figure(std::to_string(count("done")), "applied", "good");
    add_figure(std::to_string(count("unchanged")), "as they should be");
    if (failed > 0) add_figure(std::to_string(failed), "failed", "bad");
    if (count("blocked") > 0) add_figure(std::to_string(count("blocked")), "not tried", "warn");
    if (waiting > 0) add_figure(std::to_string(waiting), "wait for approval", "warn");
    const size_t drifted = static_cast<size_t>(
        std::count_if(run_.steps.begin(), run_.steps.end(), [](const RunStep& step) { return step.reason == "drift"; }));
    if (drifted > 0) add_figure(std::to_string(drifted), "had drifted", "warn");
    out_ += "</div>\n";
  }

  void add_failures() {
    std::string rows;
    for (const RunStep& step : run_.steps)
      if (step.outcome == "failed" || step.outcome == "waiting" || step.outcome == "running")
        rows += "<h3><code>" + escape_markup(step.id) + "</code> <span class=\"" +
                (step.outcome == "failed" ? "bad" : "warn") + "\">" +
                (step.outcome == "running" ? "was running when the run ended" : step.outcome) + "</span></h3>" +
                (step.text.empty() ? "" : "<pre>" + escape_markup(redact(step.text)) + "</pre>") + "\n";
    if (!rows.empty()) out_ += "<h2>What did not succeed</h2>\n" + rows;
    // What only waited for one of those says nothing new: a line each.
    std::string blocked;
    for (const RunStep& step : run_.steps)
      if (step.outcome == "blocked")
        blocked += "<tr><td><code>" + escape_markup(step.id) + "</code></td>" + cell(step.text) + "</tr>\n";
    if (!blocked.empty())
      out_ += "<h2>What was not tried</h2>\n<table><tr><th>step</th><th>why</th></tr>\n" + blocked + "</table>\n";
  }

  void add_changes() {
    std::string rows;
    for (const RunStep& step : run_.steps) {
      if (step.outcome != "done") continue;
      std::string fields;
      for (const FieldChange& change : step.fields) {
        if (change.field == "*" || step.action == "create") continue;
        fields += "<div><code>" + escape_markup(change.field) + "</code> ";
        fields += change.sensitive ? "changed (not shown)"
                                   : escape_markup(redact(shown(change.old_value))) + " → " +
                                         (change.unknown ? "known after apply" : escape_markup(redact(shown(change.new_value))));
        fields += "</div>";
      }
      rows += "<tr><td><code>" + escape_markup(step.id) + "</code></td>" + word_cell(step.action) + word_cell(step.reason) +
              word_cell(step.begun_ms && step.ended_ms ? seconds_of(*step.ended_ms - *step.begun_ms) : "") + "<td>" + fields +
              "</td></tr>\n";
    }
    if (rows.empty()) return;
    out_ += "<h2>What was done</h2>\n<table><tr><th>step</th><th>action</th><th>reason</th><th>took</th><th>fields</th></tr>\n" +
            rows + "</table>\n";
  }

  void add_timeline() {
    std::map<std::string, std::vector<size_t>> lanes;
    for (size_t i = 0; i < run_.steps.size(); ++i)
      if (run_.steps[i].begun_ms) lanes[run_.steps[i].machine.empty() ? run_.steps[i].layer : run_.steps[i].machine].push_back(i);
    if (lanes.empty()) return;
    out_ += "<h2>Timeline</h2>\n<p class=\"quiet\">The longest chain is <span style=\"color:var(--path)\">marked</span>.</p>\n";
    const double length = static_cast<double>(std::max<int64_t>(1, run_.length_ms));
    const auto percent = [&](int64_t at) {
      char text[24];
      std::snprintf(text, sizeof text, "%.3f%%", 100.0 * static_cast<double>(at) / length);
      return std::string(text);
    };
    for (const auto& [lane, steps] : lanes) {
      std::string bars;
      std::vector<int64_t> rows;  // The end of the last bar in each row: bars that overlap stand below each other.
      for (const size_t i : steps) {
        const RunStep& step = run_.steps[i];
        const int64_t end = step.ended_ms.value_or(run_.length_ms);
        size_t row = 0;
        while (row < rows.size() && rows[row] > *step.begun_ms) ++row;
        if (row == rows.size()) rows.push_back(0);
        rows[row] = end;
        const bool on_path =
            std::find(run_.critical_path.begin(), run_.critical_path.end(), i) != run_.critical_path.end();
        bars += "<span class=\"bar" + std::string(on_path ? " path" : "") + (step.outcome == "failed" ? " failed" : "") +
                "\" style=\"left:" + percent(*step.begun_ms) + ";width:" + percent(end - *step.begun_ms) +
                ";top:" + std::to_string(3 + row * 17) + "px\" title=\"" +
                escape_markup(step.id + ", " + seconds_of(end - *step.begun_ms)) + "\"></span>";
      }
      out_ += "<div class=\"lane\"><div>" + escape_markup(lane) + "</div><div style=\"height:" +
              std::to_string(rows.size() * 17 + 3) + "px\">" + bars + "</div></div>\n";
    }
  }

  void add_graph() {
    std::vector<DrawnStep> steps;
    for (const RunStep& step : run_.steps)
      steps.push_back({.id = step.id,
                       .title = step.title.empty() ? step.id : step.title,
                       .layer = step.layer,
                       .state = step.outcome,
                       .needs = step.needs});
    out_ += "<h2>Graph</h2>\n<p><button data-zoom=\"1.25\">larger</button> <button data-zoom=\"0.8\">smaller</button> "
            "<button data-zoom=\"0\">reset</button> <span class=\"quiet\">machines of a pool with the same steps are one "
            "box</span></p>\n<div class=\"scroll\">" +
            to_svg(folded(steps), false) + "</div>\n";
  }

  void add_artifacts() {
    if (!run_.artifacts.is_array() || run_.artifacts.empty()) return;
    out_ += "<h2>Third-party files</h2>\n<table><tr><th>name</th><th>version</th><th>source</th><th>size</th><th>sha256</th></tr>\n";
    for (const Value& artifact : run_.artifacts)
      out_ += "<tr>" + cell(text_at(artifact, "name")) + cell(text_at(artifact, "version")) +
              cell(text_at(artifact, "source")) +
              cell(artifact.contains("size") && artifact["size"].is_number() ? format_bytes(artifact["size"].get<uint64_t>())
                                                                             : "") +
              "<td><code>" + escape_markup(text_at(artifact, "sha256")) + "</code></td></tr>\n";
    out_ += "</table>\n";
  }

  const RunRecord& run_;
  std::string out_;
};

}  // namespace

std::string report_html(const RunRecord& run) { return Page(run).text(); }

}  // namespace slipway
