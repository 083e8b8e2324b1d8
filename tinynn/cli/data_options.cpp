// The options that say how data are read.
#include <algorithm>
#include <charconv>
#include <sstream>

#include <tinynn/cli/dataset.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/io/one_line.hpp>

namespace tinynn::cli {
namespace {

// The whole numbers from 1 on in "1,28,28"; none if it is not made of such.
std::vector<int64_t> sizes_of(const std::string& text, char separator) {
  std::vector<int64_t> sizes;
  const char *at = text.data(), *const end = at + text.size();
  for (;;) {
    int64_t size = 0;
    const auto [rest, error] = std::from_chars(at, end, size);
    if (error != std::errc() || size < 1 || *at == '0') return {};
    sizes.push_back(size);
    if (rest == end) return sizes;
    if (*rest != separator) return {};
    at = rest + 1;
  }
}

constexpr const char *size_pattern = "SIDE or HEIGHTxWIDTH, 1 to 32768",
                     *shape_pattern = "up to 7 sizes such as 1,28,28";
bool is_picture_size(const std::string& text) {
  const auto sides = sizes_of(text, 'x');
  return (sides.size() == 1 || sides.size() == 2) &&
         std::ranges::all_of(sides, [](int64_t side) { return side <= 32768; });
}
bool is_row_shape(const std::string& text) {
  constexpr int64_t most = int64_t{1} << 31;
  const auto sizes = sizes_of(text, ',');
  int64_t all = sizes.empty() || sizes.size() >= Shape::max_rank ? most : 1;
  for (const int64_t size : sizes) all = all > most / size ? most : all * size;
  return all < most;
}

// The options that say how data are read, all as texts: calls f(name, text), which may set them.
template <class Options, class F>
void for_each_reading(Options& options, F f) {
  f("resize", options.size);
  f("label", options.label);
  f("target", options.target);
  f("shape", options.shape);
}

}  // namespace

std::string DataOptions::how() const {
  TextStream text;
  if (test_fraction) text << "test-fraction=" << *test_fraction << ' ';
  if (channels) text << "channels=" << *channels << ' ';
  for_each_reading(*this, [&](const char* name, std::string value) {
    std::ranges::replace(value, ' ', '\t');  // so that spaces part options
    if (!value.empty()) text << name << '=' << value << ' ';
  });
  return text.str();
}

void DataOptions::read_as(const std::string& how) {
  std::istringstream words(how);
  for (std::string word; std::getline(words, word, ' ');) {
    const size_t equals = std::min(word.find('='), word.size());
    const std::string name = word.substr(0, equals);
    std::string value = word.substr(std::min(equals + 1, word.size()));
    std::ranges::replace(value, '\t', ' ');
    bool is_known = false;
    for_each_reading(*this, [&](const char* known, std::string& option) {
      if (name == known) option = value;
      is_known = is_known || name == known;
    });
    double number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool is_number = error == std::errc() && end == value.data() + value.size();
    if (name == "test-fraction" && is_number && number > 0 && number < 1) {
      test_fraction = number;
    } else if (name == "channels" && (value == "1" || value == "3")) {
      channels = static_cast<int64_t>(number);
    } else {
      check(is_known, "metadata \"tinynn.reading\" has ", io::detail::in_quotes(word),
            ", expected an option of data");
    }
  }
}

data::OpenOptions open_options(const DataOptions& options, const std::optional<Shape>& wanted) {
  data::OpenOptions result{.channels = options.channels,
                           .seed = options.seed,
                           .label = options.label,
                           .target = options.target,
                           .normalization = options.normalization,
                           .classes = options.classes};
  if (options.test_fraction) result.test_fraction = *options.test_fraction;
  if (!options.size.empty()) {
    const auto sides = sizes_of(options.size, 'x');
    check(is_picture_size(options.size), "--resize: \"", options.size, "\", expected ", size_pattern);
    result.size = {sides.front(), sides.back()};
  }
  if (!options.shape.empty()) {
    check(is_row_shape(options.shape), "--shape: \"", options.shape, "\", expected ", shape_pattern);
    result.shape = Shape(sizes_of(options.shape, ','));
  }
  if (wanted && wanted->rank() == 3) {
    const int64_t channels = (*wanted)[0];
    if (!result.channels && (channels == 1 || channels == 3)) result.channels = channels;
    if (!result.shape) result.shape = *wanted;
  }
  return result;
}

void add_reading_options(const Command& command, DataOptions& options) {
  const auto add = [&](const char* name, auto& value, const char* help) {
    return command.add(name, value, help).group("Data");
  };
  add("--test-fraction", options.test_fraction,
      "How much to set aside for testing of data that come in one part, by default 0.2")
      .in_range(0.001, 0.999);
  add("--resize", options.size, "Scale pictures to SIDE or HEIGHTxWIDTH").check([](const std::string& text) {
    return is_picture_size(text) ? "" : '"' + text + "\", expected " + size_pattern;
  });
  add("--channels", options.channels,
      "1: grey pictures, 3: coloured ones; by default as the network wants them, or as they are")
      .check([](const std::string& text) {
        return text == "1" || text == "3" ? "" : '"' + text + "\", expected 1 or 3";
      });
  add("--label", options.label,
      "Of CSV, the column with the class: its name, first or last; by default found out");
  add("--target", options.target, "Of CSV, the column with a number to predict: its name, first or last");
  add("--shape", options.shape,
      "Shape of a row of numbers, such as 1,28,28 for pixels from 0 to 255; by default as the network wants "
      "it")
      .check([](const std::string& text) {
        return is_row_shape(text) ? "" : '"' + text + "\", expected " + shape_pattern;
      });
}

Option add_data_options(const Command& command, DataOptions& options) {
  const Option option = add_data_option(command, options);
  add_reading_options(command, options);
  return option;
}

}  // namespace tinynn::cli
