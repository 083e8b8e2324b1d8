// The promises that every public call keeps, whatever was called before it: what is masked is plus zero, and
// so are its moments and its gradient; what was saved and read again is saved as the same bytes.
#include <bit>
#include <fstream>
#include <memory>

#include <doctest/doctest.h>

#include <tinynn/core/error.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/core/state.hpp>
#include <tinynn/io/checkpoint.hpp>
#include <tinynn/nn/snapshot.hpp>
#include <tinynn/ops/loss.hpp>
#include <tinynn/optim/adam.hpp>
#include <tinynn/optim/clip_grad.hpp>
#include <tinynn/optim/sgd.hpp>
#include <tinynn/prune/criterion.hpp>
#include <tinynn/sparsify/l0_gates.hpp>
#include <tinynn/sparsify/regrow.hpp>
#include <tinynn/sparsify/splice.hpp>
#include <tinynn/structured/compact.hpp>
#include <tinynn/structured/merge_similar.hpp>
#include <tinynn/structured/prune_channels.hpp>

#include "tests/support/moments.hpp"
#include "tests/support/random_network.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace tinynn;

namespace {

// The first dead element that is anything but plus zero, in words; empty if there is none.
std::string alive_though_dead(nn::Module& net) {
  for (const auto& [name, parameter] : net.named_parameters()) {
    const Mask& mask = parameter.mask();
    if (!mask.defined()) continue;
    if (mask.shape() != parameter.shape()) return name + " has a mask of another shape";
    std::vector<std::pair<std::string, Tensor>> all{{"value", parameter}};
    for (const Tensor& moment : test::moments_of(parameter)) all.emplace_back("moment", moment);
    if (parameter.grad().defined()) all.emplace_back("gradient", parameter.grad());
    for (const auto& [what, tensor] : all) {
      if (tensor.shape() != parameter.shape()) return name + " has a " + what + " of another shape";
      for (int64_t i = 0; i < tensor.numel(); ++i) {
        if (!mask[i] && std::bit_cast<uint32_t>(tensor.data()[i]) != 0)
          return name + ": the " + what + " of dead element " + std::to_string(i) + " is " +
                 std::to_string(tensor.data()[i]);
      }
    }
  }
  return "";
}

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A network and what can be done with it.
class Life {
 public:
  explicit Life(uint64_t seed) : draw_(seed), net_(std::make_unique<test::RandomNetwork>(seed)) {
    const int64_t size = test::RandomNetwork::size;
    images_ = draw_.tensor({4, 2, size, size});
    new_optimizer();
  }

  nn::Module& net() { return *net_; }

  void call(int64_t which) {
    switch (which) {
      case 0: return train();
      case 1: return prune();
      case 2: return sparsify::set(some(), draw_.fraction());
      case 3: return rigl();
      case 4: structured::compact(*net_, images_); return;
      case 5: return save_and_load();
      case 6: return clone();
      case 7: before_ = snapshot(*net_); return;
      case 8:
        if (before_) restore(*net_, *before_);
        return;
      case 9: return write_state();
      case 10: return read_state();
      case 11: return set_mask();
      case 12: return write();
      case 13: return gates();
      case 14: return splice();
      case 15: structured::complete_masks(*net_, images_); return;
      case 16: structured::merge_similar(*net_, images_, {.cosine = 0.9}); return;
      case 17: return prune_channels();
      case 18: return new_optimizer();
      default: return train();
    }
  }
  static constexpr int64_t calls = 22;

