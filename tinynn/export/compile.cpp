#include <tinynn/export/compile.hpp>
#include <tinynn/export/fuse.hpp>
#include <tinynn/export/planner.hpp>
#include <tinynn/export/transposed.hpp>

namespace tinynn::deploy {

Plan plan(nn::Module& model, const graph::Example& example, const PlanOptions& options) {
  for (const Parameter& parameter : model.parameters()) parameter.require_hardened("deploy");
  Plan made = Planner(graph::trace(model, example)).make();
  return without_transposed(options.fuse ? fuse(std::move(made)) : std::move(made));
}

Program compile(nn::Module& model, const graph::Example& example) { return Program(plan(model, example)); }

}  // namespace tinynn::deploy
