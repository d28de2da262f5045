// Progress of one part of a computation, which itself reports 0 to 1.
#pragma once

#include "base/progress.h"

namespace pyzkfl::recursion {

// From `from` on, `size` of the whole. `progress` must outlive it.
inline Progress part_of(const Progress& progress, double from, double size) {
  if (!progress) return {};
  return [&progress, from, size](double fraction) { progress(from + size * fraction); };
}

}  // namespace pyzkfl::recursion
