// The options of `tinynn prune` that fill a recipe, and the help of its tables.
#pragma once

#include <tinynn/cli/settings.hpp>
#include <tinynn/recipe/recipe.hpp>

namespace tinynn::cli {

/// `training` gets --finetune-epochs, whose default is the model's.
void add_recipe_options(const Command& command, recipe::Recipe& recipe, Options& training);
std::string recipe_tables_help();

}  // namespace tinynn::cli
