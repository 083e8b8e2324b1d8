// Networks by name, as the command line and model files know them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <tinynn/nn/module.hpp>

namespace tinynn::models {

std::vector<std::string> names();
/// The shape (c, h, w) of the images that a network is made for. Throws Error as make() does.
Shape input_shape(const std::string& name);
/// A freshly initialised network. Throws Error, listing the names, for one that is not known.
std::unique_ptr<nn::Module> make(const std::string& name);

bool is_name(const std::string& text);
/// Whether it is more than a word, and so rather layers than a name.
bool is_text(const std::string& text);
/// The network of a name, or of a text (text.hpp) for samples of this shape. Throws what the two throw.
std::unique_ptr<nn::Module> make(const std::string& name_or_text, const Shape& sample);

}  // namespace tinynn::models
