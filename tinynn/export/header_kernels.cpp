#include <algorithm>
#include <set>
#include <sstream>
#include <vector>

#include <tinynn/export/header_kernels.hpp>

namespace tinynn::deploy {

extern const char* const header_kernels_source;  // the build makes it of the files

namespace {

struct Section {
  std::string name;
  std::vector<std::string> needs;
  std::string text;
};

// A section goes from "//- section NAME: NEEDED..." to the next line with "//-".
std::vector<Section> read_sections() {
  std::vector<Section> sections;
  std::istringstream lines(header_kernels_source);
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("//-")) {
      std::replace(line.begin(), line.end(), ':', ' ');
      std::istringstream words(line);
      std::string marker, kind, name;
      words >> marker >> kind >> name;
      inside = kind == "section";
      if (inside) sections.push_back({name, {}, {}});
      while (inside && words >> name) sections.back().needs.push_back(name);
    } else if (inside) {
      sections.back().text += line + "\n";
    }
  }
  return sections;
}

bool mentions(const std::string& code, const std::string& name) {
  const auto goes_on = [](char c) { return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); };
  for (size_t at = code.find(name); at != std::string::npos; at = code.find(name, at + 1)) {
    if (at + name.size() == code.size() || !goes_on(code[at + name.size()])) return true;
  }
  return false;
}

}  // namespace

std::string kernels_of(const std::string& code) {
  const std::vector<Section> sections = read_sections();
  std::set<std::string> needed{"numbers"};
  std::string text;
  for (auto section = sections.rbegin(); section != sections.rend(); ++section) {
    if (!needed.contains(section->name) && !mentions(code, "tinynn_" + section->name)) continue;
    needed.insert(section->needs.begin(), section->needs.end());
    text.insert(0, section->text);
  }
  return text;
}

}  // namespace tinynn::deploy
