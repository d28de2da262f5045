// Secrets: what the type forbids, wiping, comparison; and the random generator.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <concepts>
#include <cstdlib>
#include <cstring>
#include <new>
#include <ostream>
#include <set>
#include <type_traits>

#include "../constant_time.h"
#include "base/random.h"
#include "base/secret.h"

using namespace pyzkfl;
using pyzkfl::test::under_valgrind;

namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& v) { out << v; };

// A block of memory, and what it held when it was freed.
const void* watched = nullptr;
size_t watched_bytes = 0;
Bytes seen_when_freed;

void watch(const void* block, size_t bytes) {
  watched = block;
  watched_bytes = bytes;
  seen_when_freed.assign(bytes, 0xff);
}

[[gnu::noinline]] void free_watched(void* block) {
  if (block != nullptr && block == watched) {
    watched = nullptr;
    std::memcpy(seen_when_freed.data(), block, watched_bytes);
  }
  std::free(block);
}

}  // namespace

// The program's own allocation functions, so that a test can look at memory just before it is freed.
[[gnu::noinline]] void* operator new(size_t bytes) {
  if (void* block = std::malloc(bytes == 0 ? 1 : bytes)) return block;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* block) noexcept { free_watched(block); }
[[gnu::noinline]] void operator delete(void* block, size_t) noexcept { free_watched(block); }

TEST_CASE("a secret can be neither copied by accident nor compared nor printed") {
  static_assert(!std::is_copy_constructible_v<SecretBytes>);
  static_assert(!std::is_copy_assignable_v<SecretBytes>);
  static_assert(!std::equality_comparable<SecretBytes>);
  static_assert(!Printable<SecretBytes>);
  static_assert(std::is_nothrow_move_constructible_v<SecretBytes>);
  const SecretBytes a = SecretBytes::random(32);
  const SecretBytes b = a.clone();
  CHECK(equal_constant_time(a.span(), b.span()));
  CHECK(a.span().data() != b.span().data());
}

TEST_CASE("wiping overwrites bytes and objects with zeros") {
  Bytes memory(64, 0xaa);
  wipe(memory);
  CHECK(memory == Bytes(64));
  std::array<uint64_t, 4> limbs = {1, 2, 3, 4};
  wipe_object(limbs);
  CHECK(limbs == std::array<uint64_t, 4>{});
}

TEST_CASE("a secret's memory is zero when it is given back: on destruction, and on assignment") {
  if (under_valgrind()) return;  // it brings allocation functions of its own
  const Bytes value(200, 0x5a);
  {
    const SecretBytes secret = SecretBytes::copy_of(value);
    watch(secret.span().data(), secret.size());
  }
  CHECK(seen_when_freed == Bytes(200));

  SecretBytes target = SecretBytes::copy_of(value);
  watch(target.span().data(), target.size());
  target = SecretBytes::copy_of(Bytes{4});
  CHECK(seen_when_freed == Bytes(200));
  CHECK(target.size() == 1);
  CHECK(target.span()[0] == 4);

  const auto plain = new Bytes(value);  // that the watch sees what is there
  watch(plain->data(), plain->size());
  delete plain;
  CHECK(seen_when_freed == value);
}

TEST_CASE("a secret that was moved from is empty") {
  SecretBytes a = SecretBytes::copy_of(Bytes{1, 2, 3});
  const SecretBytes b = std::move(a);
  CHECK(b.size() == 3);
  CHECK(a.empty());
}

TEST_CASE("comparison in constant time compares") {
  const Bytes a = {1, 2, 3}, b = {1, 2, 4}, c = {1, 2};
  CHECK(equal_constant_time(a, a));
  CHECK_FALSE(equal_constant_time(a, b));
  CHECK_FALSE(equal_constant_time(a, c));
  CHECK(equal_constant_time({}, {}));
}

TEST_CASE("random bytes do not repeat, and fill every byte") {
  std::set<Bytes> seen;
  std::array<bool, 33> nonzero{};
  for (int i = 0; i < 200; ++i) {
    Bytes bytes(33);
    random_bytes(bytes);
    for (size_t j = 0; j < bytes.size(); ++j) nonzero[j] = nonzero[j] || bytes[j] != 0;
    CHECK(seen.insert(bytes).second);
  }
  for (const bool found : nonzero) CHECK(found);  // each false with probability 2^-1600
  random_bytes({});
}

TEST_CASE("parent and child draw different randomness after fork") {
  Bytes warm_up(16), mine(16), theirs(16);
  random_bytes(warm_up);
  int channel[2];
  REQUIRE(pipe(channel) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    random_bytes(mine);
    _exit(write(channel[1], mine.data(), mine.size()) == 16 ? 0 : 1);
  }
  random_bytes(mine);
  CHECK(read(channel[0], theirs.data(), theirs.size()) == 16);
  int status = -1;
  waitpid(child, &status, 0);
  CHECK(mine != theirs);
  close(channel[0]);
  close(channel[1]);
}
