// Plan files: a plan in a safetensors file, for programs that have nothing of the code that made the network.
// Constants are F32 tensors "STEP.weight" and "STEP.bias", in eight bits an I8 "STEP.weight" and F32
// "STEP.scales", indices I32 tensors "STEP.from"; of pruned weights there are live elements alone
// (live_tensor.hpp). All else is JSON in the metadata, under "tinynn.plan".
#pragma once

#include <filesystem>

#include <tinynn/io/safetensors.hpp>
#include <tinynn/program/plan.hpp>

namespace tinynn::deploy {

/// Writes a plan atomically, with more metadata if there is any. Equal plans give equal bytes. Throws Error
/// if it cannot be written.
void save(const Plan& plan, const std::filesystem::path& path, io::Metadata metadata = {});

/// Throws Error if the file cannot be read, is no plan's, or breaks the rules of check_plan().
Plan load(const std::filesystem::path& path);
/// The same from a file that is in memory.
Plan load(const io::SafetensorsFile& file);

/// The plan with (x - mean[c]) / std[c] before it, for channel c: of images as they are.
/// Throws Error unless there is one mean and one std for each channel of the input, or for all.
Plan with_normalization(Plan plan, const std::vector<double>& mean, const std::vector<double>& std);

}  // namespace tinynn::deploy
