// Reader of tables as text: CSV (RFC 4180) with commas, semicolons or tabs, also compressed with gzip. Cells
// may be quoted, numbers have a decimal point (or where cells are not separated by commas, a comma), lines
// end in \n or \r\n, empty lines are passed over, and the first line may be a header: which it is if it has a
// word where the second one has a number.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tinynn::data {

class CsvTable {
 public:
  /// Throws Error, with one line that names the file and the line in it, if the file cannot be read, a row
  /// has more or fewer cells than the first, or a quotation mark is not closed.
  explicit CsvTable(const std::filesystem::path& path);

  const std::string& name() const { return name_; }
  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }
  /// Names of the columns; empty without a header.
  const std::vector<std::string>& header() const { return header_; }
  /// The column's name, or "3" for the third.
  std::string column_name(int64_t column) const;
  /// The column of this name, if there is one.
  std::optional<int64_t> find(const std::string& name) const;

  /// (rows, columns); NaN where a cell is no number.
  const std::vector<float>& numbers() const { return numbers_; }
  std::vector<float> take_numbers() { return std::move(numbers_); }
  /// Whether all cells of a column are numbers.
  bool is_numeric(int64_t column) const { return first_word_[column] < 0; }
  /// Throws Error, naming the line, unless they are.
  void check_numeric(int64_t column) const;
  /// The cells of a column as they are written.
  std::vector<std::string> texts(int64_t column) const;
  /// Line of the file at which a row begins, from 1.
  int64_t line_of(int64_t row) const;

 private:
  std::string name_, text_;
  char delimiter_ = ',';
  std::vector<std::string> header_;
  int64_t rows_ = 0, columns_ = 0;
  std::vector<float> numbers_;
  std::vector<int64_t> first_word_;  // by column: the first row with a cell that is no number, or -1
};

}  // namespace tinynn::data
