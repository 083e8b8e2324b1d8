#include <tinynn/cli/recipe_options.hpp>
#include <tinynn/recipe/tables.hpp>

namespace tinynn::cli {

void add_recipe_options(const Command& command, recipe::Recipe& recipe, Options& training) {
  auto add = [&](const char* name, auto& value, const char* help) {
    return command.add(name, value, help).group("Pruning").shows_default();
  };
  add("--sparsity", recipe.sparsity, "Fraction of the weights that shall be zero in the end")
      .in_range(0.0, 1.0);
  add("--threshold", recipe.threshold, "Instead: prune once what scores no more than this");
  add("--to-macs", recipe.to_macs,
      "Instead, for channels, neurons and layers: until this fraction of the multiply-adds remains")
      .in_range(0.0, 1.0);
  add("--to-params", recipe.to_parameters,
      "Instead, for channels and neurons: until this fraction of the parameters remains")
      .in_range(0.0, 1.0);
  add("--criterion", recipe.criterion, "What makes a weight worth keeping: a row of the table below")
      .suggests(beginnings(recipe::criteria()));
  add("--norm", recipe.norm, "Order of the norm of --criterion ln; inf is the largest element");
  add("--granularity", recipe.granularity, "What dies together: a row of the table below")
      .suggests(beginnings(recipe::granularities()));
  add("--round-to", recipe.round_to, "Of each layer that loses channels a multiple of this stays")
      .in_range(int64_t{1}, int64_t{1024});
  add("--delete", recipe.erase,
      "When dead channels are deleted: before-finetune, which makes that faster; at-end; or never")
      .one_of({"before-finetune", "at-end", "never"});
  command
      .add("--layers", recipe.layers,
           "Prune these layers only, as in conv1,conv2, or all but those with a minus, as in -fc2; "
           "--sparsity is then of their weights or channels")
      .group("Pruning")
      .delimiter(',');
  add("--keep-at-least", recipe.keep_at_least,
      "Of each layer this fraction of its weights, rows, channels ... stays, and never less than one")
      .in_range(0.0, 1.0);
  add("--scope", recipe.scope,
      "global: all layers compete; local: each layer gives the same share; isomorphic, of channels: layers "
      "in "
      "like places compete, as the first convolutions of all residual blocks do")
      .one_of({"local", "global", "isomorphic"});
  add("--schedule", recipe.schedule, "How sparsity grows over the steps: a row of the table below")
      .suggests(beginnings(recipe::schedules()));
  add("--steps", recipe.steps, "Pruning steps, where the schedule does not say")
      .in_range(int64_t{1}, int64_t{1000});
  add("--ramp-epochs", recipe.ramp_epochs,
      "Instead of --steps: let sparsity grow over so many epochs of one training, between its dense --epochs "
      "and its --finetune-epochs, under one --lr-schedule")
      .at_least(0);
  add("--update-every", recipe.update_every,
      "Training steps between two cuts of such a ramp, and between two regrowths")
      .at_least(1);
  add("--finetune-epochs", training.finetune_epochs, "Epochs of training after each step").at_least(0);
  command
      .add_flag("--cut-dead-units", recipe.cut_dead_units,
                "After each cut, also prune the weights of units that have lost all inputs, or all outputs")
      .group("Pruning");
  add("--recalibrate-bn", recipe.recalibrate_bn,
      "After each cut, make the running statistics of normalisations anew from so many batches; by default "
      "20 where channels or layers are deleted, else none")
      .at_least(0);
  add("--regularizer", recipe.regularizer,
      "What pushes weights to zero in all training, with its strength: a row of the table below. Without "
      "--sparsity, the zeros that l1, group-lasso and l0 make are what is pruned")
      .suggests(beginnings(recipe::regularizers()));
  add("--regrow", recipe.regrow, "Let dead weights come back while fine-tuning: a row of the table below")
      .suggests(beginnings(recipe::regrowers()));
  add("--rewind", recipe.rewind,
      "Before each fine-tuning, give what is left the weights that it had after this many steps of dense "
      "training (0: at the start), as for lottery tickets")
      .at_least(0);
  add("--max-loss", recipe.max_loss,
      "Stop at the first step that loses more accuracy than this, a fraction, on 10,000 of the training "
      "images, undo it, and keep the network from before it")
      .in_range(0.0, 1.0);
}

std::string recipe_tables_help() {
  using namespace recipe;
  return "Criteria:\n" + help_of(criteria()) +
         "\nGranularities; --sparsity is a fraction of the weights, or "
         "of the channels:\n" +
         help_of(granularities()) + "\nSchedules:\n" + help_of(schedules()) +
         "\nRegularizers, S is the strength:\n" + help_of(regularizers()) + "\nRegrowth:\n" +
         help_of(regrowers()) + "\n";
}

}  // namespace tinynn::cli
