#include <cstdio>
#include <memory>

#include <tinynn/cli/commands.hpp>
#include <tinynn/cli/experiment.hpp>
#include <tinynn/cli/median.hpp>
#include <tinynn/cli/profile.hpp>
#include <tinynn/cli/saved_network.hpp>
#include <tinynn/cli/table.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/core/version.hpp>
#include <tinynn/export/compile.hpp>
#include <tinynn/export/quantize.hpp>
#include <tinynn/graph/count.hpp>
#include <tinynn/io/atomic_file.hpp>
#include <tinynn/io/json.hpp>
#include <tinynn/kernels/simd/isa.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/structured/compact.hpp>

namespace tinynn::cli {
namespace {

struct BenchOptions : WeightsOptions {
  std::vector<int64_t> batches{1, 64, 1000};
  std::optional<int64_t> threads;
  bool profile = false, int8 = false;
};

// One shape that a network can take, and what it costs.
struct Form {
  std::string name;
  graph::Counts counts;
  std::vector<double> microseconds;                  // by batch size
  std::vector<std::vector<StepCost>> profiles = {};  // the same, if they are wanted
};

std::vector<Form> measure_forms(const LoadedModel& loaded, const BenchOptions& options) {
  // Images are random: the work does not depend on them.
  const auto images = [&](int64_t count) {
    manual_seed(1);
    return randn(loaded.blank(count).shape());
  };
  std::vector<Form> forms;
  const auto measure = [&](const std::string& name, nn::Module& module, bool int8 = false) {
    Form form{name, graph::count(module, images(2)), {}};
    deploy::Plan plan = deploy::plan(module, images(2));
    const deploy::Program program(int8 ? deploy::quantize(std::move(plan), images(16)) : std::move(plan));
    for (const int64_t batch : options.batches) {
      const Tensor x = images(batch);
      form.microseconds.push_back(median_microseconds([&] { program(x); }));
      if (options.profile) form.profiles.push_back(profile(program, batch));
    }
    forms.push_back(form);
  };
  manual_seed(1);
  if (const auto whole = loaded.as_made()) measure("dense, all of it", *whole);
  measure("as in the file", *loaded.module);
  if (options.int8) measure("as in the file, 8 bits", *loaded.module, true);
  if (structured::compact(*loaded.module, images(8)).channels > 0) {
    measure("compacted", *loaded.module);
    if (options.int8) measure("compacted, 8 bits", *loaded.module, true);
  }
  return forms;
}

void print(const std::vector<Form>& forms, const std::vector<int64_t>& batches) {
  std::vector<std::string> heads{"", "alive", "MACs"};
  for (const int64_t batch : batches) {
    heads.push_back("batch " + with_commas(batch));
    heads.emplace_back("times");
  }
  Table table(heads);
  for (const Form& form : forms) {
    std::vector<std::string> row{form.name, with_commas(form.counts.nonzero), with_commas(form.counts.macs)};
    for (size_t k = 0; k < batches.size(); ++k) {
      row.push_back(fixed(form.microseconds[k], 1) + " us");
      row.push_back(fixed(forms[0].microseconds[k] / form.microseconds[k], 2));
    }
    table.add(row);
  }
  std::printf("%s", table.text().c_str());
}

void print_profiles(const std::vector<Form>& forms, const std::vector<int64_t>& batches) {
  for (const Form& form : forms) {
    for (size_t k = 0; k < form.profiles.size(); ++k) {
      std::printf("\n%s, batch %s, step by step on one thread\n%s", form.name.c_str(),
                  with_commas(batches[k]).c_str(), profile_table(form.profiles[k], batches[k]).c_str());
    }
  }
}

io::Json to_json(const std::vector<StepCost>& costs) {
  io::Json list = io::Json::array();
  for (const StepCost& cost : costs) {
    list.push_back({{"step", cost.name},
                    {"microseconds", cost.microseconds},
                    {"macs", cost.macs},
                    {"bytes", cost.bytes}});
  }
  return list;
}

io::Json to_json(const std::vector<Form>& forms, const BenchOptions& options, const LoadedModel& loaded) {
  io::Json list = io::Json::array();
  for (const Form& form : forms) {
    io::Json latency;
    for (size_t k = 0; k < options.batches.size(); ++k)
      latency.set(std::to_string(options.batches[k]), form.microseconds[k]);
    io::Json row{{"name", form.name},
                 {"parameters", form.counts.parameters},
                 {"nonzero", form.counts.nonzero},
                 {"macs", form.counts.macs},
                 {"latency_us", latency}};
    if (options.profile) {
      io::Json profiles;
      for (size_t k = 0; k < options.batches.size(); ++k)
        profiles.set(std::to_string(options.batches[k]), to_json(form.profiles[k]));
      row.set("profile", profiles);
    }
    list.push_back(row);
  }
  return {{"model", loaded.model}, {"dataset", loaded.dataset},   {"threads", num_threads()},
          {"isa", kernels::isa()}, {"tinynn_version", version()}, {"forms", list}};
}

void run(const BenchOptions& options, const Output& output) {
  check_writable(output);
  use_threads(options.threads);
  const LoadedModel loaded = load_model(options);
  const auto forms = measure_forms(loaded, options);
  if (!output.metrics.empty())
    io::write_file_atomically(output.metrics, to_json(forms, options, loaded).text(2) + "\n");
  if (output.quiet) return;
  std::printf("%s, inference programs, %lld threads, %s\n", loaded.model.c_str(),
              static_cast<long long>(num_threads()), kernels::isa().c_str());
  print(forms, options.batches);
  print_profiles(forms, options.batches);
}

}  // namespace

void add_bench(CommandLine& line) {
  const Command command = line.add_command(
      "bench", "Time a saved network: dense, with its zeros skipped, and with its dead channels deleted");
  auto options = std::make_shared<BenchOptions>();
  auto output = std::make_shared<Output>();
  add_weights_options(command, *options);
  command.add("--batch", options->batches, "Batch sizes, as in 1,64,1000")
      .delimiter(',')
      .shows_default()
      .in_range(int64_t{1}, int64_t{1000000});
  add_threads_option(command, options->threads);
  command.add_flag("--int8", options->int8,
                   "Also in eight bits, as export --format program --quantize int8 writes it");
  command.add_flag("--profile", options->profile,
                   "Also the time of each step, on one thread, with its GF/s and GB/s");
  add_output_options(command, *output);
  command.footer(
      "Medians of one call, in microseconds; \"times\" says how many times as fast as dense.\n"
      "\nExample:\n  tinynn bench --in pruned.safetensors --batch 1,64");
  command.runs([=] { run(*options, *output); });
}

}  // namespace tinynn::cli
