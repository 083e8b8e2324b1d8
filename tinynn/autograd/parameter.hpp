// Parameter: a trainable leaf tensor with its mask. It keeps the promise that pruning stands on:
//   mask[i] == 0  implies  value[i] == 0 and every optimizer moment [i] == 0, bit-exactly,
// whenever a public call has returned. The forward pass therefore never multiplies by a mask.
// A Parameter is a handle: copies share value, gradient, mask and moments.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include <tinynn/core/mask.hpp>
#include <tinynn/core/tensor.hpp>

namespace tinynn {

namespace kernels {
struct SparsePattern;
}

/// Makes of a parameter's trained value what layers compute with: a tensor of its shape, by recorded
/// operations, so that gradients reach what was trained; random in training only. Hung on a parameter it must
/// not hold that parameter (a cycle, which would never be freed).
using Reparametrization = std::function<Tensor(const Tensor& trained, bool training)>;

namespace autograd {

/// What one optimizer keeps for one parameter (momentum, second moment ...): tensors of the parameter's
/// shape. The optimizer owns them; the parameter knows them weakly, so that zeroing and cutting reach them.
using Moments = std::vector<Tensor>;

struct ParameterImpl : detail::TensorImpl {
  ParameterImpl(Shape s, Buffer b) : TensorImpl(s, std::move(b)) { version = 1; }
  Mask mask;
  int64_t mask_version = 0;                                      // grows when the mask changes
  std::shared_ptr<const kernels::SparsePattern> sparse_pattern;  // of the mask of this version:
  int64_t sparse_version = -1;
  int64_t dense_grad = 0;  // live DenseGrad guards
  std::vector<std::weak_ptr<Moments>> moments;
  Reparametrization reparametrization;
};

/// The gradient of a parameter with few live elements, as sparse kernels compute it: of these alone. grad()
/// unpacks it.
struct PackedGrad : detail::TensorImpl {
  PackedGrad(const Shape& of, std::shared_ptr<const kernels::SparsePattern> pattern, Buffer elements)
      : TensorImpl(of, std::move(elements)), live(std::move(pattern)) {
    is_packed_grad = true;
  }
  std::shared_ptr<const kernels::SparsePattern> live;
};

}  // namespace autograd

class Parameter : public Tensor {
 public:
  Parameter() = default;
  /// A parameter with a copy of these values and no mask.
  explicit Parameter(const Tensor& value);

  /// The parameter that this tensor is a handle of, undefined if it is none.
  static Parameter of(const Tensor& tensor);

  /// The mask; undefined while everything is alive.
  const Mask& mask() const { return state().mask; }
  /// The mask, or one in which everything is alive.
  Mask mask_or_all() const;
  int64_t version() const { return state().version; }
  int64_t mask_version() const { return state().mask_version; }
  /// Where it is alive, as (first dimension, all others): made when first asked for after the mask changed.
  /// Null if sparse kernels cannot be used on it: there is no mask, it is reparametrized, a DenseGrad asks
  /// for the gradients of dead weights, it is too large, or more than `density` of it is alive.
  std::shared_ptr<const kernels::SparsePattern> sparse_pattern(double density) const;
  /// The same of what an operation was given: null, too, for a tensor that is no parameter.
  static std::shared_ptr<const kernels::SparsePattern> sparse_pattern(const Tensor& weight, double density);
  /// The gradient, if it is packed as this pattern has it, and null otherwise: for optimizers.
  const float* packed_grad(const kernels::SparsePattern& live) const;
  bool has_grad() const { return handle()->grad != nullptr; }
  /// True if there is a mask and no DenseGrad asks for the gradients of dead weights.
  bool masks_grad() const { return mask().defined() && state().dense_grad == 0; }

  /// Writes the value: `write` gets all its elements, and may write moments along. Afterwards, even if it
  /// throws, what is dead is zero again in value and moments.
  void update(const std::function<void(std::span<float> value)>& write);
  /// The same for the live elements only, packed in the order of `live`, the parameter's sparse_pattern(). If
  /// it throws, nothing has changed.
  void update_live(const kernels::SparsePattern& live,
                   const std::function<void(std::span<float> value)>& write);
  /// Replaces the value, keeping the mask. Throws Error if the shapes differ.
  void assign(const Tensor& value);

  /// Kills what is dead in `mask`, besides what is dead already. Throws Error if the shapes differ.
  void prune(const Mask& mask);
  /// Replaces the mask: elements that come alive start at zero, with zero moments. An undefined mask revives
  /// everything. Throws Error if the shapes differ.
  void set_mask(const Mask& mask);
  /// Keeps the slices `keep` (ascending, within bounds) along `dim` of value, gradient, mask and all moments.
  /// Throws Error, and changes nothing, if an index or the dimension is not there.
  void slice(int64_t dim, const std::vector<int64_t>& keep);

  /// What layers compute with: the parameter itself, or what a reparametrization makes of it.
  Tensor effective(bool training) const;
  /// Hangs a reparametrization on the parameter; an empty one takes it off. While one hangs, mask and sizes
  /// are fixed, and a module can be neither saved, loaded nor cloned: sparsify::harden() first. Throws Error
  /// if one hangs already.
  void reparametrize(Reparametrization reparametrization);
  bool is_reparametrized() const { return state().reparametrization != nullptr; }
  /// Throws Error, naming the operation, if it is reparametrized.
  void require_hardened(const char* operation) const;

  /// Tells the parameter of moments that an optimizer keeps for it.
  void attach(const std::shared_ptr<autograd::Moments>& moments) const;
  /// Those of all live optimizers, in the order in which they came.
  std::vector<std::shared_ptr<autograd::Moments>> moments() const;
  /// Starts anew from a value and a mask (undefined: all alive), of any shape: without gradient, and with
  /// zero moments. Throws Error, and changes nothing, if their shapes differ.
  void adopt(const Tensor& value, const Mask& mask);

 private:
  friend class DenseGrad;
  autograd::ParameterImpl& state() const;
  // Zeroes what is dead in value and moments: the one place that restores the invariant.
  void zero_dead() const;
};

/// What every function asks of a list of parameters: Throws Error, naming the operation, if one is undefined
/// or listed twice, which would count twice.
void require_distinct(const char* operation, const std::vector<Parameter>& parameters);

/// While one lives, the gradients of these parameters are not masked: criteria and regrowth see what dead
/// weights would gain.
class DenseGrad {
 public:
  explicit DenseGrad(std::vector<Parameter> parameters);
  ~DenseGrad();
  DenseGrad(const DenseGrad&) = delete;
  DenseGrad& operator=(const DenseGrad&) = delete;

 private:
  std::vector<Parameter> parameters_;
};

}  // namespace tinynn
