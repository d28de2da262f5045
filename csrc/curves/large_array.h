// Arrays of megabytes that live for one computation: zero to begin with, in huge pages where the system has them (a
// page fault for each 4 KiB would take longer than what the msm does with them), wiped at the end if asked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#include "base/secret.h"

namespace pyzkfl {

// Zero bytes, aligned to 64. Throws std::bad_alloc.
uint8_t* allocate_large(size_t bytes);
void free_large(uint8_t* memory, size_t bytes);

enum class Contents { open, secret };

template <class T, Contents contents = Contents::open>
class LargeArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  LargeArray() = default;
  explicit LargeArray(size_t n)
      : data_(reinterpret_cast<T*>(allocate_large(n * sizeof(T)))), size_(n) {}
  LargeArray(LargeArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  LargeArray& operator=(LargeArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~LargeArray() {
    if (data_ == nullptr) return;
    auto* const bytes = reinterpret_cast<uint8_t*>(data_);
    if (contents == Contents::secret) wipe({bytes, size_ * sizeof(T)});
    free_large(bytes, size_ * sizeof(T));
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
