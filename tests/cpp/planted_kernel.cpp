// What a kernel must not have: an inline function that other files share (see kernel_symbols.cmake, which is to find it).
__attribute__((noinline)) inline int shared_by_mistake(int v) { return 3 * v; }

int planted_kernel(int v);
int planted_kernel(int v) { return shared_by_mistake(v); }
