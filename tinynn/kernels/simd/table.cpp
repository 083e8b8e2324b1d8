// Compiled once for each instruction set, with all that this includes.
#include <tinynn/kernels/simd/copy.hpp>
#include <tinynn/kernels/simd/correlate.hpp>
#include <tinynn/kernels/simd/dot_products.hpp>
#include <tinynn/kernels/simd/pointwise.hpp>
#include <tinynn/kernels/simd/pool.hpp>
#include <tinynn/kernels/simd/product.hpp>
#include <tinynn/kernels/simd/sparse.hpp>
#include <tinynn/kernels/simd/step.hpp>
#include <tinynn/kernels/simd/sums.hpp>
#include <tinynn/kernels/simd/winograd.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {

extern const Table table;
const Table table{.name = TINYNN_ISA_NAME,
                  .lanes = lanes,
                  .pack = pack,
                  .correlate = correlate,
                  .dot_products = dot_products,
                  .spread = spread,
                  .copy_rows = copy_rows,
                  .add_rows = add_rows,
                  .transpose = transpose,
                  .winograd_weights = winograd_weights,
                  .multiply = multiply,
                  .winograd_input = winograd_input,
                  .winograd_output = winograd_output,
                  .winograd_gradient = winograd_gradient,
                  .winograd_grad_input = winograd_grad_input,
                  .winograd_grad_weight = winograd_grad_weight,
                  .sparse_rows = sparse_rows,
                  .sparse_dots = sparse_dots,
                  .max_pool_2x2 = max_pool_2x2,
                  .max_pool_2x2_backward = max_pool_2x2_backward,
                  .add = add,
                  .relu = relu,
                  .relu_backward = relu_backward,
                  .sgd_step = sgd_step,
                  .adam_step = adam_step,
                  .rmsprop_step = rmsprop_step,
                  .sum = sum,
                  .add_moments = add_moments,
                  .add_products = add_products,
                  .add_rows_to_sums = add_rows_to_sums,
                  .normalize = normalize,
                  .normalize_backward = normalize_backward};

}  // namespace tinynn::kernels::simd::TINYNN_ISA
