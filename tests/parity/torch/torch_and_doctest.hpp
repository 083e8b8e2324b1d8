// libtorch and doctest, in the order in which they get along: both define CHECK, and here it is doctest's.
#pragma once

#include <torch/torch.h>
#undef CHECK
#undef CHECK_EQ
#undef CHECK_NE
#undef CHECK_LT
#undef CHECK_LE
#undef CHECK_GT
#undef CHECK_GE

// clang-format off
#include <doctest/doctest.h>
// clang-format on
