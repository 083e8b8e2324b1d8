#include <algorithm>
#include <set>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/core/shape.hpp>
#include <tinynn/kernels/sparse.hpp>

namespace tinynn {
namespace {

// The slices `keep` along one dimension.
Tensor sliced(const Tensor& tensor, int64_t dim, const std::vector<int64_t>& keep) {
  Tensor result(tensor.shape().with(dim, static_cast<int64_t>(keep.size())));
  const Slices slices(tensor.shape(), dim);
  float* to = result.mutable_data();
  for (int64_t o = 0; o < slices.outer; ++o) {
    for (const int64_t k : keep) to = std::copy_n(tensor.data() + slices.begin(o, k), slices.inner, to);
  }
  return result;
}

void check_mask_shape(const char* operation, const Shape& mask, const Shape& parameter) {
  check(mask == parameter, operation, ": a mask of shape ", mask, " for a parameter of shape ", parameter);
}

}  // namespace

Parameter::Parameter(const Tensor& value)
    : Tensor(std::make_shared<autograd::ParameterImpl>(value.shape(), Buffer(value.numel()))) {
  std::copy_n(value.data(), value.numel(), impl().buffer.data());
  impl().requires_grad = true;
}

Parameter Parameter::of(const Tensor& tensor) {
  Parameter result;
  if (tensor.defined() && tensor.handle()->version > 0) static_cast<Tensor&>(result) = tensor;
  return result;
}

autograd::ParameterImpl& Parameter::state() const {
  return static_cast<autograd::ParameterImpl&>(impl());  // only a ParameterImpl has a version
}

std::shared_ptr<const kernels::SparsePattern> Parameter::sparse_pattern(double density) const {
  auto& s = state();
  if (!masks_grad() || is_reparametrized() || rank() < 2) return nullptr;
  const int64_t rows = size(0), columns = shape().inner(0);
  if (!kernels::SparsePattern::fits(rows, columns)) return nullptr;
  if (s.sparse_version != s.mask_version) {
    s.sparse_pattern = std::make_shared<kernels::SparsePattern>(s.mask.data(), rows, columns);
    s.sparse_version = s.mask_version;  // last, for the line before may throw
  }
  const bool pays = static_cast<double>(s.sparse_pattern->count()) <= density * static_cast<double>(numel());
  return pays ? s.sparse_pattern : nullptr;
}

std::shared_ptr<const kernels::SparsePattern> Parameter::sparse_pattern(const Tensor& weight,
                                                                        double density) {
  const auto parameter = of(weight);
  return parameter.defined() ? parameter.sparse_pattern(density) : nullptr;
}

const float* Parameter::packed_grad(const kernels::SparsePattern& live) const {
  const auto& grad = state().grad;
  if (!grad || !grad->is_packed_grad) return nullptr;
  const auto& packed = static_cast<const autograd::PackedGrad&>(*grad);
  return packed.live.get() == &live ? packed.buffer.data() : nullptr;
}

void Parameter::update(const std::function<void(std::span<float>)>& write) {
  struct Restore {  // a destructor, for the mask has to hold after an exception out of `write` too
    const Parameter& parameter;
    ~Restore() { parameter.zero_dead(); }
  } restore{*this};
  ++state().version;
  write({state().buffer.data(), static_cast<size_t>(numel())});
}

void Parameter::update_live(const kernels::SparsePattern& live,
                            const std::function<void(std::span<float>)>& write) {
  const Buffer packed(live.count());
  kernels::pack_live(live, data(), packed.data());
  write({packed.data(), static_cast<size_t>(live.count())});
  ++state().version;
  kernels::unpack_live(live, packed.data(), state().buffer.data());
}

void Parameter::assign(const Tensor& value) {
  check(value.shape() == shape(), "assign: a value of shape ", value.shape(), " for a parameter of shape ",
        shape());
  update([&](std::span<float> to) { std::ranges::copy(value.values(), to.begin()); });
}

Mask Parameter::mask_or_all() const { return mask().defined() ? mask() : Mask(shape()); }

void Parameter::prune(const Mask& mask) {
  require_hardened("prune");
  check_mask_shape("prune", mask.shape(), shape());
  Mask both = mask;
  if (state().mask.defined()) both &= state().mask;
  set_mask(both);
}

void Parameter::set_mask(const Mask& mask) {
  require_hardened("set_mask");
  auto& s = state();
  if (mask.defined()) check_mask_shape("set_mask", mask.shape(), shape());
  s.mask = mask;
  ++s.mask_version;
  ++s.version;
  zero_dead();
  if (s.grad && masks_grad()) {
    // A gradient that others hold too is replaced, not overwritten.
    Tensor replaced = grad().clone();
    s.mask.select(replaced.mutable_data());
    s.grad = replaced.handle();
  }
}

void Parameter::slice(int64_t dim, const std::vector<int64_t>& keep) {
  require_hardened("slice");
  auto& s = state();
  const int64_t size = shape()[dim];
  for (size_t i = 0; i < keep.size(); ++i) {
    check(keep[i] >= 0 && keep[i] < size, "slice: index ", keep[i], " is outside dimension ", dim, " of ",
          shape());
    check(i == 0 || keep[i - 1] < keep[i], "slice: indices must ascend, got ", keep[i], " after ",
          keep[i ? i - 1 : 0]);
  }
  // Everything new is made before anything old is touched, so that an error changes nothing.
  const Tensor value = sliced(*this, dim, keep);
  const Tensor cut_grad = s.grad ? sliced(grad(), dim, keep) : Tensor();
  const Mask mask = s.mask.defined() ? Mask(sliced(s.mask.to_tensor(), dim, keep)) : Mask();
  const auto live_moments = moments();
  std::vector<autograd::Moments> cut_moments;
  for (const auto& moments : live_moments) {
    autograd::Moments& cut = cut_moments.emplace_back();
    for (const Tensor& moment : *moments) cut.push_back(sliced(moment, dim, keep));
  }
  s.shape = value.shape();
  s.buffer = value.handle()->buffer;
  s.grad = cut_grad.handle();
  s.mask = mask;
  for (size_t i = 0; i < live_moments.size(); ++i) live_moments[i]->swap(cut_moments[i]);
  ++s.version;
  ++s.mask_version;
}

Tensor Parameter::effective(bool training) const {
  if (!is_reparametrized()) return *this;
  const detail::StepGenerator of_step;
  return state().reparametrization(*this, training);
}

void Parameter::reparametrize(Reparametrization reparametrization) {
  if (reparametrization) require_hardened("reparametrize");
  state().reparametrization = std::move(reparametrization);
}

void Parameter::require_hardened(const char* operation) const {
  check(!is_reparametrized(), operation, ": a parameter of shape ", shape(),
        " is reparametrized; harden it first");
}

void Parameter::attach(const std::shared_ptr<autograd::Moments>& moments) const {
  auto& known = state().moments;
  std::erase_if(known, [](const auto& weak) { return weak.expired(); });
  known.push_back(moments);
}

std::vector<std::shared_ptr<autograd::Moments>> Parameter::moments() const {
  std::vector<std::shared_ptr<autograd::Moments>> live;
  for (const auto& weak : state().moments) {
    if (auto moments = weak.lock()) live.push_back(std::move(moments));
  }
  return live;
}

void Parameter::adopt(const Tensor& value, const Mask& mask) {
  require_hardened("adopt");
  if (mask.defined()) check_mask_shape("adopt", mask.shape(), value.shape());
  const Tensor copy = value.clone();
  auto& s = state();
  for (const auto& moments : moments()) {
    for (Tensor& moment : *moments) moment = zeros(copy.shape());
  }
  s.shape = copy.shape();
  s.buffer = copy.handle()->buffer;
  s.grad = nullptr;
  s.mask = mask;
  ++s.version;
  ++s.mask_version;
  zero_dead();
}

void Parameter::zero_dead() const {
  auto& s = state();
  if (!s.mask.defined()) return;
  s.mask.select(s.buffer.data());
  for (const auto& weak : s.moments) {  // not moments(), which asks for memory: destructors come here
    const auto moments = weak.lock();
    if (!moments) continue;
    for (Tensor& moment : *moments) s.mask.select(moment.mutable_data());
  }
}

void require_distinct(const char* operation, const std::vector<Parameter>& parameters) {
  std::set<const void*> seen;
  for (const auto& parameter : parameters) {
    check(parameter.defined(), operation, ": a parameter is undefined");
    check(seen.insert(parameter.handle().get()).second, operation, ": a parameter of shape ",
          parameter.shape(), " is listed twice");
  }
}

DenseGrad::DenseGrad(std::vector<Parameter> parameters) : parameters_(std::move(parameters)) {
  require_distinct("DenseGrad", parameters_);
  for (const auto& parameter : parameters_) ++parameter.state().dense_grad;
}

DenseGrad::~DenseGrad() {
  for (const auto& parameter : parameters_) --parameter.state().dense_grad;
}

}  // namespace tinynn
