#include <tinynn/autograd/channel_rule.hpp>

namespace tinynn::autograd {

void Channels::link(Link kind, Dim from, Dim to) {
  const Shape* shape_from = shape(from.tensor);
  if (shape_from == nullptr) return;
  for (int64_t i = 0; i < (*shape_from)[from.dim]; ++i) link(kind, from, i, to, i);
}

void Channels::pin(Dim dim, const char* reason) {
  for (int64_t i = 0; i < (*shape(dim.tensor))[dim.dim]; ++i) pin(dim, i, reason);
}

void Channels::carry_all(int64_t input, int64_t except) {
  for (int64_t d = 0; d < shape(input)->rank(); ++d) {
    if (d != except) link(Link::carries, {input, d}, {result, d});
  }
}

namespace {

void broadcast(Channels& c, Link kind) {
  const Shape& y = *c.shape(result);
  for (int64_t input = 0; input < c.inputs(); ++input) {
    const Shape* x = c.shape(input);
    for (int64_t d = 1; x != nullptr && d <= x->rank(); ++d) {
      const Dim from{input, x->rank() - d}, to{result, y.rank() - d};
      const int64_t size = y[to.dim];
      if ((*x)[from.dim] == size) {
        c.link(kind, from, to);
      } else {
        for (int64_t j = 0; j < size; ++j) c.link(Link::spreads, from, 0, to, j);
      }
    }
  }
}

}  // namespace

void elementwise(Channels& channels) { broadcast(channels, Link::carries); }
void elementwise_sum(Channels& channels) { broadcast(channels, Link::shifts); }
void elementwise_product(Channels& channels) { broadcast(channels, Link::multiplies); }

void images(Channels& channels) {
  for (int64_t d = 0; d < channels.shape(0)->rank() - 2; ++d) {
    channels.link(Link::carries, {0, d}, {result, d});
  }
}

void all_but_dim(Channels& channels) {
  const Shape& x = *channels.shape(0);
  if (x.rank() == 0) return;
  channels.carry_all(0, x.index(channels.attributes().whole("dim")));
}

}  // namespace tinynn::autograd
