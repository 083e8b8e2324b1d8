// Compiled once for each instruction set, and once more where it has an instruction for four products
// (VNNI). Without contraction of floats: what exported headers compute in single precision is computed here.
#include <tinynn/kernels/simd/byte_numbers.hpp>
#include <tinynn/kernels/simd/byte_products.hpp>

namespace tinynn::kernels::simd::TINYNN_ISA {

extern const ByteTable byte_table;
const ByteTable byte_table{.name = TINYNN_ISA_NAME,
                           .lanes = lanes,
                           .parts = parts,
                           .pack = pack,
                           .split = split,
                           .multiply = multiply,
                           .multiply_one = multiply_one,
                           .requantize = requantize,
                           .interleave = interleave,
                           .quantize = quantize,
                           .add = add,
                           .to_floats = to_floats,
                           .max_pool_2x2 = max_pool_2x2};

}  // namespace tinynn::kernels::simd::TINYNN_ISA
