// Forgers for gadget tests. A circuit gets its inputs as public wires; everything the prover is free to
// choose is a private wire, and these look for a second choice that satisfies all constraints.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <set>
#include <vector>

#include "r1cs/builder.h"

namespace pyzkfl::forgers {

// Builds the circuit; what it returns are the gadget's outputs.
using Circuit = std::function<std::vector<LC>(Builder&)>;

struct Built {
  ConstraintSystem cs;
  Witness witness;
  std::vector<Fr> outputs;
};

inline Built build(const Circuit& circuit) {
  Builder b(Builder::Mode::both);
  std::vector<Fr> outputs;
  for (const LC& out : circuit(b)) outputs.push_back(out.value());
  auto [cs, witness] = b.take_both();
  return {std::move(cs), std::move(witness), std::move(outputs)};
}

// The outputs, computed without recording anything; empty if the honest witness fails.
inline std::vector<Fr> evaluate(const Circuit& circuit) {
  Builder b(Builder::Mode::witness);
  std::vector<Fr> outputs;
  for (const LC& out : circuit(b)) outputs.push_back(out.value());
  if (b.failure()) outputs.clear();
  return outputs;
}

inline bool satisfied(const Circuit& circuit) {
  Builder b(Builder::Mode::witness);
  circuit(b);
  return !b.failure();
}

// Wrong values for a wire that should hold `v`.
inline std::vector<Fr> wrong_values(const Fr& v) {
  std::vector<Fr> out = {v + Fr::one(), v - Fr::one(), -v,           Fr::zero(),  Fr::one(),
                         Fr::from_u64(2), v.dbl(),      v + power_of_two(128), v - power_of_two(252),
                         v * Fr::from_u64(2).inverse(), v.inverse(), Fr::random()};
  std::erase(out, v);
  return out;
}

// The honest witness satisfies the circuit, and changing any one private wire breaks it, whatever the
// change is. `free`: private wires (by number) that may take any value; they must be listed, and are
// checked to be free.
inline void check_each_wire(const Circuit& circuit, const std::set<uint32_t>& free = {}) {
  const Built built = build(circuit);
  REQUIRE_FALSE(built.cs.check(built.witness).has_value());
  const uint32_t first = built.cs.layout().first_private();
  for (uint32_t i = 0; i < built.cs.layout().num_private; ++i) {
    CAPTURE(i);
    for (const Fr& wrong : wrong_values(built.witness[first + i])) {
      Witness bad = built.witness.clone();
      bad[first + i] = wrong;
      CHECK(built.cs.check(bad).has_value() == !free.contains(i));
    }
  }
}

// A prover that cheats on one wire and computes everything made after it from the wrong value fails too.
inline void check_each_substitution(const Circuit& circuit, const std::set<uint32_t>& free = {}) {
  const Built built = build(circuit);
  const uint32_t first = built.cs.layout().first_private();
  for (uint32_t i = 0; i < built.cs.layout().num_private; ++i) {
    CAPTURE(i);
    if (free.contains(i)) continue;
    for (const Fr& wrong : wrong_values(built.witness[first + i])) {
      Builder b(Builder::Mode::witness);
      b.substitute_private(i, wrong);
      circuit(b);
      CHECK(b.failure().has_value());
    }
  }
}

// Counts the satisfying assignments of the private wires over the candidates, by backtracking: every
// combination is tried, a constraint is looked at as soon as its last wire is set. Stops at `limit`.
class Solver {
 public:
  Solver(const Circuit& circuit, std::vector<Fr> candidates)
      : built_(build(circuit)), candidates_(std::move(candidates)) {
    const uint32_t first = built_.cs.layout().first_private();
    rows_.resize(built_.cs.layout().num_private);
    for (size_t k = 0; k < built_.cs.num_circuit_constraints(); ++k) {
      uint32_t last = 0;
      for (const Side side : {Side::a, Side::b, Side::c}) {
        const SparseMatrix& m = built_.cs.matrix(side);
        if (m.row_start[k + 1] > m.row_start[k]) last = std::max(last, m.wire[m.row_start[k + 1] - 1]);
      }
      if (last >= first) rows_[last - first].push_back(k);
    }
    for (uint32_t i = 0; i < rows_.size(); ++i) candidates_.push_back(built_.witness[first + i]);
    std::vector<Fr> unique;
    for (const Fr& v : candidates_) {
      if (std::find(unique.begin(), unique.end(), v) == unique.end()) unique.push_back(v);
    }
    candidates_ = unique;
  }

  size_t count(size_t limit = 2) { return count_without(std::numeric_limits<size_t>::max(), limit); }

  // The same for the circuit without constraint `row`.
  size_t count_without(size_t row, size_t limit = 2) {
    Witness w = built_.witness.clone();
    left_out_ = row;
    found_ = 0;
    search(w, 0, limit);
    return found_;
  }

  size_t num_constraints() const { return built_.cs.num_circuit_constraints(); }

 private:
  Fr side(Side s, size_t k, const Witness& w) const {
    const SparseMatrix& m = built_.cs.matrix(s);
    Fr sum;
    for (uint64_t e = m.row_start[k]; e < m.row_start[k + 1]; ++e) {
      sum += built_.cs.coefficient(m.coefficient[e]) * w[m.wire[e]];
    }
    return sum;
  }

  void search(Witness& w, uint32_t i, size_t limit) {
    if (found_ >= limit) return;
    if (i == rows_.size()) {
      ++found_;
      return;
    }
    for (const Fr& v : candidates_) {
      w[built_.cs.layout().first_private() + i] = v;
      const bool holds = std::all_of(rows_[i].begin(), rows_[i].end(), [&](size_t k) {
        return k == left_out_ || side(Side::a, k, w) * side(Side::b, k, w) == side(Side::c, k, w);
      });
      if (holds) search(w, i + 1, limit);
    }
  }

  Built built_;
  std::vector<Fr> candidates_;
  std::vector<std::vector<size_t>> rows_;  // by the private wire that completes them
  size_t left_out_ = 0;
  size_t found_ = 0;
};

// Integers from -n to n.
inline std::vector<Fr> small_integers(int64_t n) {
  std::vector<Fr> out;
  for (int64_t v = -n; v <= n; ++v) out.push_back(Fr::from_i64(v));
  return out;
}

using CircuitOfInput = std::function<std::vector<LC>(Builder&, int64_t input)>;

// Every constraint is needed: for one of the inputs at least, the forger succeeds against the circuit
// without it. (This also shows that the forger is able to find such forgeries, so that its failure against
// the whole circuit means something.)
inline void check_each_constraint_needed(const CircuitOfInput& circuit, const std::vector<int64_t>& inputs,
                                         const std::vector<Fr>& candidates) {
  std::set<size_t> needed;
  size_t constraints = 0;
  for (const int64_t input : inputs) {
    CAPTURE(input);
    Solver solver([&](Builder& b) { return circuit(b, input); }, candidates);
    CHECK(solver.count() == 1);
    constraints = solver.num_constraints();
    for (size_t k = 0; k < constraints; ++k) {
      if (!needed.contains(k) && solver.count_without(k) == 2) needed.insert(k);
    }
  }
  for (size_t k = 0; k < constraints; ++k) {
    CAPTURE(k);
    CHECK(needed.contains(k));
  }
}

// All of the above.
inline void check_sound(const Circuit& circuit, const std::vector<Fr>& candidates) {
  check_each_wire(circuit);
  check_each_substitution(circuit);
  CHECK(Solver(circuit, candidates).count() == 1);
}

}  // namespace pyzkfl::forgers
