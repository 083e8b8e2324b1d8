// All that a Cortex-M wants to know at address 0 to start newlib: where its stack begins, and where the
// program.
extern "C" void _start();

__attribute__((section(".vectors"), used)) void (*const vectors[])() = {
    reinterpret_cast<void (*)()>(0x00400000), _start};
