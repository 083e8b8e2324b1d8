#include <algorithm>
#include <memory>

#include <tinynn/core/buffer.hpp>
#include <tinynn/kernels/conv_layout.hpp>
#include <tinynn/kernels/simd/isa.hpp>
#include <tinynn/kernels/sparse.hpp>
#include <tinynn/program/commands.hpp>

namespace tinynn::deploy {
namespace {

namespace simd = kernels::simd;

int64_t round_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

// Blocks and images go by the densities of kernels/sparse.hpp, as in training; a single sample has no vectors
// to multiply with one weight.
constexpr double sparse_density_of_one = 0.07;

// A weight's numbers that are not zero, row by row; `offset` says where their factors lie.
struct SparseRows {
  std::vector<int32_t> begin{0}, offset;
  std::vector<float> values;

  template <class OffsetOf>
  SparseRows(const Tensor& weight, OffsetOf offset_of) {
    const int64_t columns = weight.shape().inner(0);
    for (int64_t i = 0; i < weight.numel(); ++i) {
      if (weight.data()[i] != 0) {
        values.push_back(weight.data()[i]);
        offset.push_back(static_cast<int32_t>(offset_of(i % columns)));
      }
      if ((i + 1) % columns == 0) begin.push_back(static_cast<int32_t>(values.size()));
    }
  }
};

bool is_sparse(const Tensor& weight, double density) {
  return static_cast<double>(count_nonzero(weight)) <= density * static_cast<double>(weight.numel());
}

// The vectors of a block of samples.
struct BlockPlaces {
  std::vector<int64_t> offsets, start;
  int64_t lanes;

