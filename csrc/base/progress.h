// How long computations report and are cancelled.
#pragma once

#include <functional>

namespace pyzkfl {

// Called with the fraction done, 0 to 1, never decreasing, always on the thread that called the computation
// and outside parallel sections, so that a callback may take Python's lock. It may throw (Interrupted, or
// whatever it likes): the computation unwinds, leaves its outputs unspecified, and the exception reaches the
// caller. An empty Progress reports nothing.
using Progress = std::function<void(double fraction)>;

// Calls `progress` if there is one.
inline void report(const Progress& progress, double fraction) {
  if (progress) progress(fraction);
}

}  // namespace pyzkfl
