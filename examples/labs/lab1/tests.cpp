// The checks of lab 1. Graphs for `order` and `backward` are made here, with ways back of their own, so that
// a mistake in one function costs no points in another.
#include <algorithm>
#include <cmath>
#include <functional>
#include <unordered_map>

#include "../support/grading.hpp"
#include "lab1.hpp"

using namespace grading;
using namespace lab1;

namespace {

// ---- graphs of numbers: every node is a weighted sum of its inputs ----

/// y = 1 x first input + 2 x second + 3 x third ...
void pull_weighted(Node& n) {
  for (std::size_t i = 0; i < n.inputs.size(); ++i)
    n.inputs[i]->grad.values[0] += float(i + 1) * n.grad.values[0];
}

struct Graph {
  std::deque<Node> nodes;

  Node& node(std::vector<Node*> inputs) {
    return nodes.emplace_back(
        Node{Array(1, 1), Array(1, 1), inputs, inputs.empty() ? nullptr : pull_weighted});
  }
  std::string name(const Node* n) const {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (&nodes[i] == n) return "n" + std::to_string(i);
    }
    return "(a stranger)";
  }
  /// "n2(n0, n1), n3(n2, n2)": the nodes that have inputs.
  std::string str() const {
    std::string all;
    for (const Node& n : nodes) {
      if (n.inputs.empty()) continue;
      all += (all.empty() ? "" : ", ") + name(&n) + "(";
      for (std::size_t i = 0; i < n.inputs.size(); ++i) all += (i == 0 ? "" : ", ") + name(n.inputs[i]);
      all += ")";
    }
    return all.empty() ? "one leaf" : all;
  }
  std::string str(const std::vector<Node*>& list) const {
    std::string all;
    for (const Node* n : list) all += (all.empty() ? "" : ", ") + name(n);
    return "[" + all + "]";
  }
};

/// Every node has up to three of those before it as inputs, sometimes one of them twice.
Graph random_graph(Random& random, int nodes) {
  Graph graph;
  for (int i = 0; i < nodes; ++i) {
    std::vector<Node*> inputs;
    if (i > 0 && !random.chance(0.2)) {
      for (auto n = random.integer(1, 3); n > 0; --n)
        inputs.push_back(&graph.nodes[random.integer(0, i - 1)]);
    }
    graph.node(inputs);
  }
  return graph;
}

/// What root was computed from, each node once, inputs first. Nodes of a Graph are made in such an order.
std::vector<Node*> reference_order(Graph& graph, Node& root) {
  std::unordered_map<const Node*, bool> needed{{&root, true}};
  std::vector<Node*> ordered;
  for (auto n = graph.nodes.rbegin(); n != graph.nodes.rend(); ++n) {
    if (!needed[&*n]) continue;
    for (const Node* input : n->inputs) needed[input] = true;
    ordered.push_back(&*n);
  }
  std::reverse(ordered.begin(), ordered.end());
  return ordered;
}

/// d root / d n in double, for the nodes of a Graph.
std::unordered_map<const Node*, double> reference_grads(Graph& graph, Node& root) {
  std::unordered_map<const Node*, double> grads{{&root, 1}};
  for (auto n = graph.nodes.rbegin(); n != graph.nodes.rend(); ++n) {
    for (std::size_t i = 0; i < n->inputs.size(); ++i) grads[n->inputs[i]] += double(i + 1) * grads[&*n];
  }
  return grads;
}

// ---- order ----

void check_order(Graph& graph, Node& root) {
  const std::vector<Node*> got = order(root), expected = reference_order(graph, root);
  const std::string where =
      text("graph ", graph.str(), " with root ", graph.name(&root), ": order gives ", graph.str(got));
  std::unordered_map<const Node*, std::size_t> place;
  for (std::size_t i = 0; i < got.size(); ++i) {
    require(place.emplace(got[i], i).second, where, ", and ", graph.name(got[i]), " stands there twice");
  }
  for (const Node* n : expected)
    require(place.count(n) == 1, where, ", and ", graph.name(n), " is not there");
  require(got.size() == expected.size(), where,
          ", expected only what the root was computed from: ", graph.str(expected));
  for (const Node* n : expected) {
    for (const Node* input : n->inputs) {
      require(place[input] < place[n], where, ", but ", graph.name(input), " is an input of ", graph.name(n));
    }
  }
}

