// What main.cpp asks of the chip. Given.
#pragma once

#include <cstdint>

void print(const char* text);
void print(std::int32_t number);

/// From now on instructions() says how many instructions the processor has run, to 2.
void start_counting();
std::int32_t instructions();

/// After paint_stack(), deepest_stack() says how many bytes of stack were in use at the deepest.
void paint_stack();
std::int32_t deepest_stack();
