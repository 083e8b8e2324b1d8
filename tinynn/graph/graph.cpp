#include <algorithm>
#include <sstream>

#include <tinynn/core/error.hpp>
#include <tinynn/graph/graph.hpp>

namespace tinynn::graph {
namespace {

std::string shape_of(const Value& value) {
  TextStream text;
  text << '(';
  for (int64_t d = 0; d < value.shape.rank(); ++d) {
    text << (d > 0 ? ", " : "");
    if (value.varies[d]) {
      text << '*';
    } else {
      text << value.shape[d];
    }
  }
  text << ')';
  return text.str();
}

std::string attributes_of(const Operation& operation) {
  TextStream text;
  std::string_view last;
  for (const auto& [name, value] : operation.attributes) {
    if (name == last) {  // a list
      text << ',' << value;
    } else {
      text << ' ' << name << '=' << value;
    }
    last = name;
  }
  return text.str();
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return result + '"';
}

}  // namespace

int64_t Graph::uses(int value) const {
  int64_t count = 0;
  for (const Operation& operation : operations) count += std::ranges::count(operation.inputs, value);
  return count;
}

int64_t Graph::macs(const Operation& operation) const {
  if (operation.op->macs == nullptr) return 0;
  std::vector<Tensor> read;
  for (const int input : operation.inputs) read.push_back(input < 0 ? Tensor() : values[input].tensor);
  return operation.op->macs(read, values[operation.output].tensor);
}

std::string to_text(const Graph& graph) {
  TextStream text;
  for (const int input : graph.inputs) {
    const Value& value = graph.values[input];
    text << value.name << ' ' << shape_of(value) << '\n';
  }
  for (const Operation& operation : graph.operations) {
    const Value& output = graph.values[operation.output];
    text << output.name << ' ' << shape_of(output) << " = " << operation.op->name << '(';
    for (size_t i = 0; i < operation.inputs.size(); ++i) {
      const int input = operation.inputs[i];
      text << (i > 0 ? ", " : "") << (input < 0 ? "none" : graph.values[input].name);
    }
    text << ')' << attributes_of(operation) << '\n';
  }
  text << "return";
  for (const int output : graph.outputs) text << ' ' << graph.values[output].name;
  text << '\n';
  return text.str();
}

std::string to_dot(const Graph& graph) {
  TextStream text;
  text << "digraph model {\n  node [shape=box, fontname=\"sans-serif\"];\n";
  const auto node = [&](int number, const std::string& label, const char* style) {
    text << "  v" << number << " [label=" << quoted(label) << style << "];\n";
  };
  for (const int input : graph.inputs) node(input, graph.values[input].name, "");
  for (const Operation& operation : graph.operations) {
    std::string label = operation.op->name + (" " + shape_of(graph.values[operation.output]));
    for (const int input : operation.inputs) {
      if (input < 0) continue;
      const Value& value = graph.values[input];
      const bool flows = value.kind == Value::Kind::input || value.kind == Value::Kind::result;
      if (flows) {
        text << "  v" << input << " -> v" << operation.output << ";\n";
      } else {
        label += "\n" + value.name + ' ' + shape_of(value);
      }
    }
    node(operation.output, label, ", style=filled, fillcolor=\"#eef3fa\"");
  }
  for (const int output : graph.outputs) {
    text << "  out" << output << " [label=\"output\", shape=plain];\n  v" << output << " -> out" << output
         << ";\n";
  }
  text << "}\n";
  return text.str();
}

}  // namespace tinynn::graph
