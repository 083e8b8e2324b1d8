#include <algorithm>
#include <cstdio>

#include <tinynn/cli/table.hpp>

namespace tinynn::cli {

std::string Table::text() const {
  std::vector<size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string text;
  for (size_t r = 0; r < rows_.size(); ++r) {
    std::string rule;
    for (size_t c = 0; c < rows_[r].size(); ++c) {
      const std::string gap(widths[c] - rows_[r][c].size(), ' ');
      text += (c == 0 ? "" : "  ") + (c == 0 ? rows_[r][c] + gap : gap + rows_[r][c]);
      rule += (c == 0 ? "" : "  ") + std::string(widths[c], '-');
    }
    text += '\n';
    if (r == 0) text += rule + '\n';
  }
  return text;
}

std::string heading(const std::string& model) {
  constexpr size_t most = 40;
  if (model.size() <= most) return model;
  const std::string begin = model.substr(0, most);
  return begin.substr(0, std::min(begin.rfind(','), most)) + ", ...";
}

std::string with_commas(int64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<int64_t>(digits.size()) - 3; at > (number < 0 ? 1 : 0); at -= 3) {
    digits.insert(static_cast<size_t>(at), ",");
  }
  return digits;
}

std::string fixed(double number, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, number);
  return text;
}

std::string percent(double fraction) { return fixed(100 * fraction, 2) + "%"; }

std::string share(int64_t part, int64_t whole) {
  return whole == 0 ? "-" : percent(static_cast<double>(part) / static_cast<double>(whole));
}

}  // namespace tinynn::cli
