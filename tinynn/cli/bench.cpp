#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>

#include <tinynn/cli/commands.hpp>
#include <tinynn/cli/experiment.hpp>
#include <tinynn/cli/table.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/core/parallel.hpp>
#include <tinynn/core/random.hpp>
#include <tinynn/core/version.hpp>
#include <tinynn/export/compile.hpp>
#include <tinynn/graph/count.hpp>
#include <tinynn/io/atomic_file.hpp>
#include <tinynn/io/json.hpp>
#include <tinynn/kernels/simd/isa.hpp>
#include <tinynn/models/models.hpp>
#include <tinynn/structured/compact.hpp>

namespace tinynn::cli {
namespace {

struct BenchOptions {
  std::filesystem::path in;
  std::vector<int64_t> batches{1, 64, 1000};
  int64_t threads = num_threads();
};

// One shape that a network can take, and what it costs.
struct Form {
  std::string name;
  graph::Counts counts;
  std::vector<double> microseconds;  // by batch size
};

// A batch is as large as asked for; images are random, for the work does not depend on them.
Tensor images(const std::string& model, int64_t count) {
  const Shape image = models::input_shape(model);
  manual_seed(1);
  return randn({count, image[0], image[1], image[2]});
}

// The median of at least 20 calls that take 0.2 seconds, after five that do not count.
double median_microseconds(const deploy::Program& program, const Tensor& x) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  double total = 0;
  for (int i = 0; i < 25 || total < 2e5; ++i) {
    const auto start = Clock::now();
    program(x);
    const double time = std::chrono::duration<double, std::micro>(Clock::now() - start).count();
    if (i < 5) continue;
    times.push_back(time);
    total += time;
  }
  const auto half = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::ranges::nth_element(times, half);
  return *half;
}

Form measure(const std::string& name, const std::string& model, nn::Module& module,
             const std::vector<int64_t>& batches) {
  const Tensor example = images(model, 2);
  Form form{name, graph::count(module, example), {}};
  const auto program = deploy::compile(module, example);
  for (const int64_t batch : batches)
    form.microseconds.push_back(median_microseconds(program, images(model, batch)));
  return form;
}

std::vector<Form> measure_forms(const LoadedModel& loaded, const std::vector<int64_t>& batches) {
  const auto& [module, model, dataset] = loaded;
  std::vector<Form> forms;
  manual_seed(1);
  forms.push_back(measure("dense, all of it", model, *models::make(model), batches));
  forms.push_back(measure("as in the file", model, *module, batches));
  if (structured::compact(*module, images(model, 8)).channels > 0)
    forms.push_back(measure("compacted", model, *module, batches));
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

io::Json to_json(const std::vector<Form>& forms, const BenchOptions& options, const LoadedModel& loaded) {
  io::Json list = io::Json::array();
  for (const Form& form : forms) {
    io::Json latency;
    for (size_t k = 0; k < options.batches.size(); ++k)
      latency.set(std::to_string(options.batches[k]), form.microseconds[k]);
    list.push_back({{"name", form.name},
                    {"parameters", form.counts.parameters},
                    {"nonzero", form.counts.nonzero},
                    {"macs", form.counts.macs},
                    {"latency_us", latency}});
  }
  return {{"model", loaded.model}, {"dataset", loaded.dataset},   {"threads", options.threads},
          {"isa", kernels::isa()}, {"tinynn_version", version()}, {"forms", list}};
}

void run(const BenchOptions& options, const Output& output) {
  check_writable(output);
  set_num_threads(options.threads);
  const LoadedModel loaded = load_model(options.in);
  const auto forms = measure_forms(loaded, options.batches);
  if (!output.metrics.empty())
    io::write_file_atomically(output.metrics, to_json(forms, options, loaded).text(2) + "\n");
  if (output.quiet) return;
  std::printf("%s, inference programs, %lld threads, %s\n", loaded.model.c_str(),
              static_cast<long long>(options.threads), kernels::isa().c_str());
  print(forms, options.batches);
}

}  // namespace

void add_bench(CommandLine& line) {
  const Command command = line.add_command(
      "bench", "Time a saved network: dense, with its zeros skipped, and with its dead channels deleted");
  auto options = std::make_shared<BenchOptions>();
  auto output = std::make_shared<Output>();
  command.add("--in", options->in, "The network, a safetensors file that tinynn wrote").required();
  command.add("--batch", options->batches, "Batch sizes, as in 1,64,1000")
      .delimiter(',')
      .shows_default()
      .in_range(int64_t{1}, int64_t{1000000});
  command.add("--threads", options->threads, "Threads to use")
      .shows_default()
      .in_range(int64_t{1}, int64_t{1024});
  add_output_options(command, *output);
  command.footer(
      "Medians of one call, in microseconds; \"times\" says how many times as fast as dense.\n"
      "\nExample:\n  tinynn bench --in pruned.safetensors --batch 1,64");
  command.runs([=] { run(*options, *output); });
}

}  // namespace tinynn::cli