void order_of_a_chain(Random&) {
  Graph graph;
  Node* last = &graph.node({});
  check_order(graph, *last);
  for (int i = 0; i < 4; ++i) last = &graph.node({last});
  check_order(graph, *last);
}

void order_of_a_diamond(Random&) {
  Graph graph;
  Node& x = graph.node({});
  Node &a = graph.node({&x}), &b = graph.node({&a});
  check_order(graph, graph.node({&x, &b}));  // x is reached early, and is needed late
  check_order(graph, graph.node({&b, &x, &b}));
}

void order_of_random_graphs(Random& random) {
  for (int trial = 0; trial < 100; ++trial) {
    Graph graph = random_graph(random, 2 + trial / 5);
    check_order(graph, graph.nodes[random.integer(0, std::ssize(graph.nodes) - 1)]);
  }
}

void order_of_a_long_chain(Random&) {
  Graph graph;
  Node* last = &graph.node({});
  for (int i = 0; i < 100000; ++i) last = &graph.node({last, last});
  const std::vector<Node*> got = order(*last);
  require(got.size() == graph.nodes.size(), "a chain of 100,001 nodes: order gives ", got.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    require(got[i] == &graph.nodes[i], "a chain of 100,001 nodes: wrong at place ", i);
  }
}

// ---- backward ----

void check_backward(Graph& graph, Node& root) {
  const std::vector<Node*> ordered = reference_order(graph, root);
  const auto expected = reference_grads(graph, root);
  for (int call = 1; call <= 2; ++call) {
    backward(root, ordered);
    for (const Node* n : ordered) {
      const double want = expected.at(n) * (n->inputs.empty() ? call : 1);
      require_near(n->grad.values[0], want, 1e-5,
                   text("graph ", graph.str(),
                        " (a node is 1 x its first input + 2 x its second + 3 x its third), root ",
                        graph.name(&root), ": after ", call, call == 1 ? " call" : " calls",
                        " of backward the grad of ", n->inputs.empty() ? "leaf " : "", graph.name(n)));
    }
  }
}

void backward_of_small_graphs(Random&) {
  Graph graph;
  Node& x = graph.node({});
  check_backward(graph, x);
  Graph chain;
  Node& leaf = chain.node({});
  check_backward(chain, chain.node({&chain.node({&leaf})}));
}

void backward_of_shared_nodes(Random& random) {
  Graph graph;
  Node& x = graph.node({});
  Node& a = graph.node({&x, &x});
  check_backward(graph, graph.node({&a, &x, &graph.node({&a})}));
  for (int trial = 0; trial < 100; ++trial) {
    Graph other = random_graph(random, 2 + trial / 10);
    check_backward(other, other.nodes.back());
  }
}

int pulls = 0;

void backward_of_a_ladder(Random&) {
  Graph graph;
  Node* last = &graph.node({});
  for (int i = 0; i < 60; ++i) {
    last = &graph.node({last, last});
    last->pull = [](Node& n) {
      ++pulls;
      n.inputs[0]->grad.values[0] += 0.75F * n.grad.values[0];
    };
  }
  pulls = 0;
  backward(*last, reference_order(graph, *last));
  require(pulls == 60, "60 nodes that have inputs: backward calls pull ", pulls, " times");
}

// ---- the ways back of the operations ----

std::string str(const Array& a) { return text(a.rows, " x ", a.cols, " ", show(a.values)); }

Array random_array(Random& random, int rows, int cols) {
  Array a(rows, cols);
  // Away from zero, where relu has no derivative.
  for (float& x : a.values) x = (random.chance(0.5) ? 1.0F : -1.0F) * random.uniform(0.05F, 2);
  return a;
}

