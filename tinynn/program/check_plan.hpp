// What a plan has to keep to, so that a program of it reads and writes nothing but its own memory: for plans
// from files, and for whoever writes one by hand.
#pragma once

#include <tinynn/program/plan.hpp>

namespace tinynn::deploy {

/// Throws Error, naming the step by number and kind, unless every step reads values that are there by then,
/// writes one that nobody wrote before, has the weights of its kind, and gives the shape that its value has.
void check_plan(const Plan& plan);

}  // namespace tinynn::deploy
