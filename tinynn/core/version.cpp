#include <tinynn/core/version.hpp>

namespace tinynn {

const char* version() { return TINYNN_VERSION; }

}  // namespace tinynn
