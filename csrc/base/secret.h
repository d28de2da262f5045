// Secret bytes: wiped when they go, not comparable, not printable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "base/bytes.h"

namespace pyzkfl {

// Overwrites `data` with zeros in a way the compiler may not remove: to the compiler, an empty piece of assembly may read
// them. As glibc's explicit_bzero does it, with the C library's vectors; OPENSSL_cleanse writes a word at a time, and a
// proof wipes as many bytes as it computes.
void wipe(std::span<uint8_t> data);

// The same for an object without ownership, such as an array of limbs.
template <class T>
  requires std::is_trivially_copyable_v<T>
void wipe_object(T& object) {
  wipe({reinterpret_cast<uint8_t*>(&object), sizeof(T)});
}

// Compares in time that depends on the lengths only. The one sanctioned way to compare secrets.
[[nodiscard]] bool equal_constant_time(ByteSpan a, ByteSpan b);

// An owned byte string that is wiped on destruction and on assignment. Copies are explicit (clone), there is
// no operator== and no operator<<.
class SecretBytes {
 public:
  SecretBytes() = default;
  // `n` zero bytes.
  explicit SecretBytes(size_t n) : data_(n) {}
  // A copy of `source`; the caller wipes the source.
  static SecretBytes copy_of(ByteSpan source);
  // `n` fresh random bytes.
  static SecretBytes random(size_t n);

  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  SecretBytes(SecretBytes&& other) noexcept : data_(std::move(other.data_)) { other.data_.clear(); }
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  ~SecretBytes() { wipe(data_); }
  bool operator==(const SecretBytes&) const = delete;

  SecretBytes clone() const { return copy_of(data_); }

  size_t size() const { return data_.size(); }
  bool empty() const { return data_.empty(); }
  // Views, valid as long as this object is neither moved nor assigned.
  std::span<uint8_t> span() { return data_; }
  ByteSpan span() const { return data_; }

 private:
  std::vector<uint8_t> data_;  // never grows after construction: a reallocation would leave a copy behind
};

// Wipes memory before giving it back, so that neither growth nor destruction of a vector leaves a copy behind.
template <class T>
struct WipingAllocator {
  using value_type = T;

  WipingAllocator() = default;
  template <class U>
  WipingAllocator(const WipingAllocator<U>&) {}

  T* allocate(size_t n) { return std::allocator<T>().allocate(n); }
  void deallocate(T* memory, size_t n) {
    wipe({reinterpret_cast<uint8_t*>(memory), n * sizeof(T)});
    std::allocator<T>().deallocate(memory, n);
  }
  friend bool operator==(const WipingAllocator&, const WipingAllocator&) { return true; }
};

// A vector of what is derived from secrets.
template <class T>
  requires std::is_trivially_copyable_v<T>
using SecretVector = std::vector<T, WipingAllocator<T>>;

}  // namespace pyzkfl
