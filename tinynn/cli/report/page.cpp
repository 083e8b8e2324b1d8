#include <tinynn/cli/report/page.hpp>
#include <tinynn/core/version.hpp>

namespace tinynn::cli {
namespace {

constexpr const char* style_sheet = R"(
:root { color-scheme: light dark; --paper: #fbfbf9; --card: #ffffff; --ink: #22252a; --soft: #626973;
        --line: #e2e3e0; --tile: #eeeeea; --accent: #2f6fc4; --faint: #a9c5ea; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #16181b; --card: #1d2024; --ink: #e4e6e9; --soft: #9aa2ad; --line: #32363c;
          --tile: #2a2e33; --accent: #6ba4ee; --faint: #375378; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); overflow-wrap: anywhere;
       font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .5rem; letter-spacing: -.01em; }
h2 { font-size: 1.2rem; margin: 2.75rem 0 .75rem; }
h3 { font-size: 1rem; font-weight: 600; margin: 0 0 .5rem; }
p { margin: 0 0 .9rem; max-width: 46rem; }
.lead { font-size: 1.1rem; }
.note { color: var(--soft); font-size: .875rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: .75rem;
         margin: 1.5rem 0; }
.facts div, figure, .command { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
                               padding: .9rem 1rem; }
.facts span { display: block; }
.facts .name, .facts .detail { color: var(--soft); font-size: .85rem; }
.facts .value { font-size: 1.55rem; line-height: 1.35; font-variant-numeric: tabular-nums; }
.side { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem;
        align-items: start; }
figure { margin: 0 0 1rem; min-width: 0; }
.side > figure { margin: 0; }
figcaption { font-weight: 600; margin-bottom: .5rem; }
figcaption .note { font-weight: 400; }
figure svg { display: block; width: 100%; height: auto; }
figure svg text { fill: var(--soft); font-family: inherit; }
.scroll + .note, .pictures + .note, img + .note { margin-top: .5rem; }
.side + .scroll { margin-top: 1rem; }
details { margin-top: .5rem; }
summary { color: var(--soft); font-size: .875rem; cursor: pointer; }
.scroll { overflow: auto; max-height: 36rem; max-width: 100%; overflow-wrap: normal; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .8rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; padding-left: .1rem; }
th { color: var(--soft); font-weight: 500; }
th:first-child { white-space: normal; }
.command, .row { font: .9rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
           white-space: pre; overflow-x: auto; user-select: all; margin: 0 0 .75rem; }
.row { font-size: .8rem; margin: .4rem 0; }
.bar { display: inline-block; position: relative; width: 6rem; height: .6rem; margin-right: .6rem;
       background: var(--tile); border-radius: 3px; overflow: hidden; }
.bar span { position: absolute; left: 0; top: 0; bottom: 0; background: var(--accent); }
.bar .before { background: var(--faint); }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem 1.5rem; }
.picture { min-width: 0; max-width: 100%; margin: 0; }
.picture img { display: block; max-width: 100%; height: auto; background: var(--tile); image-rendering: pixelated; }
@media (max-width: 860px) { .picture img.large { image-rendering: auto; } }
@media (max-width: 480px) { main { padding: 1.5rem 1rem 3rem; } h1 { font-size: 1.5rem; }
                            figure { padding: .75rem .6rem; } table { font-size: .85rem; }
                            th, td { padding: .35rem .45rem; }
                            th:first-child, td:first-child { white-space: normal; } }
@media print { .scroll { max-height: none; } figure { break-inside: avoid; } }
)";

Html block(const char* tag, const char* kind, const Html& content) {
  return element(tag, content, {{"class", kind}});
}

}  // namespace

std::string page(const std::string& title, const Html& body) {
  const Html head =
      element("meta", {{"charset", "utf-8"}}) +
      element("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}}) +
      element("title", title) + element("style", Html::trusted(style_sheet));
  const Html document = element("head", head) + Html::trusted("\n") + element("body", element("main", body));
  return "<!DOCTYPE html>\n" + element("html", document, {{"lang", "en"}}).markup() + "\n";
}

Html section(const std::string& heading, const Html& content) {
  return element("section", element("h2", heading) + content) + Html::trusted("\n");
}

Html paragraph(const Html& content) { return element("p", content); }

Html note(const Html& content) { return block("p", "note", content); }

Html side_by_side(const Html& blocks) { return block("div", "side", blocks); }

Html facts(const std::vector<Fact>& facts) {
  Html tiles;
  for (const auto& [name, value, detail] : facts)
    tiles += element(
        "div", block("span", "name", name) + block("span", "value", value) + block("span", "detail", detail));
  return block("div", "facts", tiles);
}

Html command_section(const std::string& command, const std::string& settings) {
  Html content = block("pre", "command", command);
  if (!settings.empty()) content += note("With its defaults: " + settings);
  content += note(std::string("Made by tinynn ") + version() +
                  ". The number of threads does not change the result.");
  return section("Make it again", content);
}

}  // namespace tinynn::cli