/// A matrix in double, and the operations on it.
struct Exact {
  int rows, cols;
  std::vector<double> v;
  explicit Exact(const Array& a) : rows(a.rows), cols(a.cols), v(a.values.begin(), a.values.end()) {}
  Exact(int rows, int cols) : rows(rows), cols(cols), v(std::size_t(rows) * cols) {}
  double& at(int r, int c) { return v[std::size_t(rows == 1 ? 0 : r) * cols + (cols == 1 ? 0 : c)]; }
};
Exact add(Exact a, Exact b) {
  Exact y(std::max(a.rows, b.rows), std::max(a.cols, b.cols));
  for (int r = 0; r < y.rows; ++r) {
    for (int c = 0; c < y.cols; ++c) y.v[std::size_t(r) * y.cols + c] = a.at(r, c) + b.at(r, c);
  }
  return y;
}
Exact matmul(Exact a, Exact b) {
  Exact y(a.rows, b.cols);
  for (int r = 0; r < y.rows; ++r) {
    for (int c = 0; c < y.cols; ++c) {
      for (int k = 0; k < a.cols; ++k) y.v[std::size_t(r) * y.cols + c] += a.at(r, k) * b.at(k, c);
    }
  }
  return y;
}
Exact relu(Exact a) {
  for (double& x : a.v) x = std::max(x, 0.0);
  return a;
}
Exact log_softmax(Exact a) {
  for (int r = 0; r < a.rows; ++r) {
    double sum = 0;
    for (int c = 0; c < a.cols; ++c) sum += std::exp(a.v[std::size_t(r) * a.cols + c]);
    for (int c = 0; c < a.cols; ++c) a.v[std::size_t(r) * a.cols + c] -= std::log(sum);
  }
  return a;
}

/// The central difference of sum(weights * f(inputs)) for every element of input `which`.
std::vector<float> differences(const std::function<Exact(const std::vector<Exact>&)>& f,
                               std::vector<Exact> inputs, std::size_t which, const Array& weights) {
  const auto value = [&] {
    double sum = 0;
    const Exact y = f(inputs);
    for (std::size_t i = 0; i < y.v.size(); ++i) sum += y.v[i] * weights.values[i];
    return sum;
  };
  std::vector<float> gradient;
  const double h = 1e-5;
  for (double& x : inputs[which].v) {
    const double at = x;
    x = at + h;
    const double above = value();
    x = at - h;
    gradient.push_back(float((above - value()) / (2 * h)));
    x = at;
  }
  return gradient;
}

/// `had` is what stood in a grad before, which has to stay.
void check_grad(const Array& grad, float had, const std::vector<float>& expected, const std::string& what) {
  std::vector<float> whole = expected;
  for (float& x : whole) x += had;
  require_near(grad.values, whole, 1e-3,
               what + (had != 0 ? text(" (to add to what was there, ", had, ")") : ""));
}

Array filled(const Array& like, float value) {
  Array a(like.rows, like.cols);
  std::fill(a.values.begin(), a.values.end(), value);
  return a;
}

void add_of_shapes(Random& random, bool broadcast) {
  for (int trial = 0; trial < 40; ++trial) {
    const int n = int(random.integer(1, 1 + trial / 8)), m = int(random.integer(1, 2 + trial / 8));
    const auto side = [&](int size) { return broadcast && random.chance(0.4) ? 1 : size; };
    const Array a = random_array(random, side(n), side(m)), b = random_array(random, side(n), side(m));
    const Array grad = random_array(random, std::max(a.rows, b.rows), std::max(a.cols, b.cols));
    const float had = trial % 2 == 0 ? 0 : 0.5F;
    Array grad_a = filled(a, had), grad_b = filled(b, had);
    add_backward(grad, grad_a, grad_b);
    const auto f = [](const std::vector<Exact>& x) { return add(x[0], x[1]); };
    const std::string where =
        text("a + b with a ", a.rows, " x ", a.cols, " and b ", b.rows, " x ", b.cols, ", grad ", str(grad));
    check_grad(grad_a, had, differences(f, {Exact(a), Exact(b)}, 0, grad), where + ": grad_a");
    check_grad(grad_b, had, differences(f, {Exact(a), Exact(b)}, 1, grad), where + ": grad_b");
  }
}
void add_of_equal_shapes(Random& random) {
  add_of_shapes(random, false);
  Array grad(1, 2), both(1, 2);
  grad.values = {1, -2};
  add_backward(grad, both, both);
  require_near(both.values, std::vector<float>{2, -4}, 0, "x + x with grad [1, -2]: the gradient of x");
}
void add_with_broadcasting(Random& random) { add_of_shapes(random, true); }

