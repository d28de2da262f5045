// Roots of unity and the table of twiddle factors that all transforms share.
#pragma once

#include <memory>
#include <vector>

#include "fields/fr.h"

namespace pyzkfl {

// The root of unity of order 2^log_n that Domain uses; log_n at most 28.
Fr root_of_unity(unsigned log_n);

// Twiddle factors in bit-reversed order: entry i is w^(the bits of i reversed), where w has twice the order
// of the next power of two above i. So entry 0 is 1, entry 1 is the root of order 4, entries 2 and 3 are the
// root of order 8 and its cube, and the table for a small transform is the beginning of the one for a large
// transform. The inverse of entry 2^k + t is minus entry 2^k + (2^k - 1 - t), so that inverse transforms use
// the same table.
//
// Returns a table of at least 2^(log_n - 1) entries, and at least one. Thread-safe; the largest table made so
// far is kept.
std::shared_ptr<const std::vector<Fr>> twiddle_table(unsigned log_n);

}  // namespace pyzkfl
