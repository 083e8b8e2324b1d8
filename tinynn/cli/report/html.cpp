#include <algorithm>

#include <tinynn/cli/report/html.hpp>
#include <tinynn/cli/report/utf8.hpp>

namespace tinynn::cli {
namespace {

std::string opening(const char* tag, const std::vector<Attribute>& attributes) {
  std::string markup = std::string("<") + tag;
  for (const auto& [name, value] : attributes)
    markup += std::string(" ") + name + "=\"" + value.markup() + "\"";
  return markup;
}

}  // namespace

Html Html::trusted(std::string markup) {
  Html html;
  html.markup_ = std::move(markup);
  return html;
}

Html& Html::operator+=(const Html& more) {
  markup_ += more.markup_;
  return *this;
}

std::string Html::escaped(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const size_t length = printable_length(text);
    switch (text[0]) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&quot;"; break;
      case '\'': result += "&#39;"; break;
      default: result += length > 0 ? text.substr(0, length) : "\xef\xbf\xbd";
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return result;
}

Html element(const char* tag, const Html& content, const std::vector<Attribute>& attributes) {
  return Html::trusted(opening(tag, attributes) + ">" + content.markup() + "</" + tag + ">");
}

Html element(const char* tag, const std::vector<Attribute>& attributes) {
  return Html::trusted(opening(tag, attributes) + "/>");
}

Html html_table(const Table& table) {
  Html head, body;
  for (const auto& row : table.rows()) {
    const bool is_head = &row == &table.rows().front();
    Html cells;
    for (const auto& cell : row) cells += element(is_head ? "th" : "td", cell);
    (is_head ? head : body) += element("tr", cells) + Html::trusted("\n");
  }
  return element("div", element("table", element("thead", head) + element("tbody", body)),
                 {{"class", "scroll"}});
}

}  // namespace tinynn::cli