void matmul_of_random_shapes(Random& random) {
  for (int trial = 0; trial < 40; ++trial) {
    const auto size = [&] { return int(random.integer(1, 1 + trial / 8)); };
    const int n = size(), k = size(), m = size();
    const Array a = random_array(random, n, k), b = random_array(random, k, m),
                grad = random_array(random, n, m);
    const float had = trial % 2 == 0 ? 0 : 0.5F;
    Array grad_a = filled(a, had), grad_b = filled(b, had);
    matmul_backward(grad, a, b, grad_a, grad_b);
    const auto f = [](const std::vector<Exact>& x) { return matmul(x[0], x[1]); };
    const std::string where = text("a b with a ", str(a), " and b ", str(b), ", grad ", str(grad));
    check_grad(grad_a, had, differences(f, {Exact(a), Exact(b)}, 0, grad), where + ": grad_a");
    check_grad(grad_b, had, differences(f, {Exact(a), Exact(b)}, 1, grad), where + ": grad_b");
  }
}

void matmul_with_itself(Random& random) {
  const Array a = random_array(random, 2, 2), grad = random_array(random, 2, 2);
  Array both(2, 2);
  matmul_backward(grad, a, a, both, both);
  const auto f = [](const std::vector<Exact>& x) { return matmul(x[0], x[0]); };
  check_grad(both, 0, differences(f, {Exact(a)}, 0, grad),
             text("a a with a ", str(a), ", grad ", str(grad), ": the gradient of a"));
}

void relu_of_random_values(Random& random) {
  for (int trial = 0; trial < 20; ++trial) {
    const Array a = random_array(random, 1 + trial / 4, 1 + trial / 3),
                grad = random_array(random, a.rows, a.cols);
    const float had = trial % 2 == 0 ? 0 : 0.5F;
    Array grad_a = filled(a, had);
    relu_backward(grad, a, grad_a);
    check_grad(grad_a, had, differences([](const auto& x) { return relu(x[0]); }, {Exact(a)}, 0, grad),
               text("relu of ", str(a), ", grad ", str(grad), ": grad_a"));
  }
}

void relu_at_zero(Random&) {
  Array a(1, 3), grad(1, 3), grad_a(1, 3);
  a.values = {0, -0.0F, 1e-30F};
  grad.values = {3, 4, 5};
  relu_backward(grad, a, grad_a);
  require_near(grad_a.values, std::vector<float>{0, 0, 5}, 0,
               "relu of [0, -0, 1e-30], grad [3, 4, 5]: grad_a");
}

void log_softmax_of_random_values(Random& random) {
  for (int trial = 0; trial < 30; ++trial) {
    const Array a = random_array(random, 1 + trial / 8, 1 + trial / 6),
                grad = random_array(random, a.rows, a.cols);
    Array y(a.rows, a.cols);
    const Exact exact = log_softmax(Exact(a));
    for (std::size_t i = 0; i < y.values.size(); ++i) y.values[i] = float(exact.v[i]);
    const float had = trial % 2 == 0 ? 0 : 0.5F;
    Array grad_a = filled(a, had);
    log_softmax_backward(grad, y, grad_a);
    check_grad(grad_a, had, differences([](const auto& x) { return log_softmax(x[0]); }, {Exact(a)}, 0, grad),
               text("log_softmax of ", str(a), " is y = ", str(y), "; grad ", str(grad), ": grad_a"));
  }
}

// ---- all of it together ----

/// A random graph of matrices: `tape` computes it, `replay` computes it again in double from other leaves.
struct Recorded {
  Tape tape;
  struct Entry {
    char kind;
    int a = -1, b = -1;
  };
  std::vector<Entry> entries;
  std::vector<Node*> nodes;
  bool near_a_kink = false;

