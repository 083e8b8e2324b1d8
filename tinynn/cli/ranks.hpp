// Ranks: the processes of `mpirun -n N tinynn ...`, which share one training; a command that is run as usual
// has one.
#pragma once

#include <tinynn/cli/experiment.hpp>
#include <tinynn/train/reduce.hpp>

namespace tinynn::cli {

/// Whether mpirun started this process.
bool is_under_mpirun();
/// Its number among those that mpirun started, also where nothing is shared; 0 without mpirun.
int64_t rank_by_mpirun();
/// Lets the processes that mpirun started share what comes, unless they do already. Throws UsageError, on all
/// of them, if one found its options wrong; Error if there are several and this tinynn was built without MPI.
void share_ranks(const std::string& usage_error = "");
/// Those that share the work: this one alone, unless share_ranks() was called.
train::Reduce& ranks();
/// What this process has sent to others, in bytes of gradients and sums.
int64_t bytes_sent();
/// Ends MPI, if it was started: all processes at once after an error that is this one's alone.
void leave_ranks(int exit_code, bool agreed);
/// Throws AgreedError, naming the first difference, unless all processes were given the same options, as
/// "name=value name=value", and run the same version of tinynn with the same instructions.
void require_alike_options(const std::string& options);
/// Throws AgreedError, with this message, unless all processes give the same text.
void require_alike(const std::string& text, const std::string& message);
/// Where results go: those of all but the first rank nowhere.
Output of_this_rank(Output output);
/// Threads for each process of this machine, so that together they have its cores.
int64_t threads_of_rank();

}  // namespace tinynn::cli
