// What a Cortex-M3 needs before main(), and what newlib or an operating system would bring elsewhere. Given.
#include <cstddef>
#include <cstdint>

#include "device.hpp"

extern "C" {
extern std::uint32_t ram_begin[], data_end[], bss_end[], data_in_flash[], stack_top[];
int main();

// GCC calls these by itself, where loops or assignments mean the same.
#define loop_stays_a_loop __attribute__((optimize("no-tree-loop-distribute-patterns"), used))
loop_stays_a_loop void* memset(void* to, int byte, std::size_t n) {
  for (auto* p = static_cast<unsigned char*>(to); n > 0; --n) *p++ = static_cast<unsigned char>(byte);
  return to;
}
loop_stays_a_loop void* memcpy(void* to, const void* from, std::size_t n) {
  auto* q = static_cast<const unsigned char*>(from);
  for (auto* p = static_cast<unsigned char*>(to); n > 0; --n) *p++ = *q++;
  return to;
}

// Processor and emulator talk through a breakpoint (Arm's "semihosting"): r0 says what is wanted.
static void ask_emulator(int what, const void* with) {
  register int r0 asm("r0") = what;
  register const void* r1 asm("r1") = with;
  asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

[[noreturn]] static void leave(bool well) {
  ask_emulator(0x18, reinterpret_cast<const void*>(well ? 0x20026 : 0x20023));
  for (;;) {
  }
}

[[noreturn]] static void fault() {
  print("fault: the processor was sent to an address that does not exist, or to no instruction\n");
  leave(false);
}

[[noreturn]] void reset() {
  for (std::uint32_t *to = ram_begin, *from = data_in_flash; to < data_end;) *to++ = *from++;
  for (std::uint32_t* to = data_end; to < bss_end;) *to++ = 0;
  leave(main() == 0);
}

// Address 0: where the stack begins, where the program begins, and what happens when something is wrong.
__attribute__((section(".vectors"), used)) void (*const vectors[])() = {
    reinterpret_cast<void (*)()>(stack_top), reset, fault, fault, fault, fault, fault};
}

void not_written(const char* function) {
  print(function), print(": not written\n");
  leave(false);
}

void print(const char* text) { ask_emulator(4, text); }

void print(std::int32_t number) {
  char text[12], *p = text + sizeof text;
  std::uint32_t left =
      number < 0 ? 0U - static_cast<std::uint32_t>(number) : static_cast<std::uint32_t>(number);
  *--p = 0;
  do *--p = static_cast<char>('0' + left % 10);
  while (left /= 10);
  if (number < 0) *--p = '-';
  print(p);
}

// A timer that counts down 25 million times a second. The emulator's clock goes on by 1024 ns with each
// instruction
// (-icount shift=10), so an instruction is 25.6 counts.
static volatile std::uint32_t* const timer = reinterpret_cast<std::uint32_t*>(0x40000000);

void start_counting() {
  timer[2] = 0xFFFFFFFF;  // begins again from here,
  timer[1] = 0xFFFFFFFF;  // is here,
  timer[0] = 1;           // goes
}

std::int32_t instructions() {
  return static_cast<std::int32_t>(static_cast<std::uint64_t>(0xFFFFFFFF - timer[1]) * 5 / 128);
}

// The stack grows down from stack_top towards the variables. What is below is painted; where paint is gone,
// it was.
constexpr std::uint32_t paint = 0xBADC0FFE;
void paint_stack() {
  std::uint32_t* end;
  asm volatile("mov %0, sp" : "=r"(end));
  for (std::uint32_t* p = bss_end; p < end; ++p) *p = paint;
}
std::int32_t deepest_stack() {
  const std::uint32_t* p = bss_end;
  while (p < stack_top && *p == paint) ++p;
  return 4 * (stack_top - p);
}
