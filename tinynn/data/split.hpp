// Split: which part of a published dataset to read.
#pragma once

namespace tinynn::data {

enum class Split { train, test };

}  // namespace tinynn::data
