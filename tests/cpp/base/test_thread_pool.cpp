// The thread pool: coverage, nesting, exceptions, several callers, fork.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "base/errors.h"
#include "base/thread_pool.h"

using namespace pyzkfl;

namespace {

// ThreadSanitizer kills a child of fork() that starts threads.
#if defined(__SANITIZE_THREAD__)
constexpr bool kNoThreadsAfterFork = true;
#else
constexpr bool kNoThreadsAfterFork = false;
#endif

struct Threads {
  explicit Threads(size_t n) { set_thread_count(n); }
  ~Threads() { set_thread_count(0); }
};

// The sum 0 + 1 + ... + n - 1, in parallel.
uint64_t parallel_sum(size_t n, size_t grain = 1) {
  std::atomic<uint64_t> sum{0};
  parallel_for(n, grain, [&](size_t begin, size_t end) {
    uint64_t part = 0;
    for (size_t i = begin; i < end; ++i) part += i;
    sum += part;
  });
  return sum;
}

// Whether predicate() is true in a child of fork(). The child says so through a pipe: its exit code is valgrind's,
// which sees in it the stacks of threads that do not exist there as leaks.
template <class Predicate>
bool true_in_child(const Predicate& predicate) {
  int channel[2];
  REQUIRE(pipe(channel) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    alarm(60);  // a child that hangs is a failed test, not a hanging one
    const char answer = predicate() ? 'y' : 'n';
    _exit(write(channel[1], &answer, 1) == 1 ? 0 : 1);
  }
  close(channel[1]);
  char answer = '?';
  const bool answered = read(channel[0], &answer, 1) == 1;
  close(channel[0]);
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  return answered && answer == 'y';
}

}  // namespace

TEST_CASE("every index is visited exactly once, for any length, grain and number of threads") {
  for (const size_t threads : {1, 2, 3, 8}) {
    const Threads guard(threads);
    for (const size_t n : {0, 1, 2, 3, 7, 8, 9, 31, 32, 33, 1000}) {
      for (const size_t grain : {0, 1, 2, 7, 1000, 5000}) {
        std::vector<std::atomic<int>> visits(n);
        parallel_for(n, grain, [&](size_t begin, size_t end) {
          CHECK(begin < end);
          CHECK(end <= n);
          CHECK(end - begin >= std::min(n, grain));
          for (size_t i = begin; i < end; ++i) ++visits[i];
        });
        for (const auto& count : visits) CHECK(count == 1);
      }
    }
  }
}

TEST_CASE("the number of threads can be set, and 0 goes back to the default") {
  const size_t before = thread_count();
  CHECK(before >= 1);
  set_thread_count(3);
  CHECK(thread_count() == 3);
  set_thread_count(1);
  CHECK(thread_count() == 1);
  CHECK(parallel_sum(100) == 4950);
  set_thread_count(0);
  CHECK(thread_count() == before);
  CHECK_THROWS_AS(set_thread_count(1025), ParameterError);
  CHECK(thread_count() == before);
}

TEST_CASE("several threads really work at the same time") {
  const Threads guard(2);
  std::atomic<int> arrived{0};
  run_parallel({[&] {
                  ++arrived;
                  while (arrived < 2) std::this_thread::yield();
                },
                [&] {
                  ++arrived;
                  while (arrived < 2) std::this_thread::yield();
                }});
  CHECK(arrived == 2);
}

TEST_CASE("a call from inside a parallel section runs inline") {
  const Threads guard(4);
  std::atomic<uint64_t> total{0};
  parallel_for(16, 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const auto self = std::this_thread::get_id();
      parallel_for(100, 1, [&](size_t from, size_t to) {
        CHECK(std::this_thread::get_id() == self);
        total += to - from;
      });
    }
  });
  CHECK(total == 1600);
}

TEST_CASE("an exception reaches the caller and the pool works on") {
  const Threads guard(4);
  for (int repeat = 0; repeat < 50; ++repeat) {
    CHECK_THROWS_AS(parallel_for(64, 1,
                                 [](size_t begin, size_t end) {
                                   if (begin <= 13 && 13 < end) throw Interrupted("cancelled");
                                 }),
                    Interrupted);
    CHECK(parallel_sum(1000) == 499500);
  }
}

TEST_CASE("after an exception no further range is begun") {
  const Threads guard(2);
  std::atomic<int> begun{0};
  std::atomic<bool> thrown{false};
  CHECK_THROWS(parallel_for(8, 1, [&](size_t, size_t) {
    ++begun;
    if (!thrown.exchange(true)) throw Error("first");
    while (begun < 2) std::this_thread::yield();  // until this is the second range
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }));
  CHECK(begun <= 3);  // the one that threw, and one on each thread at most
}

TEST_CASE("several callers share the pool") {
  const Threads guard(3);
  std::vector<std::thread> callers;
  std::atomic<int> right{0};
  for (int caller = 0; caller < 6; ++caller) {
    callers.emplace_back([&] {
      for (int i = 0; i < 200; ++i) right += parallel_sum(500) == 124750;
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(right == 1200);
}

TEST_CASE("the number of threads can change while others compute") {
  const Threads guard(2);
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::thread caller([&] {
    while (!stop) wrong += parallel_sum(300) != 44850;
  });
  for (size_t n = 1; n <= 60; ++n) set_thread_count(1 + n % 4);
  stop = true;
  caller.join();
  CHECK(wrong == 0);
}

TEST_CASE("tasks run, whatever their number") {
  const Threads guard(2);
  std::atomic<int> count{0};
  run_parallel({});
  run_parallel({[&] { ++count; }});
  run_parallel({[&] { ++count; }, [&] { ++count; }, [&] { ++count; }});
  CHECK(count == 4);
  CHECK_THROWS_AS(run_parallel({[] { throw ProtocolError("no"); }, [&] { ++count; }}), ProtocolError);
}

TEST_CASE("a forked child computes with a pool of its own" * doctest::skip(kNoThreadsAfterFork)) {
  const Threads guard(3);
  CHECK(parallel_sum(1000) == 499500);  // the workers exist
  for (int generation = 0; generation < 5; ++generation) {
    CHECK(true_in_child([] { return parallel_sum(1000) == 499500 && thread_count() == 3; }));
  }
  CHECK(parallel_sum(1000) == 499500);
}

TEST_CASE("a child forked while another thread computes does not hang" * doctest::skip(kNoThreadsAfterFork)) {
  const Threads guard(3);
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    while (!stop) parallel_sum(200);
  });
  for (int i = 0; i < 10; ++i) CHECK(true_in_child([] { return parallel_sum(1000) == 499500; }));
  stop = true;
  busy.join();
}
