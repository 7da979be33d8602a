#include "kube/figures.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "base/text.h"
#include "http/message.h"

namespace slipway {
namespace {

Error malformed(const std::string& where, const Value& found, const std::string& expected) {
  return fail(ErrorKind::bad_input, "malformed figures",
              {.found = found.dump(), .expected = expected, .where = "/figures" + where});
}

Result<FigureTable> table_from(const std::string& where, const Value& value) {
  FigureTable table{.of = text_at(value, "of"), .by = text_at(value, "by"), .columns = {}};
  if (table.of.empty() || table.by.empty() || !value.contains("columns") || !value["columns"].is_array())
    return malformed(where, value, "{of: NAME, by: LABEL, columns: [{title: TEXT, query: PROMQL}]}");
  for (const Value& column : value["columns"]) {
    table.columns.push_back({text_at(column, "title"), text_at(column, "query")});
    if (table.columns.back().title.empty() || table.columns.back().query.empty())
      return malformed(where + "/columns", column, "{title: TEXT, query: PROMQL}");
  }
  return table;
}

/// "http://prometheus.monitoring.svc:9090" as a path of the API's proxy; empty if it is no such URL.
std::string proxy_path(const std::string& url) {
  if (!url.starts_with("http://")) return "";
  const std::vector<std::string> parts = split(url.substr(7), ':');
  const std::vector<std::string> labels = split(parts.front(), '.');
  if (parts.size() != 2 || labels.size() < 3 || labels[2] != "svc") return "";
  return "/api/v1/namespaces/" + labels[1] + "/services/http:" + labels[0] + ":" + parts[1] + "/proxy";
}

/// Prometheus writes numbers as text, NaN and infinities among them.
std::optional<double> number_in(const Value& sample) {
  if (!sample.contains("value") || !sample["value"].is_array() || sample["value"].size() != 2 ||
      !sample["value"][1].is_string())
    return std::nullopt;
  const std::string text = sample["value"][1];
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || !std::isfinite(number)) return std::nullopt;
  return number;
}

Result<std::map<std::string, double>> ask(ClusterReader& reader, const std::string& path, const std::string& by,
                                          const std::string& query, Deadline deadline) {
  const Result<std::string> body = reader.probe(path + "/api/v1/query?query=" + url_encode(query), deadline);
  if (!body) return Error(body.error()).while_doing("asking for " + query);
  const Value answer = Value::parse(*body, nullptr, false);
  if (answer.is_discarded() || text_at(answer, "status") != "success" ||
      text_at(answer.value("data", Value::object()), "resultType") != "vector")
    return fail(ErrorKind::bad_input, "not an answer of Prometheus' query API",
                {.found = body->substr(0, 200), .expected = "an instant vector for " + query});
  std::map<std::string, double> cells;
  for (const Value& sample : answer["data"].value("result", Value::array())) {
    const std::string name = text_at(sample.value("metric", Value::object()), by.c_str());
    if (const std::optional<double> number = number_in(sample)) cells[name] = *number;
  }
  return cells;
}

/// Three digits that count: 0.0421, 4.21, 421.
std::string shown(const std::optional<double>& number) {
  if (!number) return "-";
  const double size = std::fabs(*number);
  const int digits = size >= 100 || size == std::floor(size) ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, *number);
  return text;
}

std::string padded(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

}  // namespace

Result<std::optional<Figures>> figures_from(const Value& section) {
  if (section.is_null()) return std::optional<Figures>();
  Figures figures{.from = text_at(section, "from"), .tables = {}};
  if (proxy_path(figures.from).empty()) return malformed("/from", section, "http://NAME.NAMESPACE.svc:PORT");
  const Value tables = section.value("tables", Value());
  if (!tables.is_array()) return malformed("/tables", tables, "a list of tables");
  for (size_t i = 0; i < tables.size(); ++i) {
    Result<FigureTable> table = table_from("/tables/" + std::to_string(i), tables[i]);
    if (!table) return std::move(table).error();
    figures.tables.push_back(std::move(*table));
  }
  return std::optional<Figures>(std::move(figures));
}

Result<std::vector<FigureRows>> read_figures(ClusterReader& reader, const Figures& figures, Deadline deadline) {
  const std::string path = proxy_path(figures.from);
  std::vector<FigureRows> answered;
  for (const FigureTable& table : figures.tables) {
    std::map<std::string, std::vector<std::optional<double>>> rows;
    for (size_t i = 0; i < table.columns.size(); ++i) {
      const auto cells = ask(reader, path, table.by, table.columns[i].query, deadline);
      if (!cells) return cells.error();
      for (const auto& [name, number] : *cells) {
        std::vector<std::optional<double>>& row = rows[name];
        row.resize(table.columns.size());
        row[i] = number;
      }
    }
    answered.push_back({&table, {rows.begin(), rows.end()}});
  }
  return answered;
}

std::string figures_text(const std::vector<FigureRows>& tables) {
  std::string out;
  for (const FigureRows& answered : tables) {
    if (answered.rows.empty()) continue;
    size_t widest = answered.table->of.size();
    for (const auto& [name, cells] : answered.rows) widest = std::max(widest, name.size());
    std::string head = answered.table->of;
    std::transform(head.begin(), head.end(), head.begin(), [](unsigned char c) { return std::toupper(c); });
    out += padded(std::move(head), widest);
    for (const FigureColumn& column : answered.table->columns) out += "  " + padded(column.title, 10);
    out.erase(out.find_last_not_of(' ') + 1);
    out += "\n";
    for (const auto& [name, cells] : answered.rows) {
      out += padded(name, widest);
      for (size_t i = 0; i < cells.size(); ++i) {
        const size_t width = std::max<size_t>(10, answered.table->columns[i].title.size());
        out += "  " + (i + 1 == cells.size() ? shown(cells[i]) : padded(shown(cells[i]), width));
      }
      out += "\n";
    }
  }
  return out;
}

Value figures_value(const std::vector<FigureRows>& tables) {
  Value out = Value::array();
  for (const FigureRows& answered : tables) {
    Value rows = Value::array();
    for (const auto& [name, cells] : answered.rows) {
      Value figures = Value::object();
      for (size_t i = 0; i < cells.size(); ++i)
        figures[answered.table->columns[i].title] = cells[i] ? Value(*cells[i]) : Value();
      rows.push_back({{"name", name}, {"figures", std::move(figures)}});
    }
    out.push_back({{"of", answered.table->of}, {"rows", std::move(rows)}});
  }
  return out;
}

}  // namespace slipway
