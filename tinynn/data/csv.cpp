#include <algorithm>
#include <charconv>
#include <cmath>
#include <deque>
#include <limits>
#include <string_view>

#include <tinynn/core/error.hpp>
#include <tinynn/data/csv.hpp>
#include <tinynn/data/gz_file.hpp>
#include <tinynn/data/printable.hpp>

namespace tinynn::data {
namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr size_t text_limit = size_t{1} << 33;

std::string read_text(const std::filesystem::path& path) {
  GzFile file(path);
  constexpr size_t piece = size_t{1} << 20;
  std::string text;
  for (;;) {
    const size_t have = text.size();
    if (text.capacity() - have < piece) text.reserve(have + std::max(piece, have / 2));
    text.resize(have + piece);
    const size_t found = file.read(reinterpret_cast<uint8_t*>(text.data()) + have, piece);
    text.resize(have + found);
    check(text.size() <= text_limit, file.name(), ": more than ", text_limit, " bytes of text");
    if (found < piece) return text;
  }
}

// The finite number that the cell is, or NaN. Where commas do not separate cells, one may stand for the
// point.
float cell_number(std::string_view cell, char delimiter) {
  if (cell.starts_with('+')) cell.remove_prefix(1);
  constexpr size_t longest_number = 64;
  char with_point[longest_number];
  const size_t comma = delimiter == ',' ? std::string_view::npos : cell.find(',');
  if (comma != std::string_view::npos && cell.size() <= longest_number &&
      cell.find('.') == std::string_view::npos) {
    std::ranges::copy(cell, with_point);
    with_point[comma] = '.';
    cell = {with_point, cell.size()};
  }
  double number = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
  const bool good = error == std::errc() && end == cell.data() + cell.size() &&
                    std::abs(number) <= static_cast<double>(std::numeric_limits<float>::max());
  return good ? static_cast<float>(number) : not_a_number;
}

// Goes through a text row by row.
class CsvRows {
 public:
  CsvRows(std::string_view text, const std::string& name, char delimiter)
      : text_(text), name_(name), delimiter_(delimiter) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;  // which Excel writes
  }

  // The cells of the next row that is not empty; they are valid until the one after.
  bool next(std::vector<std::string_view>& cells) {
    do {
      if (at_ >= text_.size()) return false;
      cells.clear(), unquoted_.clear();
      line_ = next_line_;
      while (take_cell(cells)) {
      }
    } while (cells.size() == 1 && cells[0].empty());
    return true;
  }
  // Where it begins.
  int64_t line() const { return line_; }

 private:
  bool is_space(char c) const { return (c == ' ' || c == '\t' || c == '\r') && c != delimiter_; }
  void skip_spaces() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  // One cell and what ends it; false behind the last of the row.
  bool take_cell(std::vector<std::string_view>& cells) {
    skip_spaces();
    if (at_ < text_.size() && text_[at_] == '"') {
      cells.push_back(quoted());
      skip_spaces();
      check(at_ >= text_.size() || text_[at_] == delimiter_ || text_[at_] == '\n', name_, ", line ", line_,
            ": text behind the quotation mark that ends a cell");
    } else {
      const size_t begin = at_;
      while (at_ < text_.size() && text_[at_] != delimiter_ && text_[at_] != '\n') ++at_;
      size_t end = at_;
      while (end > begin && is_space(text_[end - 1])) --end;
      cells.push_back(text_.substr(begin, end - begin));
    }
    if (at_ >= text_.size()) return false;
    if (text_[at_++] == delimiter_) return true;
    ++next_line_;
    return false;
  }

  std::string_view quoted() {
    const size_t begin = ++at_;
    bool doubled = false;
    for (;; ++at_) {
      check(at_ < text_.size(), name_, ", line ", line_, ": a quotation mark is not closed");
      if (text_[at_] == '\n') ++next_line_;
      if (text_[at_] != '"') continue;
      if (at_ + 1 >= text_.size() || text_[at_ + 1] != '"') break;
      doubled = true, ++at_;
    }
    const std::string_view inside = text_.substr(begin, at_++ - begin);
    if (!doubled) return inside;
    std::string& text = unquoted_.emplace_back();
    for (size_t i = 0; i < inside.size(); ++i) {
      text += inside[i];
      if (inside[i] == '"') ++i;
    }
    return text;
  }

