// Tables: a row is a sample, one column its class or the number to be predicted, the others its inputs.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include <tinynn/core/error.hpp>
#include <tinynn/data/csv.hpp>
#include <tinynn/data/openers.hpp>
#include <tinynn/data/parts.hpp>
#include <tinynn/data/printable.hpp>

namespace tinynn::data {
namespace {

namespace fs = std::filesystem;

bool is_table_file(const fs::path& path) {
  const std::string name = path.filename().string();
  return std::ranges::any_of(std::initializer_list<const char*>{".csv", ".tsv", ".csv.gz", ".tsv.gz"},
                             [&](const char* ending) { return name.ends_with(ending); }) &&
         detail::is_file(path);
}

fs::path table_in(const fs::path& folder, const char* stem) {
  for (const char* ending : {".csv", ".tsv", ".csv.gz", ".tsv.gz"})
    if (const fs::path path = folder / (std::string(stem) + ending); detail::is_file(path)) return path;
  return {};
}

std::string lower_case(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

std::string some_columns(const CsvTable& table) {
  constexpr int64_t most = 10;
  std::string text;
  for (int64_t i = 0; i < std::min(most, table.columns()); ++i)
    text += (i > 0 ? ", " : "") + printable(table.column_name(i));
  return table.columns() > most ? text + " and " + std::to_string(table.columns() - most) + " more" : text;
}

// The column that "first", "last" or a name means.
int64_t named_column(const CsvTable& table, const std::string& name) {
  if (const auto found = table.find(name)) return *found;
  if (name == "first") return 0;
  if (name == "last") return table.columns() - 1;
  check(!table.header().empty(), table.name(), ": no column \"", printable(name),
        "\", for its first line is no header; expected first or last");
  fail(table.name(), ": no column \"", printable(name), "\", expected first, last or one of ",
       some_columns(table));
}

// Whether a column has nothing but the numbers 0 (or 1), 2, ... n, several times each.
bool is_numbered(const CsvTable& table, int64_t column) {
  constexpr float most = 1000;
  std::set<float> different;
  for (int64_t row = 0; row < table.rows(); ++row) {
    const float number = table.numbers()[row * table.columns() + column];
    if (!(number >= 0 && number < most) || number != std::floor(number)) return false;
    different.insert(number);
  }
  if (different.size() < 2 || *different.begin() > 1) return false;
  const auto range = static_cast<size_t>(*different.rbegin() - *different.begin()) + 1;
  return range == different.size() && 2 * different.size() <= static_cast<size_t>(table.rows());
}

// Whether most of its cells are words; of few they may be missing numbers.
bool has_words(const CsvTable& table, int64_t column) {
  int64_t words = 0;
  for (int64_t row = 0; row < table.rows(); ++row)
    words += int64_t{std::isnan(table.numbers()[row * table.columns() + column])};
  return 2 * words > table.rows();
}

// A first column without a name, of integers, as pandas' to_csv() writes: the number of the row, which is
// none of its inputs.
bool has_row_numbers(const CsvTable& table) {
  if (table.header().empty() || !table.header()[0].empty() || table.columns() < 3) return false;
  for (int64_t row = 0; row < table.rows(); ++row) {
    const float number = table.numbers()[row * table.columns()];
    if (!(number >= 0) || number != std::floor(number)) return false;
  }
  return true;
}

// The label's column where nobody said which: by its name, by its words, or by what is in the outer ones.
int64_t likely_label(const CsvTable& table) {
  const int64_t last = table.columns() - 1;
  for (const char* name : {"label", "labels", "class", "target", "species", "category", "y"}) {
    for (int64_t i = 0; i <= last; ++i)
      if (!table.header().empty() && lower_case(table.header()[i]) == name) return i;
  }
  std::vector<int64_t> words;
  for (int64_t i = 0; i <= last; ++i)
    if (has_words(table, i)) words.push_back(i);
  if (words.size() == 1 && (words[0] <= (has_row_numbers(table) ? 1 : 0) || words[0] == last))
    return words[0];
  const int64_t first = has_row_numbers(table) ? 1 : 0;
  if (words.empty() && is_numbered(table, first) != is_numbered(table, last))
    return is_numbered(table, first) ? first : last;
  fail(table.name(),
       ": which column has the class is not clear; expected the option label (--label of the command): ",
       table.header().empty() ? "first or last" : "first, last or one of " + some_columns(table),
       ", or target (--target) for a number to predict");
}

std::optional<double> whole_number(const std::string& text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end || !std::isfinite(number)) return {};
  return number;
}

// Class names by text: numbers by their value, so that 10 comes after 9, and 1.0 is 1.
struct ClassNames {
  std::vector<std::string> names;
  std::map<std::string, int64_t> by_text;
};
ClassNames class_names(const std::vector<std::string>& texts) {
  const std::set<std::string> different(texts.begin(), texts.end());
  ClassNames result;
  std::map<double, std::string> numbers;
  for (const auto& text : different) {
    if (const auto number = whole_number(text)) numbers.try_emplace(*number, text);
  }
  const bool all_numbers =
      std::ranges::all_of(different, [](const std::string& text) { return whole_number(text).has_value(); });
  if (!all_numbers) {
    for (const auto& text : different)
      result.by_text[text] = std::ssize(result.names), result.names.push_back(text);
    return result;
  }
  std::map<double, int64_t> places;
  for (const auto& [number, text] : numbers) {
    char written[32];
    const auto [end, error] = std::to_chars(written, written + sizeof written, number);
    places[number] = std::ssize(result.names);
    result.names.push_back(error == std::errc() ? std::string(written, end) : text);
  }
  for (const auto& text : different) result.by_text[text] = places[*whole_number(text)];
  return result;
}

// What is a row's, without the label or target and what comes before column `begin`.
void take_inputs(CsvTable& table, int64_t left_out, int64_t begin, const OpenOptions& options,
                 detail::Part& part, bool& pictures) {
  const int64_t columns = table.columns(), inputs = columns - 1 - begin, rows = table.rows();
  check(inputs >= 1, table.name(), ": one column, expected the inputs and a label or target");
  check(rows >= 1, table.name(), ": no rows of numbers");
  for (int64_t i = begin; i < columns; ++i)
    if (i != left_out) table.check_numeric(i);
  part.shape = {inputs};
  if (options.shape) {
    check(options.shape->numel() == inputs, table.name(), ": ", inputs, inputs == 1 ? " column" : " columns",
          " of inputs, expected ", options.shape->numel(), " for the shape ", *options.shape);
    part.shape = *options.shape;
  }
  pictures = part.shape.rank() == 3;
  std::vector<float> numbers = table.take_numbers();
  if (pictures) part.pixels.reserve(static_cast<size_t>(rows * inputs));
  int64_t to = 0;
  for (int64_t from = 0; from < rows * columns; ++from) {
    if (from % columns == left_out || from % columns < begin) continue;
    const float number = numbers[from];
    numbers[to++] = number;
    if (!pictures) continue;
    if (!(number >= 0 && number <= 255) || number != std::floor(number)) {
      fail(table.name(), ", line ", table.line_of(from / columns), ": column ",
           printable(table.column_name(from % columns)), " is ", number,
           ", expected a pixel, an integer from 0 to 255, for the shape ", part.shape);
    }
    part.pixels.push_back(static_cast<uint8_t>(number));
  }
  numbers.resize(pictures ? 0 : static_cast<size_t>(rows * inputs));
  part.numbers = std::move(numbers);
}

struct CsvPart {
  detail::Part part;
  bool pictures = false;
  std::vector<std::string> labels;
};

CsvPart read_csv_part(CsvTable& table, int64_t column, int64_t begin, const OpenOptions& options) {
  CsvPart result;
  if (options.target.empty()) {
    result.labels = table.texts(column);
    const auto empty = std::ranges::find(result.labels, "");
    check(empty == result.labels.end(), table.name(), ", line ",
          empty == result.labels.end() ? 0 : table.line_of(empty - result.labels.begin()),
          ": the label is empty");
  } else {
    table.check_numeric(column);
    for (int64_t row = 0; row < table.rows(); ++row)
      result.part.targets.push_back(table.numbers()[row * table.columns() + column]);
  }
  take_inputs(table, column, begin, options, result.part, result.pictures);
  return result;
}

}  // namespace

bool detail::is_csv(const fs::path& path) { return is_table_file(path) || !table_in(path, "train").empty(); }

Opened detail::open_csv(const Source& source, const OpenOptions& options) {
  const bool is_folder_of_two = is_folder(source.path);
  CsvTable table(is_folder_of_two ? table_in(source.path, "train") : source.path);
  check(options.target.empty() || options.label.empty(), table.name(),
        ": a label and a target are asked for, expected one of them");
  const int64_t column = !options.target.empty()  ? named_column(table, options.target)
                         : !options.label.empty() ? named_column(table, options.label)
                                                  : likely_label(table);
  const int64_t begin = has_row_numbers(table) && column > 0 ? 1 : 0;
  CsvPart train = read_csv_part(table, column, begin, options);
  Parts parts{.train = std::move(train.part),
              .are_pictures = train.pictures,
              .target_size = options.target.empty() ? 0 : 1};
  if (!table.header().empty() && !train.pictures) {
    parts.columns = table.header();
    parts.columns.erase(parts.columns.begin() + column);
    parts.columns.erase(parts.columns.begin(), parts.columns.begin() + begin);
  }
  const ClassNames classes = class_names(train.labels);
  parts.classes = classes.names;
  for (const auto& text : train.labels) parts.train.labels.push_back(classes.by_text.at(text));

  fs::path test_file;
  for (const char* stem : {"test", "val", "valid", "validation"})
    if (is_folder_of_two && test_file.empty()) test_file = table_in(source.path, stem);
  if (!test_file.empty()) {
    CsvTable test_table(test_file);
    check(test_table.columns() == table.columns(), test_table.name(), ": ", test_table.columns(),
          test_table.columns() == 1 ? " column" : " columns", ", expected ", table.columns(), ", as in ",
          table.name(),
          test_table.columns() + 1 == table.columns()
              ? "; without labels it is of no use, open the other alone"
              : "");
    check(test_table.header() == table.header() || test_table.header().empty(), test_table.name(),
          ": its header is not that of ", table.name());
    CsvPart test = read_csv_part(test_table, column, begin, options);
    for (size_t i = 0; i < test.labels.size(); ++i) {
      const auto number = whole_number(test.labels[i]);
      auto found = classes.by_text.find(test.labels[i]);
      if (found == classes.by_text.end() && number) {  // written otherwise, 1.0 for 1
        found = std::ranges::find_if(classes.by_text,
                                     [&](const auto& entry) { return whole_number(entry.first) == number; });
      }
      if (found == classes.by_text.end()) {
        fail(test_table.name(), ", line ", test_table.line_of(static_cast<int64_t>(i)), ": label \"",
             printable(test.labels[i]), "\" is none of those in ", table.name());
      }
      test.part.labels.push_back(found->second);
    }
    parts.test = std::move(test.part);
  }
  return assemble(source.name(), std::move(parts), options, "csv");
}

}  // namespace tinynn::data
