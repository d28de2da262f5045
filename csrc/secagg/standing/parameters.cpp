// Neighbours and thresholds from exact tails (see parameters.h).
#include "secagg/standing/parameters.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "base/errors.h"

namespace pyzkfl::secagg {
namespace {

constexpr size_t kMaxMembers = 65534;  // indices and Shamir points have 16 bits, the server's index is 65535
constexpr double kNever = -std::numeric_limits<double>::infinity();

[[noreturn]] void refuse_parameters(const std::string& why) { throw ParameterError("secure aggregation: " + why); }

double log_binomial(size_t n, size_t k) {
  return std::lgamma(static_cast<double>(n) + 1) - std::lgamma(static_cast<double>(k) + 1) -
         std::lgamma(static_cast<double>(n - k) + 1);
}

double log2_sum(double a, double b) {
  if (a < b) std::swap(a, b);
  return b == kNever ? a : a + std::log2(1 + std::exp2(b - a));
}

double times(double log2_probability, size_t how_many) {
  return log2_probability + std::log2(static_cast<double>(how_many));
}

void check(const Assumptions& a) {
  if (a.n < 3 || a.n > kMaxMembers) refuse_parameters("a plan has 3 to 65,534 members, not " + std::to_string(a.n));
  if (!(a.dropout >= 0 && a.dropout < 1)) refuse_parameters("the dropout fraction must be in [0, 1)");
  if (!(a.corrupt >= 0 && a.corrupt < 1)) refuse_parameters("the corrupt fraction must be in [0, 1)");
  if (!(a.security_bits > 0 && a.security_bits <= 128)) refuse_parameters("security must be 1 to 128 bits");
  if (!(a.correctness_bits > 0 && a.correctness_bits <= 128)) refuse_parameters("correctness must be 1 to 128 bits");
}

size_t min_survivors(const Assumptions& a) { return std::max<size_t>(3, a.n - a.dropped()); }

std::string described(const Assumptions& a) {
  return std::to_string(a.n) + " members, " + std::to_string(a.dropped()) + " of them lost, " +
         std::to_string(a.colluding()) + " corrupt, " +
         (a.adversary == Adversary::active ? "active" : "semi-honest") + " server";
}

}  // namespace

size_t Assumptions::dropped() const {
  return static_cast<size_t>(std::floor(dropout * static_cast<double>(n) + 1e-9));
}

size_t Assumptions::colluding() const {
  return static_cast<size_t>(std::ceil(corrupt * static_cast<double>(n) - 1e-9));
}

double log2_hypergeometric_tail(size_t population, size_t marked, size_t draws, size_t x) {
  const size_t most = std::min(marked, draws);
  const size_t least = draws > population - marked ? draws - (population - marked) : 0;
  if (x > most) return kNever;
  if (x <= least) return 0;
  const double all = log_binomial(population, draws);
  double sum = kNever;
  for (size_t i = x; i <= most; ++i) {
    const double term =
        (log_binomial(marked, i) + log_binomial(population - marked, draws - i) - all) / std::log(2.0);
    const double before = sum;
    sum = log2_sum(sum, term);
    if (term < before - 80) break;  // the terms fall from here on
  }
  return std::min(sum, 0.0);
}

double log2_privacy_failure(const Assumptions& a, size_t k, size_t t) {
  const size_t m = k + 1;
  const size_t others = a.n - 1;
  const size_t corrupt = a.colluding();
  // Two honest vectors at least, or the sum is one member's.
  if (min_survivors(a) < corrupt + 2) return 0;
  if (a.adversary == Adversary::semi_honest) {
    double failure = times(log2_hypergeometric_tail(others, corrupt, k, t), a.n);
    if (m < a.n) {
      const size_t gone = std::min(corrupt + a.dropped(), others);
      failure = log2_sum(failure, times(log2_hypergeometric_tail(others, gone, k / 2, k / 2), a.n));
    }
    return std::min(failure, 0.0);
  }
  if (2 * t <= m) return 0;
  double failure = times(log2_hypergeometric_tail(others, corrupt, k, 2 * t - m), a.n);
  if (m < a.n) {
    failure = log2_sum(failure, log2_hypergeometric_tail(a.n, corrupt, m, 2 * t - m));
    const size_t side = k / 2;
    if (t < side + 2) return 0;
    failure = log2_sum(failure, times(log2_hypergeometric_tail(others, corrupt, side, t - side - 1), 2 * a.n));
  }
  return std::min(failure, 0.0);
}

double log2_correctness_failure(const Assumptions& a, size_t k, size_t t) {
  const size_t m = k + 1;
  if (t > m) return 0;
  const size_t dropped = a.dropped();
  // A survivor has itself to answer and k neighbours; one that dropped has k neighbours, and one fewer of
  // those that may be gone. A holder is lost for each neighbour that is.
  double failure = times(log2_hypergeometric_tail(a.n - 1, dropped, k, m - t + 1), a.n - dropped);
  if (dropped > 0) {
    const double gone = t > k ? 0 : log2_hypergeometric_tail(a.n - 1, dropped - 1, k, k - t + 1);
    failure = log2_sum(failure, times(gone, dropped));
  }
  if (m < a.n) failure = log2_sum(failure, log2_hypergeometric_tail(a.n, dropped, m, m - t + 1));
  return std::min(failure, 0.0);
}

Neighbourhood check_neighbourhood(const Assumptions& a, size_t k, size_t t) {
  check(a);
  if (k > a.n - 1 || k < 2 || (k + 1 < a.n && k % 2 != 0)) {
    refuse_parameters("a member has an even number of neighbours from 2, or all others; not " + std::to_string(k));
  }
  if (t < 2 || t > k + 1) refuse_parameters("a threshold of " + std::to_string(t) + " does not fit " + std::to_string(k) + " neighbours");
  const Neighbourhood out{k, t, min_survivors(a), -log2_privacy_failure(a, k, t),
                          -log2_correctness_failure(a, k, t)};
  if (out.security_bits < a.security_bits) {
    refuse_parameters(std::to_string(k) + " neighbours with threshold " + std::to_string(t) + " are too weak for " +
           described(a) + ": privacy would hold with " + std::to_string(out.security_bits) + " bits only");
  }
  if (out.correctness_bits < a.correctness_bits) {
    refuse_parameters(std::to_string(k) + " neighbours with threshold " + std::to_string(t) + " lose too many rounds of " +
           described(a) + ": correctness would hold with " + std::to_string(out.correctness_bits) +
           " bits only");
  }
  return out;
}

Neighbourhood choose_neighbourhood(const Assumptions& a) {
  check(a);
  // The greatest threshold with which enough rounds succeed: the failure grows with t.
  const auto greatest_t = [&](size_t k) {
    size_t low = 1;
    size_t high = k + 2;  // low may do, high does not
    while (high - low > 1) {
      const size_t t = (low + high) / 2;
      (-log2_correctness_failure(a, k, t) >= a.correctness_bits ? low : high) = t;
    }
    return low;
  };
  const auto does = [&](size_t k) {
    const size_t t = greatest_t(k);
    return t >= 2 && -log2_correctness_failure(a, k, t) >= a.correctness_bits &&
           -log2_privacy_failure(a, k, t) >= a.security_bits;
  };
  for (size_t k = 2; k + 1 < a.n; k += 2) {
    if (does(k)) return check_neighbourhood(a, k, greatest_t(k));
  }
  if (does(a.n - 1)) return check_neighbourhood(a, a.n - 1, greatest_t(a.n - 1));
  refuse_parameters("no graph protects " + described(a) +
         ": lower the dropout or the corrupt fraction, or take more members");
}

}  // namespace pyzkfl::secagg
