// What the readers of data::open() hand over, and what is made of it. Not for users of tinynn.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <tinynn/data/open.hpp>

namespace tinynn::data::detail {

/// Samples of one part of a data set: pictures of bytes, or numbers; with labels, or numbers as targets.
struct Part {
  Shape shape = {};                  // of a sample; (c, h, w) of a picture
  std::vector<uint8_t> pixels = {};  // (n, c, h, w)
  std::vector<float> numbers = {};   // (n, ...shape), of what is no picture
  std::vector<int64_t> labels = {};  // (n), indices into Parts::classes
  std::vector<float> targets = {};   // (n, target_size)
};

struct Parts {
  Part train = {};
  std::optional<Part> test = {};  // without it some of the other is set aside
  bool are_pictures = true;
  std::vector<std::string> classes = {};
  std::vector<std::string> columns = {};
  int64_t target_size = 0;  // 0: labels
};

/// Splits, scales, measures and normalises as the options say. `name` is for messages.
Opened assemble(const std::string& name, Parts parts, const OpenOptions& options, const char* kind);

/// A picture with this many channels, of a size h x w = area.
std::vector<uint8_t> with_channels(const std::vector<uint8_t>& pixels, int64_t from, int64_t to,
                                   int64_t area);

/// Classes for labels that are numbers from 0 on, or if there is no 0 from 1 on, which they are then no
/// longer: the names. Throws Error if a label is below 0 or above 65535.
std::vector<std::string> number_classes(const std::string& name, Parts& parts);

}  // namespace tinynn::data::detail