  int record(Entry entry, Node& node) {
    entries.push_back(entry);
    nodes.push_back(&node);
    return int(nodes.size()) - 1;
  }
  Exact replay(const std::vector<Exact>& leaves) const {
    std::vector<Exact> values;
    std::size_t next = 0;
    for (const Entry& e : entries) {
      if (e.kind == 'x') values.push_back(leaves[next++]);
      if (e.kind == '+') values.push_back(add(values[e.a], values[e.b]));
      if (e.kind == '*') values.push_back(matmul(values[e.a], values[e.b]));
      if (e.kind == 'r') values.push_back(relu(values[e.a]));
      if (e.kind == 's') values.push_back(log_softmax(values[e.a]));
    }
    return values.back();
  }
  std::string str() const {
    std::string all;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const Entry& e = entries[i];
      const auto n = [](int k) { return "n" + std::to_string(k); };
      all += (i == 0 ? "" : ", ") + n(int(i)) + " = ";
      if (e.kind == 'x') all += text("leaf ", nodes[i]->value.rows, " x ", nodes[i]->value.cols);
      if (e.kind == '+') all += n(e.a) + " + " + n(e.b);
      if (e.kind == '*') all += n(e.a) + " " + n(e.b);
      if (e.kind == 'r') all += "relu(" + n(e.a) + ")";
      if (e.kind == 's') all += "log_softmax(" + n(e.a) + ")";
    }
    return all;
  }
};

void record_random(Recorded& g, Random& random, int size) {
  const auto leaf = [&](int rows, int cols) {
    return g.record({'x'}, g.tape.leaf(random_array(random, rows, cols)));
  };
  leaf(int(random.integer(1, 3)), int(random.integer(1, 3)));
  for (int i = 0; i < size; ++i) {
    const int a =
        int(random.integer(std::max<std::int64_t>(0, std::ssize(g.nodes) - 3), std::ssize(g.nodes) - 1));
    Node& node = *g.nodes[a];
    const Array& value = node.value;
    switch (random.integer(0, 4)) {
      case 0: {  // with another node that fits, or with a new leaf
        int b = int(random.integer(0, std::ssize(g.nodes) - 1));
        const Array& other = g.nodes[b]->value;
        if (other.rows != value.rows || other.cols != value.cols)
          b = leaf(random.chance(0.5) ? 1 : value.rows, value.cols);
        g.record({'+', a, b}, g.tape.add(node, *g.nodes[b]));
        break;
      }
      case 1: g.record({'+', a, a}, g.tape.add(node, node)); break;
      case 2: {
        const int b = leaf(value.cols, int(random.integer(1, 3)));
        g.record({'*', a, b}, g.tape.matmul(node, *g.nodes[b]));
        break;
      }
      case 3:
        for (const float x : value.values) g.near_a_kink |= std::abs(x) < 1e-3F;
        g.record({'r', a}, g.tape.relu(node));
        break;
      default: g.record({'s', a}, g.tape.log_softmax(node));
    }
  }
}

void gradcheck(Random& random) {
  int checked = 0;
  for (int trial = 0; checked < 50; ++trial) {
    Recorded g;
    record_random(g, random, 1 + checked / 5);
    if (g.near_a_kink) continue;
    ++checked;
    Node& root = *g.nodes.back();
    backward(root, order(root));
    std::vector<Exact> leaves;
    for (std::size_t i = 0; i < g.nodes.size(); ++i) {
      if (g.entries[i].kind == 'x') leaves.emplace_back(g.nodes[i]->value);
    }
    std::size_t which = 0;
    for (std::size_t i = 0; i < g.nodes.size(); ++i) {
      if (g.entries[i].kind != 'x') continue;
      const auto expected =
          differences([&](const auto& x) { return g.replay(x); }, leaves, which++, filled(root.value, 1));
      require_near(g.nodes[i]->grad.values, expected, 2e-3, text(g.str(), ": the gradient of n", i));
    }
  }
}

