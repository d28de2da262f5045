// Memory of large arrays (see large_array.h).
#include "curves/large_array.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <utility>

#include "base/secret.h"
#include "base/thread_pool.h"

namespace pyzkfl {
namespace {

constexpr size_t huge_page = size_t{1} << 21;

bool is_mapped(size_t bytes) { return bytes >= huge_page; }
size_t mapped_bytes(size_t bytes) { return (bytes + huge_page - 1) / huge_page * huge_page; }

size_t most_kept() {
  static const size_t most = [] {
    const long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    if (pages <= 0 || page_bytes <= 0) return most_kept_bytes / 4;
    return std::min(most_kept_bytes, static_cast<size_t>(pages) / 16 * static_cast<size_t>(page_bytes));
  }();
  return most;
}

// Memory kept for the next array of its size.
class Kept {
 public:
  // Null if there is none. A fork may have happened while another thread held the mutex: then nothing is kept any more.
  uint8_t* take(size_t bytes, Start start) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return nullptr;
    for (Region& r : regions_) {
      if (r.bytes != bytes || (start == Start::zero && !r.zero)) continue;
      total_ -= bytes;
      r.bytes = 0;
      return std::exchange(r.memory, nullptr);
    }
    return nullptr;
  }

  // False if it is not kept. What was kept longest goes first where there is no room.
  bool keep(uint8_t* memory, size_t bytes, bool zero) {
    const size_t most = most_kept();
    if (bytes > most) return false;
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return false;
    while (total_ + bytes > most || free_place() == nullptr) drop_oldest();
#ifdef MADV_FREE
    madvise(memory, bytes, MADV_FREE);  // what is there stays or becomes zero
#endif
    *free_place() = {memory, bytes, zero, ++time_};
    total_ += bytes;
    return true;
  }

 private:
  struct Region {
    uint8_t* memory = nullptr;
    size_t bytes = 0;
    bool zero = false;
    uint64_t since = 0;
  };

  Region* free_place() {
    for (Region& r : regions_) {
      if (r.memory == nullptr) return &r;
    }
    return nullptr;
  }

  void drop_oldest() {
    Region* oldest = nullptr;
    for (Region& r : regions_) {
      if (r.memory != nullptr && (oldest == nullptr || r.since < oldest->since)) oldest = &r;
    }
    munmap(oldest->memory, oldest->bytes);
    total_ -= oldest->bytes;
    *oldest = {};
  }

  std::mutex mutex_;
  std::array<Region, 24> regions_;
  size_t total_ = 0;
  uint64_t time_ = 0;
};

// Never destroyed: threads that outlive main() may still compute.
Kept& kept() {
  static Kept* const instance = new Kept;
  return *instance;
}

void wipe_on_all_threads(uint8_t* memory, size_t bytes) {
  constexpr size_t piece = size_t{1} << 20;
  parallel_for((bytes + piece - 1) / piece, 1, [&](size_t begin, size_t end) {
    wipe({memory + begin * piece, std::min(end * piece, bytes) - begin * piece});
  });
}

}  // namespace

uint8_t* allocate_large(size_t bytes, Start start) {
  if (!is_mapped(bytes)) {
    const size_t rounded = bytes == 0 ? 64 : (bytes + 63) / 64 * 64;
    void* const memory = std::aligned_alloc(64, rounded);
    if (memory == nullptr) throw std::bad_alloc();
    if (start == Start::zero) std::memset(memory, 0, rounded);
    return static_cast<uint8_t*>(memory);
  }
  // One huge page more, so that what we keep can begin at one; the ends are given back.
  const size_t wanted = mapped_bytes(bytes);
  if (wanted < bytes || wanted + huge_page < wanted) throw std::bad_alloc();
  if (uint8_t* const again = kept().take(wanted, start); again != nullptr) return again;
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

void free_large(uint8_t* memory, size_t bytes, Contents contents) {
  // To the end of the last page: an open array that had the memory before may have reached further, and what is wiped
  // is handed out again as zeros.
  if (contents == Contents::secret) wipe_on_all_threads(memory, is_mapped(bytes) ? mapped_bytes(bytes) : bytes);
  if (!is_mapped(bytes)) {
    std::free(memory);
  } else if (!kept().keep(memory, mapped_bytes(bytes), contents == Contents::secret)) {
    munmap(memory, mapped_bytes(bytes));
  }
}

}  // namespace pyzkfl
