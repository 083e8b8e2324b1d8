#include <utility>

#include <tinynn/train/lockstep.hpp>

namespace tinynn::train {
namespace {

struct Ended {};

}  // namespace

Lockstep::Lockstep(int64_t count, std::function<void(int64_t)> run) : run_(std::move(run)) {
  for (int64_t k = 0; k < count; ++k) parts_.push_back(std::make_unique<Part>());
}

void Lockstep::resume(Part& part) {
  part.turn.release();
  part.done.acquire();
}

void Lockstep::go_on() {
  for (size_t k = 0; k < parts_.size(); ++k) {
    Part& part = *parts_[k];
    if (part.is_over) continue;
    if (!part.thread.joinable()) {
      part.thread = std::thread([this, &part, k] {
        part.turn.acquire();
        try {
          run_(static_cast<int64_t>(k));
        } catch (const Ended&) {
        } catch (...) {
          part.failure = std::current_exception();
        }
        part.is_over = true;
        part.done.release();
      });
    }
    resume(part);
    if (part.failure) std::rethrow_exception(part.failure);
  }
}

void Lockstep::wait(int64_t k) {
  Part& part = *parts_[static_cast<size_t>(k)];
  part.done.release();
  part.turn.acquire();
  if (ends_) throw Ended();
}

Lockstep::~Lockstep() {
  ends_ = true;
  for (auto& part : parts_) {
    if (part->thread.joinable()) {
      if (!part->is_over) resume(*part);
      part->thread.join();
    }
  }
}

}  // namespace tinynn::train
