#pragma once

namespace tinynn {

/// The version of the library, such as "0.2.0".
const char* version();

}  // namespace tinynn
