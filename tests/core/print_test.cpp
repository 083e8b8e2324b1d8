// What PyTorch 1.13 prints for the same tensors.
#include <locale>
#include <sstream>

#include <doctest/doctest.h>

#include <tinynn/core/mask.hpp>

#include "tests/support/compare.hpp"

using namespace tinynn;
using test::infinity, test::not_a_number;

namespace {

Tensor arange(int64_t count, float step) {
  Tensor result(Shape{count});
  for (int64_t i = 0; i < count; ++i) result.mutable_data()[i] = static_cast<float>(i) * step;
  return result;
}

template <class T>
std::string printed(const T& value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

struct Grouping : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

}  // namespace

TEST_CASE("core. tensors print as PyTorch prints them, in every locale") {
  // clang-format off
  const std::pair<Tensor, const char*> cases[] = {
      {tensor({2.5F}, {}),
       R"(tensor(2.5000))"},
      {tensor({1, 2, 3}),
       R"(tensor([1., 2., 3.]))"},
      {tensor({0.5F, -1.25F, 100}),
       R"(tensor([  0.5000,  -1.2500, 100.0000]))"},
      {tensor({1e-5F, 1}),
       R"(tensor([1.0000e-05, 1.0000e+00]))"},
      {tensor({1e9F, 2}),
       R"(tensor([1.0000e+09, 2.0000e+00]))"},
      {tensor({0, not_a_number, -infinity}),
       R"(tensor([0., nan, -inf]))"},
      {tensor({0.5F, not_a_number}),
       R"(tensor([0.5000,    nan]))"},
      {tensor({1, 2, 3, 4, 5, 6}, {2, 3}),
       R"(tensor([[1., 2., 3.],
        [4., 5., 6.]]))"},
      {arange(24, 0.25F).detach_as({2, 2, 2, 3}),
       R"(tensor([[[[0.0000, 0.2500, 0.5000],
          [0.7500, 1.0000, 1.2500]],

         [[1.5000, 1.7500, 2.0000],
          [2.2500, 2.5000, 2.7500]]],


        [[[3.0000, 3.2500, 3.5000],
          [3.7500, 4.0000, 4.2500]],

         [[4.5000, 4.7500, 5.0000],
          [5.2500, 5.5000, 5.7500]]]]))"},
      {arange(30, 1),
       R"(tensor([ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10., 11., 12., 13.,
        14., 15., 16., 17., 18., 19., 20., 21., 22., 23., 24., 25., 26., 27.,
        28., 29.]))"},
      {arange(1200, 0.5F),
       R"(tensor([0.0000e+00, 5.0000e-01, 1.0000e+00,  ..., 5.9850e+02, 5.9900e+02,
        5.9950e+02]))"},
      {arange(1200, 1).detach_as({40, 30}),
       R"(tensor([[0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 2.7000e+01, 2.8000e+01,
         2.9000e+01],
        [3.0000e+01, 3.1000e+01, 3.2000e+01,  ..., 5.7000e+01, 5.8000e+01,
         5.9000e+01],
        [6.0000e+01, 6.1000e+01, 6.2000e+01,  ..., 8.7000e+01, 8.8000e+01,
         8.9000e+01],
        ...,
        [1.1100e+03, 1.1110e+03, 1.1120e+03,  ..., 1.1370e+03, 1.1380e+03,
         1.1390e+03],
        [1.1400e+03, 1.1410e+03, 1.1420e+03,  ..., 1.1670e+03, 1.1680e+03,
         1.1690e+03],
        [1.1700e+03, 1.1710e+03, 1.1720e+03,  ..., 1.1970e+03, 1.1980e+03,
         1.1990e+03]]))"},
      {arange(2400, 1).detach_as({2, 30, 40}),
       R"(tensor([[[0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 3.7000e+01,
          3.8000e+01, 3.9000e+01],
         [4.0000e+01, 4.1000e+01, 4.2000e+01,  ..., 7.7000e+01,
          7.8000e+01, 7.9000e+01],
         [8.0000e+01, 8.1000e+01, 8.2000e+01,  ..., 1.1700e+02,
          1.1800e+02, 1.1900e+02],
         ...,
         [1.0800e+03, 1.0810e+03, 1.0820e+03,  ..., 1.1170e+03,
          1.1180e+03, 1.1190e+03],
         [1.1200e+03, 1.1210e+03, 1.1220e+03,  ..., 1.1570e+03,
          1.1580e+03, 1.1590e+03],
         [1.1600e+03, 1.1610e+03, 1.1620e+03,  ..., 1.1970e+03,
          1.1980e+03, 1.1990e+03]],

        [[1.2000e+03, 1.2010e+03, 1.2020e+03,  ..., 1.2370e+03,
          1.2380e+03, 1.2390e+03],
         [1.2400e+03, 1.2410e+03, 1.2420e+03,  ..., 1.2770e+03,
          1.2780e+03, 1.2790e+03],
         [1.2800e+03, 1.2810e+03, 1.2820e+03,  ..., 1.3170e+03,
          1.3180e+03, 1.3190e+03],
         ...,
         [2.2800e+03, 2.2810e+03, 2.2820e+03,  ..., 2.3170e+03,
          2.3180e+03, 2.3190e+03],
         [2.3200e+03, 2.3210e+03, 2.3220e+03,  ..., 2.3570e+03,
          2.3580e+03, 2.3590e+03],
         [2.3600e+03, 2.3610e+03, 2.3620e+03,  ..., 2.3970e+03,
          2.3980e+03, 2.3990e+03]]]))"},
      {zeros({0}),
       R"(tensor([]))"},
      {zeros({0, 3}),
       R"(tensor([], size=(0, 3)))"},
      {zeros({2, 2}),
       R"(tensor([[0., 0.],
        [0., 0.]]))"},
  };
  // clang-format on
  for (const auto& [tensor, text] : cases) CHECK(printed(tensor) == text);
  CHECK(printed(Mask(tensor({1, 0, 1, 1}, {2, 2}))) ==
        R"(tensor([[ True, False],
        [ True,  True]]))");
  CHECK(printed(Tensor()) == "tensor(undefined)");

  const std::locale before = std::locale::global(std::locale(std::locale(), new Grouping));
  const std::string text = printed(tensor({1234.5F, 2}));
  std::locale::global(before);
  CHECK(text == "tensor([1234.5000,    2.0000])");
}
