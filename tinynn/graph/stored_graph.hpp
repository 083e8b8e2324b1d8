// A graph as one line of text, from which it is made again without the code that ran. Items stand between
// semicolons: inputs, operations in order, outputs, and what else is known.
//
// clang-format off
//   in n,1,28,28;conv2d %0 conv1.weight .bias stride=1*2;relu %1;...;out %8
//
//   in SHAPE               an input, with n for the number of samples
//   OP INPUT... NAME=LIST  an operation of ops/registry.hpp. An input is %3, the fourth of all inputs and
//                          results; the name of a parameter, or of a buffer behind @; or - if none was given.
//                          A name that begins with a dot goes on where the last name had its last dot. In a
//                          list of numbers, 1*2 is 1,1 and 3n is three times the number of samples. Where there
//                          is a stride, a padding of 0 and a dilation of 1 are not written.
//   out VALUE...           what is returned
//   block NAME VALUE VALUE a part that can be left out: its name, what it gets, and what it gives
//   also NAME              a parameter or buffer that no operation reads
//   only COUNT             the one number of samples on which it runs
// clang-format on
//
// What a parameter is, and its shape, stands with its tensor, not here.
#pragma once

#include <string>
#include <string_view>

#include <tinynn/graph/graph.hpp>

namespace tinynn::graph {

/// Whether a parameter, buffer or module of this name can be written: it is not empty, has no space, control
/// character, semicolon or equals sign, and does not begin with one of "%@-.".
bool is_name(std::string_view text);

/// Throws Error if a name cannot be written.
std::string to_line(const Graph& graph);

/// The graph of such a line, of one sample. Its parameters and buffers have names but no tensors yet, and no
/// shapes; nor have results. Throws Error, with the item's number, for what is none: an operation that does
/// not exist, a value that comes later, a graph without outputs.
Graph from_line(std::string_view line);

}  // namespace tinynn::graph
