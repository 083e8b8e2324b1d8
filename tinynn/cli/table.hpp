// Tables of text with aligned columns, and numbers as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tinynn::cli {

class Table {
 public:
  /// The heads of the columns; the first column is aligned left, the others right.
  explicit Table(std::vector<std::string> heads) : rows_{std::move(heads)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  /// With a line under the heads, two spaces between columns.
  std::string text() const;
  /// The heads and then the rows.
  const std::vector<std::vector<std::string>>& rows() const { return rows_; }

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// A model's name, or the beginning of its layers, for a heading.
std::string heading(const std::string& model);
/// 266610 as "266,610"
std::string with_commas(int64_t number);
/// With so many digits after the point.
std::string fixed(double number, int digits);
/// 0.9812 as "98.12%"
std::string percent(double fraction);
/// The same of a part; "-" of nothing.
std::string share(int64_t part, int64_t whole);

}  // namespace tinynn::cli
