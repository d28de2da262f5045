// Arrays of megabytes that live for one computation: in huge pages where the system has them (a page fault for each
// 4 KiB would take longer than what the msm does with them), zero to begin with unless that is waived, wiped at the end
// if they hold secrets.
//
// Memory of the same size is used again: what the system gives has to be cleared first, page by page, which took a tenth
// of an msm and of a training proof. At most most_kept_bytes are kept, and a sixteenth of the machine's memory, marked as
// free for the system to take whenever it needs memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

namespace pyzkfl {

enum class Contents { open, secret };
enum class Start { zero, any };

constexpr size_t most_kept_bytes = size_t{1} << 30;

// Bytes, aligned to 64. Those that start as any may be what an open array left, never what a secret one did. Throws
// std::bad_alloc.
uint8_t* allocate_large(size_t bytes, Start start = Start::zero);
// Wipes secret contents, on all threads.
void free_large(uint8_t* memory, size_t bytes, Contents contents);

template <class T, Contents contents = Contents::open>
class LargeArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  LargeArray() = default;
  // Start::any for what is written from end to end before it is read.
  explicit LargeArray(size_t n, Start start = Start::zero)
      : data_(reinterpret_cast<T*>(allocate_large(n * sizeof(T), start))), size_(n) {}
  LargeArray(LargeArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  LargeArray& operator=(LargeArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~LargeArray() {
    if (data_ != nullptr) free_large(reinterpret_cast<uint8_t*>(data_), size_ * sizeof(T), contents);
  }

  size_t size() const { return size_; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }
  std::span<T> span() { return {data_, size_}; }
  std::span<const T> span() const { return {data_, size_}; }

 private:
  T* data_ = nullptr;
  size_t size_ = 0;
};

template <class T>
using SecretArray = LargeArray<T, Contents::secret>;

}  // namespace pyzkfl