  std::string_view text_;
  const std::string& name_;
  char delimiter_;
  size_t at_ = 0;
  int64_t line_ = 1, next_line_ = 1;
  std::deque<std::string> unquoted_;
};

// The one of , ; and tab that is in the first line most often, outside quotation marks.
char delimiter_of(std::string_view text) {
  size_t counts[3]{};
  constexpr std::string_view delimiters = ",;\t";
  bool is_quoted = false, has_cells = false;
  for (const char c : text) {
    if (c == '"') is_quoted = !is_quoted;
    if (c == '\n' && !is_quoted && has_cells) break;
    has_cells = has_cells || (c != '\n' && c != '\r' && c != ' ');
    const size_t which = is_quoted ? std::string_view::npos : delimiters.find(c);
    if (which != std::string_view::npos) ++counts[which];
  }
  return delimiters[static_cast<size_t>(std::max_element(counts, counts + 3) - counts)];
}

// A header has a word above a number.
bool is_header(const std::vector<std::string_view>& first, const std::vector<std::string_view>& second,
               char delimiter) {
  for (size_t i = 0; i < first.size() && i < second.size(); ++i) {
    if (!first[i].empty() && std::isnan(cell_number(first[i], delimiter)) &&
        !std::isnan(cell_number(second[i], delimiter)))
      return true;
  }
  return false;
}

}  // namespace

CsvTable::CsvTable(const std::filesystem::path& path)
    : name_(path.string()), text_(read_text(path)), delimiter_(delimiter_of(text_)) {
  std::vector<std::string_view> cells;
  int64_t first_line = 1;
  {
    CsvRows rows(text_, name_, delimiter_);
    std::vector<std::string_view> first;
    check(rows.next(first), name_, ": an empty file, expected rows of numbers");
    const std::vector<std::string> kept(first.begin(), first.end());
    first_line = rows.line();
    if (rows.next(cells) && is_header({kept.begin(), kept.end()}, cells, delimiter_)) header_ = kept;
    columns_ = static_cast<int64_t>(kept.size());
  }
  first_word_.assign(static_cast<size_t>(columns_), -1);
  CsvRows rows(text_, name_, delimiter_);
  if (!header_.empty()) rows.next(cells);
  while (rows.next(cells)) {
    check(std::ssize(cells) == columns_, name_, ", line ", rows.line(), ": ", cells.size(),
          cells.size() == 1 ? " cell" : " cells", ", expected ", columns_, ", as in line ", first_line);
    for (int64_t i = 0; i < columns_; ++i) {
      numbers_.push_back(cell_number(cells[i], delimiter_));
      if (std::isnan(numbers_.back()) && first_word_[i] < 0) first_word_[i] = rows_;
    }
    ++rows_;
  }
}

std::string CsvTable::column_name(int64_t column) const {
  return header_.empty() ? std::to_string(column + 1) : header_[column];
}

std::optional<int64_t> CsvTable::find(const std::string& name) const {
  const auto found = std::ranges::find(header_, name);
  if (found == header_.end()) return {};
  return found - header_.begin();
}

void CsvTable::check_numeric(int64_t column) const {
  if (is_numeric(column)) return;
  const int64_t row = first_word_[column];
  const std::string cell = texts(column)[row];
  fail(name_, ", line ", line_of(row), ": column ", header_.empty() ? "" : "\"",
       printable(column_name(column)), header_.empty() ? "" : "\"",
       cell.empty() ? " is empty" : " is \"" + printable(cell) + '"', ", expected a number");
}

std::vector<std::string> CsvTable::texts(int64_t column) const {
  CsvRows rows(text_, name_, delimiter_);
  std::vector<std::string_view> cells;
  if (!header_.empty()) rows.next(cells);
  std::vector<std::string> result;
  while (rows.next(cells)) result.emplace_back(cells[column]);
  return result;
}

int64_t CsvTable::line_of(int64_t row) const {
  CsvRows rows(text_, name_, delimiter_);
  std::vector<std::string_view> cells;
  for (int64_t i = header_.empty() ? 0 : -1; i <= row; ++i) rows.next(cells);
  return rows.line();
}

}  // namespace tinynn::data
