#include <algorithm>

#include <tinynn/core/error.hpp>
#include <tinynn/core/version.hpp>
#include <tinynn/export/header.hpp>
#include <tinynn/export/header_kernels.hpp>
#include <tinynn/export/header_steps.hpp>
#include <tinynn/export/header_text.hpp>

namespace tinynn::deploy {
namespace {

// Letters, digits and single underscores, so that whatever is added makes a name that C and C++ leave to
// their users.
void check_name(const std::string& name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const bool good =
      !name.empty() && is_letter(name[0]) && name.back() != '_' && name.find("__") == std::string::npos &&
      std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; });
  check(good, "header: the name is \"", name,
        "\", expected letters, digits and single underscores, the first a letter and the last no underscore");
}

// One line of a comment, whatever is in it.
std::string comment(const std::string& what, std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\\') c = '?';
  }
  return "//   " + what + std::string(what.size() < 12 ? 12 - what.size() : 1, ' ') + text + "\n";
}

// Names of one header with "nn" after the first are those of no other.
std::string renamed(const std::string& code, const std::string& name) {
  const std::string before = "tinynn_", after = name + "_nn_";
  std::string text;
  size_t at = 0;
  for (size_t next; (next = code.find(before, at)) != std::string::npos; at = next + before.size())
    text += code.substr(at, next - at) + after;
  return text + code.substr(at);
}

constexpr const char* data_macros =
    R"(// In C++ there is one of each in a program; in C, in each file that calls the network.
#ifdef __cplusplus
#define tinynn_constant inline constexpr
#define tinynn_memory inline
#else
#define tinynn_constant static const
#define tinynn_memory static
#endif
)";

// The functions for the user. Pixels come as floats or as bytes.
std::string entry_points(const std::string& name, const std::string& statements, bool raw) {
  const auto entry = [&](const char* suffix, const char* type, const char* format) {
    return join("static inline void ", name, "_predict", suffix, "(const ", type,
                "* input, float* output) {\n  const tinynn_numbers x = {tinynn_", format,
                ", 1, (void*)input};\n");
  };
  const std::string y = "  const tinynn_numbers y = {tinynn_float32, 1, output};\n";
  if (!raw) return entry("", "float", "float32") + y + statements + "}\n";
  const std::string run = "  tinynn_run_network(x, output);\n}\n";
  return "static inline void tinynn_run_network(const tinynn_numbers x, float* output) {\n" + y + statements +
         "}\n\n" + entry("", "float", "float32") + run + entry("_pixels", "uint8_t", "uint8") + run +
         "#ifdef __cplusplus\n" + "static inline void " + name +
         "_predict(const uint8_t* input, float* output) { " + name + "_predict_pixels(input, output); }\n" +
         "#endif\n";
}

}  // namespace

Header to_header(const Plan& plan, const HeaderOptions& options) {
  check_name(options.name);
  check(!options.pixels || std::ranges::all_of(plan.steps,
                                               [&](const Step& step) {
                                                 return step.inputs[0] != plan.input ||
                                                        step.kind == &deploy::steps::scale_shift;
                                               }),
        "header: pixels want a plan that normalises them");
  const HeaderSteps steps = header_steps(plan);
  const std::string& name = options.name;
  const Shape &in = plan.values[plan.input], &out = plan.values[plan.output];
  Header header{.text = {},
                .constant_bytes = steps.arrays.bytes(),
                .memory_bytes = steps.memory_bytes,
                .vector_memory_bytes = steps.vector_memory_bytes};
  std::string& text = header.text;
  text =
      join("// A neural network in C99 that is also C++17, made by tinynn ", version(),
           ": include it, and call\n//\n//   ", name, "_predict(input, output);  // ", in.numel(),
           " floats, ", out.numel(), " floats\n//\n") +
      comment("input", join("(", in, ")", options.pixels ? ", pixels of 0 to 255, channel by channel" : "")) +
      (options.pixels ? comment("", join("in bytes: ", name, "_predict_pixels(input, output)")) : "") +
      comment("output", join("(", out, ")"));
  for (const auto& [what, value] : options.card) text += comment(what, value);
  text += comment("constants", join(header.constant_bytes, " bytes")) +
          comment("memory", join(header.memory_bytes, " bytes, static: one call at a time")) +
          (header.vector_memory_bytes > header.memory_bytes
               ? comment("", join(header.vector_memory_bytes,
                                  " bytes where there are vectors (SSE2, AVX2, NEON)"))
               : "") +
          join("#ifndef tinynn_header_of_", name, "\n#define tinynn_header_of_", name,
               "\n\n#include <math.h>\n#include <stddef.h>\n#include <stdint.h>\n\n");

  const auto dimensions = [](const Shape& shape) { return shape.rank() == 0 ? "1" : join(shape); };
  std::string sizes;
  for (const auto& array : steps.arrays.names())
    sizes += join(sizes.empty() ? "" : " +\n    ", "sizeof(", array, ")");
  const std::string code =
      steps.functions + "\n" + steps.arrays.text() + "\n" + steps.buffers + "\n" +
      join("tinynn_constant int ", name, "_input_shape[] = {", dimensions(in), "};\n", "tinynn_constant int ",
           name, "_output_shape[] = {", dimensions(out), "};\n", "tinynn_constant size_t ", name,
           "_constant_bytes =\n    ", sizes.empty() ? "0" : sizes, ";\n\n") +
      entry_points(name, steps.statements, options.pixels);
  text += renamed(data_macros + ("\n" + kernels_of(code)) + code, name) +
          renamed("\n#undef tinynn_inline\n#undef tinynn_constant\n#undef tinynn_memory\n\n#endif\n", name);
  return header;
}

}  // namespace tinynn::deploy
