// The tests, by default in the locale "C". TINYNN_TEST_LOCALE=NAME runs them as inside a program whose C++
// locale writes 1234.5 as "1.234,5", and whose C locale is NAME, such as de_DE.UTF-8.
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <locale>
#include <string>

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

namespace {

struct Grouping : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

bool set_locales(const char* name) {
  std::locale::global(std::locale(std::locale::classic(), new Grouping));  // has no name: C's stays as it is
  const bool known = std::setlocale(LC_ALL, name) != nullptr;
  std::setlocale(LC_MESSAGES, "C");  // the system's words for its errors may be in any language
  return known;
}

// A standard stream that is closed would be the first file that a test opens.
void open_standard_streams() {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
    if (::fcntl(stream, F_GETFD) < 0) (void)::open("/dev/null", O_RDWR);
  }
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_streams();
  if (const char* name = std::getenv("TINYNN_TEST_LOCALE"); name != nullptr && !set_locales(name)) {
    return std::printf("there is no locale %s\n", name), 1;
  }
  return doctest::Context(argc, argv).run();
}
