// ONNX export: a plan as a model of the Open Neural Network Exchange (onnx.ai), operator set 13, with any
// number of samples. In a library of its own, tinynn::onnx, which is built where Debian's libonnx-dev, which
// has the official schema, is found.
#pragma once

#include <filesystem>
#include <string>

#include <tinynn/program/plan.hpp>

namespace tinynn::deploy {

/// The bytes of an ONNX file with the input "input" (n, ...) and the output "output" (n, ...). Checked by
/// ONNX's own checker. Throws Error for a step that operator set 13 has nothing for.
std::string to_onnx(const Plan& plan, const std::string& name);
/// Writes them atomically. Throws Error, too, if the file cannot be written; nothing is then left behind.
void write_onnx(const Plan& plan, const std::string& name, const std::filesystem::path& path);

}  // namespace tinynn::deploy
