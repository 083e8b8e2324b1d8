#include <tinynn/core/error.hpp>
#include <tinynn/prune/rewind.hpp>

namespace tinynn::prune {
namespace {

void check_same_shapes(const char* kind, const std::vector<Tensor>& now, const std::vector<Tensor>& then) {
  check(now.size() == then.size(), "rewind: the module has ", now.size(), " ", kind, "s, the snapshot ",
        then.size());
  for (size_t i = 0; i < now.size(); ++i) {
    check(now[i].shape() == then[i].shape(), "rewind: ", kind, " ", i, " has shape ", now[i].shape(),
          ", in the snapshot ", then[i].shape());
  }
}

std::vector<Tensor> values_of(const nn::Snapshot& snapshot) {
  std::vector<Tensor> values;
  for (const auto& entry : snapshot.parameters) values.push_back(entry.value);
  return values;
}

}  // namespace

void rewind(nn::Module& module, const nn::Snapshot& to) {
  nn::Snapshot goal = nn::snapshot(module);
  const auto values = values_of(to);
  check_same_shapes("parameter", values_of(goal), values);
  check_same_shapes("buffer", goal.buffers, to.buffers);
  for (size_t i = 0; i < values.size(); ++i) {
    goal.parameters[i].value = values[i];
    goal.parameters[i].grad = Tensor();
    goal.parameters[i].moments.clear();  // what a snapshot does not know of, restore() makes zero
  }
  goal.buffers = to.buffers;
  nn::restore(module, goal);
}

}  // namespace tinynn::prune