  BlockPlaces(int64_t terms, int64_t vector_lanes) : lanes(vector_lanes) {
    for (int64_t t = 0; t < terms; ++t) offsets.push_back(t * block_size);
    for (int64_t at = 0; at < block_size; at += lanes) start.push_back(at);
  }
  simd::Places of(int64_t samples) const {
    return {.terms = static_cast<int64_t>(offsets.size()),
            .vectors = (samples + lanes - 1) / lanes,
            .offsets = offsets.data(),
            .from = start.data(),
            .to = start.data(),
            .used = lanes};
  }
};

Command linear_of_block(const Step& step, Place x, Place y) {
  const simd::Table& table = simd::table();
  const int64_t out = step.weight.size(0), in = step.weight.size(1);
  const BlockPlaces places(in, table.lanes);
  if (is_sparse(step.weight, kernels::sparse_linear_density)) {
    const SparseRows rows(step.weight, [](int64_t i) { return i * block_size; });
    return [=, &table, bias = step.bias](const Run& run) {
      table.sparse_rows(0, out, rows.begin.data(), rows.offset.data(), rows.values.data(), bias.data(),
                        places.of(run.samples), x.read(run), y(run), block_size);
    };
  }
  const Buffer packed(out * in);
  table.pack(out, in, step.weight.data(), packed.data());
  return [=, &table, bias = step.bias](const Run& run) {
    table.correlate(places.of(run.samples), out, x.read(run), packed.data(), bias.data(), y(run), block_size);
  };
}

Command sparse_linear_of_sample(const Step& step, Place x, Place y) {
  const SparseRows rows(step.weight, [](int64_t i) { return i; });
  return [=, bias = step.bias](const Run& run) {
    const float* from = x.read(run);
    float* to = y(run);
    for (size_t r = 0; r + 1 < rows.begin.size(); ++r) {
      float sum[2] = {bias.data()[r], 0};
      const auto end = static_cast<size_t>(rows.begin[r + 1]);
      auto k = static_cast<size_t>(rows.begin[r]);
      for (; k + 1 < end; k += 2) {
        sum[0] += rows.values[k] * from[rows.offset[k]];
        sum[1] += rows.values[k + 1] * from[rows.offset[k + 1]];
      }
      if (k < end) sum[0] += rows.values[k] * from[rows.offset[k]];
      to[r] = sum[0] + sum[1];
    }
  };
}

Command linear_of_sample(const Step& step, Place x, Place y, int64_t& scratch_size) {
  if (is_sparse(step.weight, sparse_density_of_one)) return sparse_linear_of_sample(step, x, y);
  const simd::Table& table = simd::table();
  const int64_t out = step.weight.size(0), in = step.weight.size(1), pitch = round_up(in, table.lanes);
  const Buffer rows(out * pitch);
  std::fill_n(rows.data(), out * pitch, 0.0F);
  for (int64_t o = 0; o < out; ++o) std::copy_n(step.weight.data() + o * in, in, rows.data() + o * pitch);
  std::vector<int64_t> from;
  for (int64_t at = 0; at < in; at += table.lanes) from.push_back(at);
  const int64_t padded_at =
      scratch_size;  // what is read beyond x has to be zero, as what it is multiplied with
  if (pitch != in) scratch_size += pitch;
  return [=, &table, bias = step.bias](const Run& run) {
    const float* sample = x.read(run);
    if (pitch != in) {
      std::copy_n(sample, in, run.scratch + padded_at);
      sample = run.scratch + padded_at;
    }
    constexpr int64_t here = 0;
    const simd::Places places{.terms = 1,
                              .vectors = static_cast<int64_t>(from.size()),
                              .offsets = &here,
                              .from = from.data(),
                              .to = from.data(),
                              .used = table.lanes};
    std::copy_n(bias.data(), out, y(run));
    table.dot_products(places, out, sample, rows.data(), pitch, y(run));
  };
}

}  // namespace

Command make_linear(const Step& step, Place x, Place y, Order order, int64_t& scratch_size) {
  return order == Order::block ? linear_of_block(step, x, y) : linear_of_sample(step, x, y, scratch_size);
}

Command make_conv2d(const Step& step, const Shape& in, const Shape& out, Place x, Place y,
                    int64_t& scratch_size) {
  const simd::Table& table = simd::table();
  const Shape& weight = step.weight.shape();
  const int64_t groups = step.groups, outputs = weight[0] / groups, terms = weight.inner(0);
  const auto layout = std::make_shared<kernels::ConvLayout>(
      weight[1], kernels::ConvAxis{in[1], out[1], weight[2], step.stride, step.dilation, step.padding},
      kernels::ConvAxis{in[2], out[2], weight[3], step.stride, step.dilation, step.padding}, table);
  const int64_t scratch_at = scratch_size, image = weight[1] * in.inner(0), positions = out.inner(0);
  scratch_size += round_up(layout->scratch_size(), block_size);
  if (groups == 1 && is_sparse(step.weight, kernels::sparse_conv2d_density)) {
    const simd::Places places = layout->places();
    const SparseRows rows(step.weight, [&](int64_t term) { return places.offsets[term]; });
    return [=, &table, bias = step.bias](const Run& run) {
      layout->fill(x.read(run), run.scratch + scratch_at);
      table.sparse_rows(0, outputs, rows.begin.data(), rows.offset.data(), rows.values.data(), bias.data(),
                        layout->places(), run.scratch + scratch_at, y(run), positions);
    };
  }
  const Buffer packed(step.weight.numel());
  for (int64_t group = 0; group < groups; ++group) {
    const int64_t at = group * outputs * terms;
    table.pack(outputs, terms, step.weight.data() + at, packed.data() + at);
  }
  return [=, &table, bias = step.bias](const Run& run) {
    for (int64_t group = 0; group < groups; ++group) {
      layout->fill(x.read(run) + group * image, run.scratch + scratch_at);
      table.correlate(layout->places(), outputs, run.scratch + scratch_at,
                      packed.data() + group * outputs * terms, bias.data() + group * outputs,
                      y(run) + group * outputs * positions, positions);
    }
  };
}

}  // namespace tinynn::deploy
