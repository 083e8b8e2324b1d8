#include <algorithm>
#include <map>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/core/shape.hpp>
#include <tinynn/structured/dead_channels.hpp>

namespace tinynn::structured {

using autograd::Link;
using graph::Atom;
using graph::AtomLink;
using graph::Value;

namespace {

const Value& value_of(const graph::ChannelMap& map, const Atom& atom) {
  return map.graph().values[atom.value];
}

bool is_weight(const Value& value) {
  return value.kind == Value::Kind::parameter || value.kind == Value::Kind::buffer;
}

// Calls f(number) for every element of a value that lies in the atom; stops when it returns false, and
// returns whether it never did.
template <class F>
bool all_of(const Value& value, const Atom& atom, F f) {
  const Slices slices(value.tensor.shape(), atom.dim);
  for (int64_t o = 0; o < slices.outer; ++o) {
    const float* from = value.tensor.data() + slices.begin(o, atom.index);
    if (!std::all_of(from, from + slices.inner, f)) return false;
  }
  return true;
}

}  // namespace

DeadChannels::DeadChannels(const graph::ChannelMap& map, bool trust_zeros)
    : map_(map),
      trust_zeros_(trust_zeros),
      masked_(static_cast<size_t>(map.atoms())),
      constant_(static_cast<size_t>(map.atoms())) {
  read_masks();
  follow_constants();
}

void DeadChannels::read_masks() {
  const auto& values = map_.graph().values;
  for (size_t v = 0; v < values.size(); ++v) {
    const Value& value = values[v];
    if (value.kind != Value::Kind::parameter) continue;
    const Mask mask = Parameter::of(value.tensor).mask();
    if (!mask.defined()) continue;
    for (int64_t d = 0; d < value.shape.rank(); ++d) {
      std::vector<bool> alive(static_cast<size_t>(value.shape[d]));
      const int64_t inner = value.shape.inner(d);
      for (int64_t i = 0; i < value.shape.numel(); ++i) {
        if (mask[i]) alive[i / inner % value.shape[d]] = true;
      }
      for (int64_t i = 0; i < value.shape[d]; ++i) {
        masked_[index({static_cast<int>(v), d, i})] = !alive[i];
      }
    }
  }
}

void DeadChannels::follow_constants() {
  for (const auto& links : map_.links()) {
    // Of each atom of the result: whether all that it is made of is constant, and whether it is made at all.
    std::map<int64_t, bool> of_result;
    std::set<int64_t> zero;
    for (const AtomLink& link : links) {
      const Value& from = value_of(map_, link.from);
      const bool steady = is_weight(from) || constant_[index(link.from)];
      const auto made_of = [&](bool constant) {
        auto& all = of_result.try_emplace(map_.number(link.to), true).first->second;
        all = all && constant;
      };
      if (link.kind == Link::produces) made_of(masked_[index(link.from)]);
      if (link.kind == Link::carries || link.kind == Link::shifts || link.kind == Link::spreads)
        made_of(steady);
      if (link.kind == Link::multiplies) {
        made_of(steady);
        if (steady && is_zero(link.from)) zero.insert(map_.number(link.to));
      }
    }
    for (const auto& [atom, constant] : of_result) {
      constant_[atom] = constant || zero.contains(atom);
    }
  }
}

bool DeadChannels::is_zero(const Atom& atom) const {
  const Value& value = value_of(map_, atom);
  if (value.kind == Value::Kind::parameter) return masked_[index(atom)];
  return trust_zeros_ ? !is_weight(value) : all_of(value, atom, [](float x) { return x == 0; });
}

bool DeadChannels::varies(const Atom& atom) const {
  const float first = constant(atom);
  return !trust_zeros_ && !all_of(value_of(map_, atom), atom, [=](float x) { return x == first; });
}

float DeadChannels::constant(const Atom& atom) const {
  return value_of(map_, atom).tensor.data()[atom.index * value_of(map_, atom).shape.inner(atom.dim)];
}

std::set<int64_t> DeadChannels::classes() const {
  std::set<int64_t> dead, missed;
  for (const auto& links : map_.links()) {
    for (const AtomLink& link : links) {
      const int64_t of_class = map_.class_of(link.to);
      const bool consumes = link.kind == Link::consumes;
      if (consumes && !masked_[index(link.from)] && !is_constant(link.to)) missed.insert(of_class);
      // A channel that nothing reads is dead only if a mask says so.
      if ((consumes || link.kind == Link::produces || link.kind == Link::multiplies) &&
          masked_[index(link.from)])
        dead.insert(of_class);
    }
  }
  std::erase_if(dead, [&](int64_t c) { return missed.contains(c) || !map_.pinned(c).empty(); });

  // No dimension may become empty: the first of its classes stays.
  const auto slices = map_.slices();
  std::map<std::pair<int, int64_t>, int64_t> left;
  for (const int64_t c : dead) {
    for (const Atom& atom : slices[c]) {
      --left.try_emplace({atom.value, atom.dim}, value_of(map_, atom).shape[atom.dim]).first->second;
    }
  }
  for (auto c = dead.begin(); c != dead.end();) {
    const auto& atoms = slices[*c];
    const bool last = std::ranges::any_of(atoms, [&](const Atom& a) { return left[{a.value, a.dim}] == 0; });
    if (last) {
      for (const Atom& atom : atoms) ++left[{atom.value, atom.dim}];
    }
    c = last ? dead.erase(c) : std::next(c);
  }
  return dead;
}

void mask_channels(const graph::ChannelMap& map, const std::set<int64_t>& classes) {
  std::map<int, Mask> masks;
  for (const auto& links : map.links()) {
    for (const AtomLink& link : links) {
      const Value& value = map.graph().values[link.from.value];
      const bool makes =
          link.kind == Link::produces || link.kind == Link::multiplies || link.kind == Link::shifts;
      if (!makes || value.kind != Value::Kind::parameter || !classes.contains(map.class_of(link.to)))
        continue;
      Mask& mask = masks.try_emplace(link.from.value, value.shape).first->second;
      for (const int64_t place : graph::places(value.shape, link.from)) mask.set(place, false);
    }
  }
  for (const auto& [value, mask] : masks) {
    Parameter::of(map.graph().values[value].tensor).prune(mask);
  }
}

std::string name_of(const graph::ChannelMap& map, const Atom& atom) {
  std::string text = value_of(map, atom).name + "[";
  for (int64_t d = 0; d < atom.dim; ++d) text += ":, ";
  return text + std::to_string(atom.index) + "]";
}

}  // namespace tinynn::structured
