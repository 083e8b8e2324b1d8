#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>

#include <tinynn/cli/data_metadata.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/io/one_line.hpp>

namespace tinynn::cli {
namespace {

constexpr const char *classes_key = "tinynn.classes", *normalization_key = "tinynn.normalization",
                     *scaling_key = "tinynn.scaling", *reading_key = "tinynn.reading";

std::string number_text(double number) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, static_cast<float>(number)).ptr};
}

std::string text_of(const data::Normalization& numbers) {
  std::string text;
  for (size_t c = 0; c < numbers.mean.size(); ++c)
    text += (c > 0 ? "," : "") + number_text(numbers.mean[c]) + '/' + number_text(numbers.std[c]);
  return text;
}

data::Normalization normalization_of(const std::string& key, const std::string& text) {
  constexpr double most = 1e30;  // what is computed from them is still a number
  data::Normalization result;
  std::istringstream list(text);
  for (std::string pair; std::getline(list, pair, ',');) {
    const size_t slash = std::min(pair.find('/'), pair.size());
    const char* const end = pair.data() + pair.size();
    double mean = 0, std = 0;
    const auto first = std::from_chars(pair.data(), pair.data() + slash, mean);
    const auto second = std::from_chars(std::min(first.ptr + 1, end), end, std);
    check(first.ec == std::errc() && first.ptr == pair.data() + slash && second.ec == std::errc() &&
              second.ptr == end && std::abs(mean) <= most && std >= 1 / most && std <= most,
          "metadata \"", key, "\" has ", io::detail::in_quotes(pair), ", expected mean/std");
    result.mean.push_back(mean);
    result.std.push_back(std);
  }
  check(!result.mean.empty(), "metadata \"", key, "\" is empty, expected mean/std");
  return result;
}

}  // namespace

io::Metadata data_metadata(const DataSets& data, const DataOptions& options) {
  io::Metadata metadata;
  bool numbered = true;
  std::string names;
  for (size_t i = 0; i < data.classes.size(); ++i) {
    std::string name = data.classes[i];
    numbered = numbered && name == std::to_string(i);
    std::ranges::replace(name, '\n', ' ');
    names += (i > 0 ? "\n" : "") + name;
  }
  if (!numbered) metadata[classes_key] = names;
  if (!data.normalization.mean.empty()) metadata[normalization_key] = text_of(data.normalization);
  if (!data.scaling.mean.empty()) metadata[scaling_key] = text_of(data.scaling);
  if (options.says_how()) metadata[reading_key] = options.how();
  return metadata;
}

void use_metadata(DataOptions& options, const io::Metadata& metadata) {
  if (const auto found = metadata.find(reading_key); found != metadata.end() && !options.says_how())
    options.read_as(found->second);
  for (const char* key : {normalization_key, scaling_key}) {
    const auto found = metadata.find(key);
    if (found != metadata.end() && !options.normalization)
      options.normalization = normalization_of(key, found->second);
  }
  if (const auto found = metadata.find(classes_key); found != metadata.end() && options.classes.empty()) {
    std::string_view rest = found->second;  // the last may be without a name
    for (size_t end = 0; end != std::string_view::npos;
         rest.remove_prefix(end == std::string_view::npos ? 0 : end + 1)) {
      end = rest.find('\n');
      options.classes.emplace_back(rest.substr(0, end));
    }
  }
}

}  // namespace tinynn::cli
