#include "spec/fault.h"

#include <algorithm>
#include <string_view>
#include <tuple>

namespace slipway {
namespace {

constexpr size_t most_shown = 40;

std::string place(const std::string& path, const SpecFault& fault) {
  return (fault.path.empty() ? path : fault.path) + ":" + std::to_string(fault.line) + ":" +
         std::to_string(fault.column);
}

void append_detail(std::string& out, std::string_view label, const std::string& text) {
  if (text.empty()) return;
  out += "\n  ";
  out += label;
  out.append(10 - label.size(), ' ');
  out += text;
}

}  // namespace

void sort_faults(std::vector<SpecFault>& faults) {
  std::stable_sort(faults.begin(), faults.end(), [](const SpecFault& a, const SpecFault& b) {
    return std::tie(a.path, a.line, a.column) < std::tie(b.path, b.line, b.column);
  });
}

Error to_error(const std::string& path, std::vector<SpecFault> faults) {
  sort_faults(faults);
  if (faults.size() == 1) {
    SpecFault& fault = faults.front();
    std::string where = place(path, fault);
    return fail(ErrorKind::bad_input, std::move(fault.message),
                {.found = std::move(fault.found),
                 .expected = std::move(fault.expected),
                 .advice = std::move(fault.advice),
                 .where = std::move(where)});
  }
  std::string summary;
  for (size_t i = 0; i < std::min(faults.size(), most_shown); ++i) {
    summary += place(path, faults[i]) + ": " + faults[i].message;
    append_detail(summary, "found", faults[i].found);
    append_detail(summary, "expected", faults[i].expected);
    append_detail(summary, "try", faults[i].advice);
    summary += '\n';
  }
  if (faults.size() > most_shown) summary += "… and " + std::to_string(faults.size() - most_shown) + " more\n";
  summary += path + ": " + std::to_string(faults.size()) + " faults";
  return fail(ErrorKind::bad_input, std::move(summary));
}

}  // namespace slipway
