#include <algorithm>
#include <cmath>
#include <cstdio>

#include <tinynn/cli/inspect_data.hpp>
#include <tinynn/cli/png.hpp>
#include <tinynn/cli/table.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/io/atomic_file.hpp>
#include <tinynn/io/json.hpp>

namespace tinynn::cli {
namespace {

using io::Json;

constexpr int64_t pictures_of_class = 10, largest_picture = 128, most_rows = 200;

// Samples of each class in order, at most so many; where there are no classes, all in one row.
std::vector<std::vector<int64_t>> samples_by_class(const data::Dataset& dataset, int64_t most) {
  std::vector<std::vector<int64_t>> rows(static_cast<size_t>(std::max<int64_t>(1, dataset.classes())));
  std::vector<float> unused(static_cast<size_t>(dataset.sample_shape().numel()));
  for (int64_t i = 0; i < dataset.size(); ++i) {
    data::Generator generator(RandomStream(0, 0));
    const int64_t label = dataset.classes() == 0 ? 0 : dataset.get(i, generator, unused.data());
    if (std::ssize(rows[label]) < most) rows[label].push_back(i);
  }
  return rows;
}

std::vector<int64_t> class_counts(const data::Dataset& dataset) {
  std::vector<int64_t> counts;
  for (const auto& samples : samples_by_class(dataset, dataset.size())) counts.push_back(std::ssize(samples));
  return counts;
}

// A sample as it was before it was normalised, not larger than it needs to be seen.
data::DecodedImage picture_of(const data::Dataset& dataset, int64_t i, const data::Normalization& by) {
  const Shape shape = dataset.sample_shape();
  const int64_t area = shape[1] * shape[2];
  std::vector<float> values(static_cast<size_t>(shape.numel()));
  data::Generator generator(RandomStream(0, 0));
  dataset.get(i, generator, values.data());
  data::DecodedImage image{{shape[1], shape[2]}, {}};
  for (int64_t k = 0; k < shape.numel(); ++k) {
    const double white = static_cast<double>(values[k]) * by.std[k / area] + by.mean[k / area];
    image.pixels.push_back(static_cast<uint8_t>(std::clamp(std::lround(white * 255), 0L, 255L)));
  }
  const int64_t longest = std::max(shape[1], shape[2]);
  if (longest <= largest_picture) return image;
  const auto scaled = [&](int64_t side) { return std::max<int64_t>(1, side * largest_picture / longest); };
  return data::resize(image, shape[0], {scaled(shape[1]), scaled(shape[2])});
}

// The first pictures of each class in a row, as a PNG.
std::string contact_sheet(const DataSets& data, const std::string& name) {
  const data::Dataset& dataset = *data.train;
  const Shape shape = dataset.sample_shape();
  check(!data.normalization.mean.empty() && (shape[0] == 1 || shape[0] == 3), "--contact-sheet: ", name,
        " has no pictures, grey or coloured, but samples of shape ", shape);
  constexpr int64_t gap = 2;
  constexpr uint8_t paper = 255;
  auto rows = samples_by_class(dataset, pictures_of_class);
  if (std::ssize(rows) > most_rows) rows.resize(most_rows);
  const data::ImageSize cell = picture_of(dataset, 0, data.normalization).size;
  const int64_t width = pictures_of_class * (cell.width + gap) + gap,
                height = std::ssize(rows) * (cell.height + gap) + gap;
  std::vector<uint8_t> sheet(static_cast<size_t>(width * height * shape[0]), paper);
  for (int64_t row = 0; row < std::ssize(rows); ++row) {
    for (int64_t column = 0; column < std::ssize(rows[row]); ++column) {
      const auto picture = picture_of(dataset, rows[row][column], data.normalization);
      for (int64_t k = 0; k < std::ssize(picture.pixels); ++k) {
        const int64_t c = k / (cell.height * cell.width),
                      y = gap + row * (cell.height + gap) + k / cell.width % cell.height,
                      x = gap + column * (cell.width + gap) + k % cell.width;
        sheet[(y * width + x) * shape[0] + c] = picture.pixels[k];
      }
    }
  }
  return png(width, height, shape[0], sheet);
}

std::string channel_name(const DataSets& data, int64_t i, int64_t channels) {
  if (!data.columns.empty()) return data.columns[i];
  if (data.normalization.mean.empty()) return "column " + std::to_string(i + 1);
  if (channels == 1) return "grey";
  return channels == 3 ? std::vector<std::string>{"red", "green", "blue"}[i]
                       : "channel " + std::to_string(i + 1);
}

void print(const DataSets& data, const std::string& name) {
  TextStream shape;
  shape << data.train->sample_shape();
  std::printf("%s: %s, %s samples to train on, %s to test on, of shape %s\n\n", name.c_str(),
              data.kind.c_str(), with_commas(data.train->size()).c_str(),
              with_commas(data.test->size()).c_str(), shape.str().c_str());
  if (!data.classes.empty()) {
    Table table({"class", "name", "to train on", "to test on"});
    const auto train = class_counts(*data.train), test = class_counts(*data.test);
    for (size_t i = 0; i < data.classes.size(); ++i) {
      const auto count = [&](const auto& counts) { return with_commas(i < counts.size() ? counts[i] : 0); };
      table.add({std::to_string(i), data.classes[i], count(train), count(test)});
    }
    std::printf("%s\n", table.text().c_str());
  } else {
    TextStream target;
    target << data.train->target_shape().value_or(Shape());
    std::printf("targets are numbers of shape %s\n\n", target.str().c_str());
  }
  const bool pictures = !data.normalization.mean.empty();
  const auto& [mean, std] = pictures ? data.normalization : data.scaling;
  constexpr size_t most = 20;
  Table table({pictures ? "channel, white = 1" : "input", "mean", "standard deviation"});
  for (size_t i = 0; i < std::min(most, mean.size()); ++i) {
    const auto text = [](double number) {
      TextStream stream;
      stream << number;
      return stream.str();
    };
    table.add({channel_name(data, static_cast<int64_t>(i), std::ssize(mean)), text(mean[i]), text(std[i])});
  }
  std::printf("%s", table.text().c_str());
  if (mean.size() > most) std::printf("and %zu more\n", mean.size() - most);
}

Json to_json(const DataSets& data) {
  const bool pictures = !data.normalization.mean.empty();
  const auto& [mean, std] = pictures ? data.normalization : data.scaling;
  const Shape shape = data.train->sample_shape();
  Json json{{"kind", data.kind},
            {"train", data.train->size()},
            {"test", data.test->size()},
            {"shape", std::vector<int64_t>(shape.begin(), shape.end())},
            {"mean", mean},
            {"std", std}};
  if (!data.classes.empty()) {
    json.set("classes", data.classes);
    json.set("train_by_class", class_counts(*data.train));
    json.set("test_by_class", class_counts(*data.test));
  }
  if (!data.columns.empty()) json.set("columns", data.columns);
  return json;
}

}  // namespace

void add_inspect_data_options(const Command& command, InspectDataOptions& options) {
  add_data_option(command, options.data);
  command.add("--contact-sheet", options.contact_sheet,
              "Write the first pictures of each class of --data to this PNG file");
  add_reading_options(command, options.data);
}

void inspect_data(const InspectDataOptions& options, const Output& output) {
  Output files = output;
  files.file = options.contact_sheet;
  check_writable(files);
  const DataSets data = open_dataset(options.data);
  if (!options.contact_sheet.empty())
    io::write_file_atomically(options.contact_sheet, contact_sheet(data, options.data.name_or_path));
  if (!output.metrics.empty()) io::write_file_atomically(output.metrics, to_json(data).text(2) + "\n");
  if (!output.quiet) print(data, options.data.name_or_path);
}

}  // namespace tinynn::cli
