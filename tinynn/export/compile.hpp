// Compiling: what a network computes, read off a run of it (graph::trace), becomes a plan. Normalisation is
// folded into the layer before it where that is exact, and activations become part of the step before them
// (fuse.hpp).
//
// program/ and export/ share the namespace `deploy`: `export` is a word of C++ itself.
#pragma once

#include <tinynn/graph/graph.hpp>
#include <tinynn/program/program.hpp>

namespace tinynn::deploy {

struct PlanOptions {
  bool fuse = true;  // false: a step for every operation, as the model has them
};

/// The plan of a model with one input and one output whose first dimension counts samples. Throws Error, with
/// the operation's name, for what has no step, if a parameter is reparametrized, and what tracing throws.
Plan plan(nn::Module& model, const graph::Example& example, const PlanOptions& options = {});

/// The program of a model; see plan().
Program compile(nn::Module& model, const graph::Example& example);

}  // namespace tinynn::deploy