// ---- questions ----

void ladder(Random&) {
  Tape tape;
  Array one(1, 1);
  one.values = {1};
  Node& x = tape.leaf(one);
  Node* last = &x;
  for (int i = 0; i < 20; ++i) last = &tape.add(*last, *last);
  backward(*last, order(*last));
  require(x.grad.values[0] > 1,
          "question1: your own order and backward have to work first: they give the gradient ",
          x.grad.values[0]);
  require(question1() == x.grad.values[0], "question1: your answer is ", question1(),
          ", which is not what your functions give");
}

void calls(Random&) {
  Graph graph;
  Node* last = &graph.node({});
  for (int i = 0; i < 20; ++i) {
    last = &graph.node({last, last});
    last->pull = [](Node& n) {
      ++pulls;
      pull_weighted(n);
    };
  }
  pulls = 0;
  backward(*last, order(*last));
  require(pulls > 0, "question2: your own order and backward have to work first: they call no pull");
  require(question2() == pulls, "question2: your answer is ", question2(),
          ", which is not what your backward does");
}

void best_step(Random& random) {
  std::vector<double> error(8);
  for (int trial = 0; trial < 20; ++trial) {
    const Array x = random_array(random, 4, 5), w = random_array(random, 5, 6),
                v = random_array(random, 6, 4);
    const auto run = [&](const Array& at, Array* gradient) {
      Tape tape;
      Node& leaf = tape.leaf(at);
      Node& y = tape.log_softmax(tape.matmul(tape.relu(tape.matmul(leaf, tape.leaf(w))), tape.leaf(v)));
      float sum = 0;
      for (const float value : y.value.values) sum += value;
      if (gradient != nullptr) backward(y, order(y)), *gradient = leaf.grad;
      return sum;
    };
    Array gradient;
    run(x, &gradient);
    for (std::size_t power = 0; power < error.size(); ++power) {
      const float h = std::pow(10.0F, -float(power));
      for (std::size_t i = 0; i < x.values.size(); ++i) {
        Array above = x, below = x;
        above.values[i] += h, below.values[i] -= h;
        error[power] +=
            std::abs((run(above, nullptr) - run(below, nullptr)) / (2 * h) - gradient.values[i]) / 400;
      }
    }
  }
  const std::size_t best = std::min_element(error.begin(), error.end()) - error.begin();
  require(error[best] < 0.1, "question3: your own gradients have to be right first: they differ by ",
          error[best], " from the nearest of the differences");
  const double h = std::pow(10.0, -double(best)), answer = question3();
  require(
      answer > 0 && std::abs(std::log10(answer / h)) < 1.01, "question3: your answer is ", answer,
      ", and the h whose difference comes nearest to your gradient is more than a factor of 10 away from it");
}

}  // namespace

const std::vector<Check> grading::checks = {
    {"order", 1, "a chain", order_of_a_chain},
    {"order", 1, "a diamond", order_of_a_diamond},
    {"order", 1, "100 random graphs", order_of_random_graphs},
    {"order", 1, "a chain of 100,000", order_of_a_long_chain},
    {"backward", 1, "a leaf, and a chain", backward_of_small_graphs},
    {"backward", 2, "shared nodes, and a second call", backward_of_shared_nodes},
    {"backward", 1, "a pull for each node", backward_of_a_ladder},
    {"backward", 2, "all six functions together, 50 random graphs", gradcheck},
    {"add_backward", 1, "equal shapes", add_of_equal_shapes},
    {"add_backward", 2, "rows and columns of size 1", add_with_broadcasting},
    {"matmul_backward", 2, "random shapes", matmul_of_random_shapes},
    {"matmul_backward", 1, "a matrix times itself", matmul_with_itself},
    {"relu_backward", 1, "random values", relu_of_random_values},
    {"relu_backward", 1, "at zero", relu_at_zero},
    {"log_softmax_backward", 4, "random values", log_softmax_of_random_values},
    {"question1", 1, "the gradient of x", ladder},
    {"question2", 1, "calls of pull", calls},
    {"question3", 1, "the best step", best_step},
};