 private:
  std::vector<Parameter> some() {
    std::vector<Parameter> chosen;
    for (const Parameter& weight : prune::weights(*net_)) {
      if (chosen.empty() || draw_.coin()) chosen.push_back(weight);
    }
    return chosen;
  }
  void backward() {
    optimizer_->zero_grad();
    cross_entropy((*net_)(images_), Labels({0, 1, 2, 1})).backward();
  }
  void train() {
    backward();
    if (draw_.chance(0.2)) optim::clip_grad_norm(net_->parameters(), 0.1);
    optimizer_->step();
  }
  void prune() {
    const prune::Criterion criteria[] = {prune::magnitude(), prune::random(), prune::lamp(), prune::ln(1)};
    const prune::Granularity granularities[] = {prune::element(), prune::slice(0), prune::slice(1),
                                                prune::block(2)};
    prune::prune(
        some(), prune::fraction(draw_.fraction() * 0.5),
        {.criterion = criteria[draw_.between(0, 3)], .granularity = granularities[draw_.between(0, 3)]},
        draw_.coin() ? prune::Scope::local : prune::Scope::global);
  }
  void rigl() {
    const auto weights = some();
    {
      const DenseGrad dense(weights);
      backward();
      sparsify::rigl(weights, draw_.fraction());
    }
    optimizer_->zero_grad();  // those of the dead were asked for
  }
  void save_and_load() {
    constexpr io::Storage forms[] = {io::Storage::dense, io::Storage::compressed, io::Storage::smallest};
    const io::Storage form = forms[draw_.between(0, 2)];
    io::save(*net_, folder_ / "net", {.storage = form});
    const std::string before = content(folder_ / "net");
    write();
    io::load(*net_, folder_ / "net");
    io::save(*net_, folder_ / "again", {.storage = form});
    CHECK(content(folder_ / "again") == before);
  }
  void clone() {
    auto copy = std::make_unique<test::RandomNetwork>(nn::clone(*net_));
    net_ = std::move(copy);
    before_.reset();
    state_ = {};
    new_optimizer();
  }
  void write_state() {
    StateWriter writer;
    writer.part("optimizer", *optimizer_);
    nn::module_state(writer, *net_);
    state_ = std::move(writer.state);
  }
  void read_state() {
    if (state_.texts.empty()) return;
    StateReader reader(state_);
    nn::module_state(reader, *net_);
    reader.part("optimizer", *optimizer_);
  }
  void set_mask() {
    for (Parameter weight : some()) weight.set_mask(draw_.mask(weight.shape(), draw_.fraction()));
  }
  void write() {
    for (Parameter parameter : net_->parameters()) {
      if (draw_.coin()) parameter.assign(draw_.tensor(parameter.shape()));
    }
  }
  void gates() {
    sparsify::L0Gates gates(some());
    train();
    gates.harden();
  }
  void splice() {
    sparsify::Splice splice(some());
    train();
    splice.harden();
  }
  void prune_channels() {
    structured::prune_channels(*net_, images_, {.amount = prune::fraction(0.3 * draw_.fraction())});
  }
  void new_optimizer() {
    state_ = {};
    if (draw_.coin()) {
      optimizer_ = std::make_unique<optim::Adam>(net_->parameters(), optim::AdamOptions{.lr = 1e-2});
    } else {
      optimizer_ =
          std::make_unique<optim::SGD>(net_->parameters(), optim::SGDOptions{.lr = 0.01, .momentum = 0.9});
    }
  }

  test::Draw draw_;
  std::unique_ptr<test::RandomNetwork> net_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  Tensor images_;
  std::optional<Snapshot> before_;
  State state_;
  test::TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("prune. what is masked stays zero through 10,000 random calls") {
  constexpr int64_t networks = test::fewer(50), calls = 200;
  int64_t refused = 0, dead = 0;
  for (uint64_t seed = 1; seed <= networks; ++seed) {
    manual_seed(seed);
    Life life(seed);
    test::Draw draw(seed + 1000);
    std::vector<int64_t> made;
    for (int64_t i = 0; i < calls; ++i) {
      made.push_back(draw.between(0, Life::calls - 1));
      try {
        life.call(made.back());
      } catch (const Error&) {
        ++refused;  // such as what was cut and does not fit any more
      }
      const std::string wrong = alive_though_dead(life.net());
      if (wrong.empty()) continue;
      CAPTURE(seed);
      CAPTURE(i);
      CAPTURE(made.back());
      REQUIRE(wrong == "");
    }
    for (const Parameter& p : life.net().parameters()) dead += p.numel() - count_nonzero(p);
  }
  MESSAGE((networks * calls), " calls, ", refused, " refused, ", dead, " elements dead in the end");
  CHECK(refused * 5 < networks * calls);  // or little was tried
  CHECK(dead > 20 * networks);
}
