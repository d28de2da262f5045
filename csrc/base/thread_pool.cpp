// The thread pool (see thread_pool.h): workers that help with whichever job stands in the queue.
#include "base/thread_pool.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "base/errors.h"

namespace pyzkfl {
namespace {

constexpr size_t kMostThreads = 1024;
constexpr size_t kChunksPerThread = 4;  // enough to even out chunks of unequal cost

thread_local bool inside_parallel_section = false;

struct SectionGuard {
  SectionGuard() { inside_parallel_section = true; }
  ~SectionGuard() { inside_parallel_section = false; }
};

// One parallel_for. Lives on the caller's stack: the caller leaves only when `helpers` is zero and the job is
// out of the queue, so no worker holds it any more.
struct Job {
  Job(const std::function<void(size_t, size_t)>& what, size_t indices, size_t pieces)
      : body(what), n(indices), chunks(pieces) {}

  const std::function<void(size_t, size_t)>& body;
  const size_t n;
  const size_t chunks;
  std::atomic<size_t> next_chunk{0};
  std::atomic<bool> failed{false};
  std::exception_ptr error;  // written once, by the thread that turned `failed`; read after all have left
  size_t helpers = 0;        // guarded by the pool's mutex
  size_t seats = 0;          // workers that may still join; guarded by the pool's mutex

  void work() {
    for (;;) {
      const size_t chunk = next_chunk.fetch_add(1, std::memory_order_relaxed);
      if (chunk >= chunks || failed.load(std::memory_order_relaxed)) return;
      // Chunk boundaries by whole quotient and remainder: sizes differ by at most one, no overflow.
      const size_t size = n / chunks, larger = n % chunks;
      const size_t begin = chunk * size + std::min(chunk, larger);
      const size_t end = begin + size + (chunk < larger ? 1 : 0);
      try {
        body(begin, end);
      } catch (...) {
        if (!failed.exchange(true)) error = std::current_exception();
      }
    }
  }
};

class Pool {
 public:
  explicit Pool(size_t threads) {
    for (size_t i = 1; i < threads; ++i) {
      try {
        workers_.emplace_back([this] { serve(); });
      } catch (const std::system_error&) {
        break;  // the system gives us no more threads: work with those we have
      }
    }
  }

  ~Pool() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  void run(Job& job) {
    job.seats = std::min(job.chunks - 1, workers_.size());
    if (job.seats > 0) {
      const size_t wanted = job.seats;
      {
        const std::lock_guard lock(mutex_);
        queue_.push_back(&job);
      }
      for (size_t i = 0; i < wanted; ++i) wake_.notify_one();
    }
    {
      const SectionGuard guard;
      job.work();
    }
    if (!workers_.empty()) {
      std::unique_lock lock(mutex_);
      std::erase(queue_, &job);
      left_.wait(lock, [&] { return job.helpers == 0; });
    }
  }

 private:
  void serve() {
    const SectionGuard guard;
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      Job& job = *queue_.front();
      ++job.helpers;
      if (--job.seats == 0) queue_.pop_front();
      lock.unlock();
      job.work();
      lock.lock();
      std::erase(queue_, &job);  // no chunk is left for anybody who would join now
      if (--job.helpers == 0) left_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_, left_;
  std::deque<Job*> queue_;
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

size_t default_thread_count() {
  if (const char* text = std::getenv("PYZKFL_THREADS"); text != nullptr && *text != '\0') {
    char* end = nullptr;
    const unsigned long n = std::strtoul(text, &end, 10);
    if (*end == '\0' && n >= 1 && n <= kMostThreads) return n;
  }
  return std::clamp<size_t>(std::thread::hardware_concurrency(), 1, kMostThreads);
}

// The current pool and the number of threads asked for. Never destroyed: threads that outlive main()
// (Python's daemon threads) may still compute while static objects die.
struct State {
  std::mutex mutex;
  size_t threads = 0;  // 0: not decided yet
  std::shared_ptr<Pool> pool;
  std::vector<std::shared_ptr<Pool>> abandoned;  // those of the processes that this one was forked from
};

State& state() {
  static State* const instance = [] {
    auto* created = new State;
    // In a child of fork() the workers do not exist and their mutex may be held for ever: forget the pool
    // (without destroying it) and build another when it is needed.
    pthread_atfork([] { state().mutex.lock(); }, [] { state().mutex.unlock(); },
                   [] {
                     State& s = state();
                     s.abandoned.push_back(std::move(s.pool));
                     s.pool = nullptr;
                     s.mutex.unlock();
                   });
    return created;
  }();
  return *instance;
}

// Caller holds s.mutex.
size_t decided_count(State& s) {
  if (s.threads == 0) s.threads = default_thread_count();
  return s.threads;
}

std::shared_ptr<Pool> current_pool() {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (s.pool == nullptr) s.pool = std::make_shared<Pool>(decided_count(s));
  return s.pool;
}

}  // namespace

void parallel_for(size_t n, size_t min_chunk, const std::function<void(size_t begin, size_t end)>& body) {
  if (n == 0) return;
  const size_t most_chunks = n / std::max<size_t>(min_chunk, 1);
  size_t threads = 1;
  if (most_chunks > 1 && !inside_parallel_section) threads = thread_count();
  if (threads == 1) {
    body(0, n);
    return;
  }
  const std::shared_ptr<Pool> pool = current_pool();
  Job job(body, n, std::min(most_chunks, threads * kChunksPerThread));
  pool->run(job);
  if (job.error) std::rethrow_exception(job.error);
}

void run_parallel(std::initializer_list<std::function<void()>> tasks) {
  const std::span<const std::function<void()>> list(tasks.begin(), tasks.size());
  parallel_for(list.size(), 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) list[i]();
  });
}

size_t thread_count() {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  return decided_count(s);
}

void set_thread_count(size_t n) {
  if (n > kMostThreads) {
    throw ParameterError("thread count " + std::to_string(n) + " is above " + std::to_string(kMostThreads));
  }
  std::shared_ptr<Pool> old;
  State& s = state();
  {
    const std::lock_guard lock(s.mutex);
    s.threads = n == 0 ? default_thread_count() : n;
    old = std::move(s.pool);
    s.pool = nullptr;
  }
  // `old` joins its workers here, or when the last section that uses it ends.
}

}  // namespace pyzkfl
