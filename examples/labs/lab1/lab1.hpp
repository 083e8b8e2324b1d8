// What you write in lab1.cpp.
#pragma once

#include <vector>

#include "../support/lab.hpp"
#include "tape.hpp"

namespace lab1 {

/// All nodes that `root` was computed from, and root itself: each exactly once, and each behind all of its
/// inputs, so that root is the last. A chain of 100,000 nodes must not end the program: a function that calls
/// itself for every node runs out of stack. A check has 60 seconds, which a slow machine may need if every
/// node is searched for in a list of all.
std::vector<Node*> order(Node& root);

/// Adds d(sum of root's elements) / d(leaf) to the grad of every leaf in `ordered`, which is what order(root)
/// gives. Nodes that have inputs may hold grads of an earlier call: these are set to zero first, and then one
/// is added to every element of root's grad. The grads of leaves are never set to zero, as in PyTorch: two
/// calls give twice the gradient. Calls `pull` of each node that has one exactly once, when its grad is
/// complete. `root` may be a leaf: then one is added to every element of its grad, and that is all.
void backward(Node& root, const std::vector<Node*>& ordered);

// The ways back. `grad` is the gradient of the result. What belongs to the inputs is *added* to grad_a and
// grad_b, which have the inputs' shapes, and which are the same array when the inputs are the same node.

/// y = a + b. A row or column of size 1 in a or b was repeated, so its gradient is the sum over the
/// repetitions.
void add_backward(const Array& grad, Array& grad_a, Array& grad_b);

/// y = a b, of (n x k) and (k x m): grad_a = grad b^T, grad_b = a^T grad.
void matmul_backward(const Array& grad, const Array& a, const Array& b, Array& grad_a, Array& grad_b);

/// y = max(a, 0). The derivative at 0 is 0.
void relu_backward(const Array& grad, const Array& a, Array& grad_a);

/// y = log_softmax(a) along rows, of which y is given: grad_a = grad - exp(y) * (sum of grad over the row).
void log_softmax_backward(const Array& grad, const Array& y, Array& grad_a);

/// Question 1. x is a leaf of one element; x1 = x + x, x2 = x1 + x1, and so on to x20. What is the gradient
/// of x?
double question1();

/// Question 2. How many calls of `pull` does your backward make for that graph? (A walk that follows every
/// path from x20 to x by itself would make about two million.)
double question2();

/// Question 3. The gradient of the sum of log_softmax(relu(x W) V) with respect to x is compared with the
/// central difference (f(x + h) - f(x - h)) / 2h, both computed in float. For which h of 1, 0.1, 0.01, ...
/// 1e-7 do they differ least? Answers within a factor of 10 count.
double question3();

}  // namespace lab1
