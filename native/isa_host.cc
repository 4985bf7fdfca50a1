// Prints the instruction set of this machine; the build runs it where it is asked for that set alone.
#include <cstdio>

#include "isa_choice.cc"

int main() { std::puts(penstock::choose_isa().name); }
