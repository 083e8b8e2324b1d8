#include <tinynn/core/error.hpp>
#include <tinynn/nn/snapshot.hpp>

namespace tinynn::nn {
namespace {

autograd::Moments copy_of(autograd::Moments moments) {
  for (Tensor& moment : moments) moment = moment.clone();
  return moments;
}

}  // namespace

Snapshot snapshot(Module& module) {
  Snapshot result;
  for (const Parameter& parameter : module.parameters()) {
    const Tensor grad = parameter.grad();
    auto& entry = result.parameters.emplace_back(Snapshot::Entry{
        parameter, parameter.clone(), grad.defined() ? grad.clone() : Tensor(), parameter.mask(), {}});
    for (const auto& moments : parameter.moments()) entry.moments.emplace_back(moments, copy_of(*moments));
  }
  for (const auto& [name, buffer] : module.named_buffers()) result.buffers.push_back(buffer.clone());
  return result;
}

void restore(Module& module, const Snapshot& snapshot) {
  auto parameters = module.named_parameters();
  const auto buffers = module.named_buffers();
  check(parameters.size() == snapshot.parameters.size() && buffers.size() == snapshot.buffers.size(),
        "restore: the module has ", parameters.size(), " parameters and ", buffers.size(),
        " buffers, the snapshot ", snapshot.parameters.size(), " and ", snapshot.buffers.size());
  for (size_t i = 0; i < parameters.size(); ++i) {
    check(parameters[i].second.handle() == snapshot.parameters[i].parameter.handle(), "restore: parameter \"",
          parameters[i].first, "\" is another than the one of which the snapshot was taken");
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Snapshot::Entry& entry = snapshot.parameters[i];
    parameters[i].second.adopt(entry.value, entry.mask);
    parameters[i].second.handle()->grad = entry.grad.defined() ? entry.grad.clone().handle() : nullptr;
    for (const auto& [weak, copy] : entry.moments) {
      if (const auto moments = weak.lock()) *moments = copy_of(copy);
    }
  }
  for (size_t i = 0; i < buffers.size(); ++i) buffers[i].second.set_data(snapshot.buffers[i].clone());
}

Undo::Undo(Module& module) : before_(nn::snapshot(module)) {
  for (const auto& [name, buffer] : module.named_buffers()) buffers_.push_back(buffer);
}

Undo::~Undo() {
  if (kept_) return;
  for (Snapshot::Entry& entry : before_.parameters) {
    auto& live = static_cast<autograd::ParameterImpl&>(*entry.parameter.handle());
    live.shape = entry.value.shape();
    live.buffer = entry.value.handle()->buffer;
    live.grad = entry.grad.handle();
    live.mask = std::move(entry.mask);
    ++live.version;
    ++live.mask_version;
    for (auto& [weak, copy] : entry.moments) {
      if (const auto moments = weak.lock()) moments->swap(copy);
    }
  }
  for (size_t i = 0; i < buffers_.size(); ++i) buffers_[i].set_data(before_.buffers[i]);
}

void module_state(StateVisitor& visit, Module& module) {
  for (auto& [name, parameter] : module.named_parameters()) {
    Tensor value = parameter;
    Mask mask = parameter.mask();
    visit(name, value);
    visit(name + ".mask", mask);
    if (!visit.reads()) continue;
    check(value.defined() && value.rank() == parameter.rank() &&
              (!mask.defined() || mask.shape() == value.shape()),
          "state: \"", name, "\" is of shape ", value.defined() ? value.shape() : Shape{},
          ", expected one like ", parameter.shape());
    if (parameter.is_reparametrized()) {
      parameter.assign(value);
    } else {
      parameter.adopt(value, mask);
    }
  }
  for (auto& [name, buffer] : module.named_buffers()) {
    Tensor value = buffer;
    visit(name, value);
    if (!visit.reads()) continue;
    check(value.defined() && value.rank() == buffer.rank(), "state: buffer \"", name,
          "\" is not there, or not like ", buffer.shape());
    buffer.set_data(value);
  }
}

void snapshot_state(StateVisitor& visit, Module& module, Snapshot& snapshot) {
  bool taken = !snapshot.parameters.empty();
  visit("taken", taken);
  if (visit.reads()) snapshot = taken ? nn::snapshot(module) : Snapshot();
  for (size_t k = 0; k < snapshot.parameters.size(); ++k) {
    Snapshot::Entry& entry = snapshot.parameters[k];
    const std::string name = std::to_string(k);
    visit(name, entry.value);
    visit(name + ".mask", entry.mask);
    for (size_t m = 0; m < entry.moments.size(); ++m)
      visit.each(name + ".moments." + std::to_string(m), entry.moments[m].second);
    check(!entry.mask.defined() || entry.mask.shape() == entry.value.shape(), "state: value ", k,
          " of a snapshot is of shape ", entry.value.shape(), ", its mask is not");
    for (const auto& [weak, moments] : entry.moments) {
      for (const Tensor& moment : moments)
        check(moment.shape() == entry.value.shape(), "state: a moment of value ", k,
              " of a snapshot is of shape ", moment.shape(), ", expected ", entry.value.shape());
    }
  }
  for (size_t k = 0; k < snapshot.buffers.size(); ++k)
    visit("buffer." + std::to_string(k), snapshot.buffers[k]);
}

}  // namespace tinynn::nn
