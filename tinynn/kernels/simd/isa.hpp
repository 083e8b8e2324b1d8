// The instruction set that the kernels use: the newest that this machine has, chosen when the program starts.
#pragma once

#include <string>
#include <vector>

#include <tinynn/kernels/simd/bytes.hpp>
#include <tinynn/kernels/simd/table.hpp>

namespace tinynn::kernels {

/// The names of the instruction sets that this build and this machine have, oldest first: "baseline", then on
/// x86-64 "x86-64-v3" (AVX2) and "x86-64-v4" (AVX-512). Results may differ between them in their last bits.
std::vector<std::string> isas();
/// The name of the one in use.
std::string isa();
/// Uses another one from now on. Throws Error for a name that isas() does not list. Not while kernels run.
void set_isa(const std::string& name);

namespace simd {
/// The loops of the instruction set in use.
const Table& table();
/// The same of whole numbers: with VNNI where the machine has it.
const ByteTable& byte_table();
/// All that this machine has, oldest first.
std::vector<const ByteTable*> byte_tables();
}  // namespace simd

}  // namespace tinynn::kernels
