// Page: the frame of a report, one HTML file that needs nothing from outside: its style is in it, pictures
// are data URIs, and there is no script.
#pragma once

#include <string>
#include <vector>

#include <tinynn/cli/report/html.hpp>

namespace tinynn::cli {

/// A whole document.
std::string page(const std::string& title, const Html& body);

/// The parts that reports are made of.
Html section(const std::string& heading, const Html& content);
Html paragraph(const Html& content);
Html note(const Html& content);  // in small print
/// Blocks side by side where there is room, else one below the other.
Html side_by_side(const Html& blocks);

struct Fact {
  std::string name, value, detail = {};
};
/// The few numbers that matter most.
Html facts(const std::vector<Fact>& facts);
/// A command to copy (one click selects it whole), the settings it left to their defaults, if that is not
/// empty, and the version of tinynn that ran it.
Html command_section(const std::string& command, const std::string& settings);

}  // namespace tinynn::cli
