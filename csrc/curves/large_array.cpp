// Memory of large arrays (see large_array.h).
#include "curves/large_array.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <new>

namespace pyzkfl {
namespace {

constexpr size_t huge_page = size_t{1} << 21;

bool is_mapped(size_t bytes) { return bytes >= huge_page; }
size_t mapped_bytes(size_t bytes) { return (bytes + huge_page - 1) / huge_page * huge_page; }

}  // namespace

uint8_t* allocate_large(size_t bytes) {
  if (!is_mapped(bytes)) {
    const size_t rounded = bytes == 0 ? 64 : (bytes + 63) / 64 * 64;
    void* const memory = std::aligned_alloc(64, rounded);
    if (memory == nullptr) throw std::bad_alloc();
    std::memset(memory, 0, rounded);
    return static_cast<uint8_t*>(memory);
  }
  // One huge page more, so that what we keep can begin at one; the ends are given back.
  const size_t wanted = mapped_bytes(bytes);
  if (wanted < bytes || wanted + huge_page < wanted) throw std::bad_alloc();
  void* const memory =
      mmap(nullptr, wanted + huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  auto* const first = static_cast<uint8_t*>(memory);
  const size_t before = (huge_page - reinterpret_cast<uintptr_t>(first) % huge_page) % huge_page;
  if (before != 0) munmap(first, before);
  munmap(first + before + wanted, huge_page - before);
#ifdef MADV_HUGEPAGE
  madvise(first + before, wanted, MADV_HUGEPAGE);  // advice: it may be refused
#endif
  return first + before;
}

void free_large(uint8_t* memory, size_t bytes) {
  if (is_mapped(bytes))
    munmap(memory, mapped_bytes(bytes));
  else
    std::free(memory);
}

}  // namespace pyzkfl
