// Miller loops over several pairs, prepared points, products (see pairing.h).
#include "pairing/pairing.h"

#include <algorithm>
#include <mutex>

#include "base/thread_pool.h"
#include "fields/batch_inverse.h"
#include "pairing/miller_lines.h"
#include "pairing/paths.h"

namespace pyzkfl {
namespace {

// Calls double_line(), add_line(q) for each step of the loop in order; the latter with Q, -Q, pi(Q) or
// -pi^2(Q).
struct Multiples {
  G2Affine q, minus_q, frobenius, minus_frobenius2;

  explicit Multiples(const G2Affine& point)
      : q(point), minus_q(-point), frobenius(psi(point)), minus_frobenius2(-psi(point, 2)) {}
};

// A pair whose lines are computed as the loop goes.
struct Running {
  G1Affine p;
  Multiples multiples;
  MillerPoint t;

  explicit Running(const PairingInput& input) : p(input.p), multiples(input.q), t(input.q) {}

  void multiply(Fp12& f, const LineCoefficients& line) const {
    f = f.mul_by_034(line.c0 * p.y, line.c3 * p.x, line.c4);
  }
};

// A pair whose lines are at hand.
struct Prepared {
  Fp x_over_y, one_over_y;
  const G2Prepared::Line* next;

  void multiply(Fp12& f) {
    f = f.mul_by_34(next->c3 * x_over_y, next->c4 * one_over_y);
    ++next;
  }
};

Fp12 generic_loop(std::vector<Running>& running, std::vector<Prepared>& prepared) {
  Fp12 f = Fp12::one();
  const auto add_all = [&](G2Affine Multiples::* which) {
    for (auto& pair : running) pair.multiply(f, pair.t.add_step(pair.multiples.*which));
    for (auto& pair : prepared) pair.multiply(f);
  };
  for (size_t i = 0; i < ate_loop.size(); ++i) {
    if (i > 0) f = f.square();
    for (auto& pair : running) pair.multiply(f, pair.t.double_step());
    for (auto& pair : prepared) pair.multiply(f);
    if (ate_loop[i] != 0) add_all(ate_loop[i] > 0 ? &Multiples::q : &Multiples::minus_q);
  }
  add_all(&Multiples::frobenius);
  add_all(&Multiples::minus_frobenius2);
  return f;
}

Fp12 loop_over(std::span<const PairingInput> inputs, std::span<const PreparedPairingInput> prepared_inputs) {
  std::vector<PairingInput> running;
  running.reserve(inputs.size());
  for (const auto& input : inputs) {
    if (!input.p.is_infinity() && !input.q.is_infinity()) running.push_back(input);
  }
  std::vector<PreparedPairingInput> prepared;
  prepared.reserve(prepared_inputs.size());
  for (const auto& input : prepared_inputs) {
    if (!input.p.is_infinity() && !input.q->is_infinity()) prepared.push_back(input);
  }
  if (running.empty() && prepared.empty()) return Fp12::one();
  return pairing_path().miller_loop(running, prepared);
}

}  // namespace

Fp12 miller_loop_generic(std::span<const PairingInput> inputs, std::span<const PreparedPairingInput> prepared_inputs) {
  std::vector<Running> running;
  running.reserve(inputs.size());
  for (const auto& input : inputs) running.emplace_back(input);
  std::vector<Prepared> prepared;
  std::vector<Fp> inverses;
  for (const auto& input : prepared_inputs) {
    prepared.push_back({input.p.x, {}, input.q->lines().data()});
    inverses.push_back(input.p.y);
  }
  batch_inverse(std::span<Fp>(inverses));  // no y is zero: no point of G1 has order two
  for (size_t i = 0; i < prepared.size(); ++i) {
    prepared[i].one_over_y = inverses[i];
    prepared[i].x_over_y *= inverses[i];
  }
  return generic_loop(running, prepared);
}

G2Prepared::G2Prepared(const G2Affine& q) {
  if (q.is_infinity()) return;
  std::vector<LineCoefficients> lines;
  lines.reserve(ate_line_count);
  const Multiples multiples(q);
  MillerPoint t(q);
  for (const int8_t digit : ate_loop) {
    lines.push_back(t.double_step());
    if (digit != 0) lines.push_back(t.add_step(digit > 0 ? multiples.q : multiples.minus_q));
  }
  lines.push_back(t.add_step(multiples.frobenius));
  lines.push_back(t.add_step(multiples.minus_frobenius2));

  std::vector<Fp2> inverses(lines.size());
  for (size_t i = 0; i < lines.size(); ++i) inverses[i] = lines[i].c0;
  batch_inverse(std::span<Fp2>(inverses));
  lines_.resize(lines.size());
  for (size_t i = 0; i < lines.size(); ++i)
    lines_[i] = {lines[i].c3 * inverses[i], lines[i].c4 * inverses[i]};
}

Fp12 multi_miller_loop(std::span<const PairingInput> inputs, std::span<const PreparedPairingInput> prepared) {
  constexpr size_t worth_a_thread = 4;  // pairs: below that the squarings that are no longer shared cost more
  const size_t n = inputs.size() + prepared.size();
  if (n < 2 * worth_a_thread) return loop_over(inputs, prepared);
  std::mutex mutex;
  Fp12 product = Fp12::one();
  parallel_for(n, worth_a_thread, [&](size_t begin, size_t end) {
    const size_t m = inputs.size();
    const size_t begin1 = std::min(begin, m), end1 = std::min(end, m);
    const size_t begin2 = std::max(begin, m) - m, end2 = std::max(end, m) - m;
    const Fp12 part =
        loop_over(inputs.subspan(begin1, end1 - begin1), prepared.subspan(begin2, end2 - begin2));
    const std::lock_guard lock(mutex);
    product *= part;
  });
  return product;
}

Fp12 pairing(const G1Affine& p, const G2Affine& q) {
  const PairingInput input = {p, q};
  return final_exponentiation(multi_miller_loop({&input, 1}));
}

bool pairing_product_is_one(std::span<const PairingInput> inputs,
                            std::span<const PreparedPairingInput> prepared) {
  return final_exponentiation(multi_miller_loop(inputs, prepared)).is_one();
}

}  // namespace pyzkfl
