// Marks memory as secret for valgrind, which then reports every branch and every address that depends on it
// (Langley, "ctgrind", 2010). Outside valgrind the functions do nothing, and the tests that use them check
// results only.
#pragma once

#include <cstddef>

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define VALGRIND_MAKE_MEM_UNDEFINED(address, bytes) 0
#define VALGRIND_MAKE_MEM_DEFINED(address, bytes) 0
#define RUNNING_ON_VALGRIND 0
#endif

namespace pyzkfl::test {

inline bool under_valgrind() { return RUNNING_ON_VALGRIND != 0; }

template <class T>
void make_secret(T& object) {
  (void)VALGRIND_MAKE_MEM_UNDEFINED(&object, sizeof(T));
}

template <class T>
void make_public(T& object) {
  (void)VALGRIND_MAKE_MEM_DEFINED(&object, sizeof(T));
}

// The same for `count` objects in a row.
template <class T>
void make_secret(T* objects, size_t count) {
  (void)VALGRIND_MAKE_MEM_UNDEFINED(objects, count * sizeof(T));
}

template <class T>
void make_public(T* objects, size_t count) {
  (void)VALGRIND_MAKE_MEM_DEFINED(objects, count * sizeof(T));
}

}  // namespace pyzkfl::test
