// Damaged files: what a hostile writer would try, the same on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/support/draw.hpp"

namespace fuzz {

using Bytes = std::string;

/// A file with one to four kinds of damage: flipped bits, bytes and runs of bytes that are changed, lost,
/// repeated or taken from another file, an early end, and in place of numbers, in bytes or in decimals, the
/// extremes of their type.
Bytes damaged(const Bytes& file, const Bytes& other, test::Draw& draw);

/// The same for safetensors files, mostly with a header of the length that the file begins with, so that
/// damage gets past it.
Bytes damaged_safetensors(const Bytes& file, const Bytes& other, test::Draw& draw);

}  // namespace fuzz
