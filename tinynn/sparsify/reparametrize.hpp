// harden: the end of training with a forward weight that differs from the trained one (Parameter::
// reparametrize; L0Gates and Splice hang such). What evaluation computed with becomes the parameter's value,
// its zeros become the mask, and the reparametrization is gone: the network computes what it did before, and
// can be saved, cut and cloned again. It is the only place where a mask is read off zeros.
#pragma once

#include <vector>

#include <tinynn/autograd/parameter.hpp>
#include <tinynn/nn/module.hpp>

namespace tinynn::sparsify {

/// Does nothing to a parameter that is not reparametrized. What was dead stays dead. Throws Error, and
/// changes nothing, if the reparametrization gives another shape.
void harden(Parameter parameter);
/// The same for all parameters of a module.
void harden(nn::Module& module);

/// Throws Error, naming the operation, if one of them is reparametrized or listed twice.
void require_hardened(const char* operation, const std::vector<Parameter>& parameters);

}  // namespace tinynn::sparsify
