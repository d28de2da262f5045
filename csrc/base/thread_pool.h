// The one thread pool of the core.
//
// Work is cut into chunks that threads claim one after the other; the caller works too, so a computation
// always advances, even with no worker at all. Callers on several threads share the workers. A call from
// inside a parallel section runs inline, on the calling thread. After fork() the child builds a pool of its
// own on first use.
#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>

namespace pyzkfl {

// Calls body(begin, end) on disjoint ranges that cover [0, n) exactly once, each of at least `min_chunk`
// indices where n allows it (min_chunk 0 counts as 1). Returns when all are done. If a body throws, ranges
// not begun are skipped and the first exception is rethrown here. Nothing is called for n == 0.
void parallel_for(size_t n, size_t min_chunk, const std::function<void(size_t begin, size_t end)>& body);

// Runs the tasks, side by side where threads are free. Exceptions as above.
void run_parallel(std::initializer_list<std::function<void()>> tasks);

// How many threads a parallel section may use, the caller included: what set_thread_count said, else the
// environment's PYZKFL_THREADS, else the processors this process may run on. At least 1.
size_t thread_count();

// Sets it, for sections that begin afterwards; 0 goes back to the default. Throws ParameterError above 1024.
void set_thread_count(size_t n);

}  // namespace pyzkfl
