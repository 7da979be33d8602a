#pragma once
// Figures that an add-on can tell about the cluster: tables whose cells are answers to PromQL queries, as addon.yaml's
// `figures` lists them. `slipway status` shows them.
//
//   figures:
//     from: http://prometheus.monitoring.svc:9090
//     tables:
//     - {of: objective, by: slo, columns: [{title: "left %", query: "slo:error_budget_left:ratio * 100"}]}

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "ports/cluster.h"

namespace slipway {

struct FigureColumn {
  std::string title;
  std::string query;  ///< An instant vector with at most one sample for each value of the table's label.
};

struct FigureTable {
  std::string of;  ///< What a row is about: "objective".
  std::string by;  ///< The label that tells rows apart.
  std::vector<FigureColumn> columns;
};

struct Figures {
  std::string from;  ///< http://NAME.NAMESPACE.svc:PORT of something that speaks Prometheus' query API.
  std::vector<FigureTable> tables;
};

/// Reads the section; null is none. Errors: bad_input, its `where` a JSON pointer below "/figures".
Result<std::optional<Figures>> figures_from(const Value& section);

/// One table, answered: rows by name, a cell for each column, empty where there is no such sample or it is no number.
struct FigureRows {
  const FigureTable* table = nullptr;
  std::vector<std::pair<std::string, std::vector<std::optional<double>>>> rows;
};

/// Asks through the API's proxy. Errors: of the first query that fails; bad_input where the answer is not a vector.
Result<std::vector<FigureRows>> read_figures(ClusterReader& reader, const Figures& figures, Deadline deadline);

/// Columns under their titles, tables without rows left out.
std::string figures_text(const std::vector<FigureRows>& tables);
/// [{"of", "rows": [{"name", "figures": {title: number|null}}]}]
Value figures_value(const std::vector<FigureRows>& tables);

}  // namespace slipway
