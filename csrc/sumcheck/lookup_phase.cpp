// T5: lookups by a tree of fraction sums (Papini and Habock, eprint 2023/1284), each level proven from the one below by
// a sumcheck of degree 3 whose factor eq is taken out (Gruen, eprint 2024/108, section 3).
//
// MEMORY. Levels 1 .. L-1 are held, two elements a node: two elements a leaf in all. The leaves are made when they are
// read. A level is used up by its own sumcheck, which folds it in place; the sumcheck over the leaves folds
// into what is left of level L-1.
#include <algorithm>

#include "fields/batch_inverse.h"
#include "sumcheck/leaves.h"
#include "sumcheck/run_state.h"
#include "sumcheck/vector_steps.h"

namespace pyzkfl::sumcheck {
namespace {

const KernelTable<Fr>& kernel() { return kernel_table<Fr>(); }

// While a level is being proven, p1 has lambda q1 added, so that p0 q1 + p1 q0 + lambda q0 q1 = p0 q1 + p1 q0.
void fold_children(const Children& out, const Children& low, const Children& high, const Fr& r) {
  fold(out.p0, low.p0, high.p0, r);
  fold(out.p1, low.p1, high.p1, r);
  fold(out.q0, low.q0, high.q0, r);
  fold(out.q1, low.q1, high.q1, r);
}

class Tree {
 public:
  Tree(RunState& run, const Progress& progress)
      : run_(run),
        progress_(progress),
        depth_(run.claims.tree_depth),
        leaves_(make_leaves(run)),
        p_(depth_),
        q_(depth_) {
    for (unsigned k = depth_; k-- > 1;) build(k);
  }

  void prove() {
    top();
    for (unsigned k = 1; k < depth_; ++k) {
      prove_level(k);
      const double done = static_cast<double>(uint64_t{1} << k) / static_cast<double>(uint64_t{1} << depth_);
      report(progress_, 0.25 + 0.5 * done);
    }
  }

 private:
  static Leaves make_leaves(RunState& run) {
    const Fr g = run.transcript.challenge();
    const Fr b = run.transcript.challenge();
    return {run, g, b};
  }

  // Elements at .. at + n of the two halves of a level that is held, or of what is left of it: 2 half elements.
  Children halves(unsigned level, size_t half, size_t at, size_t n) {
    const std::span<Fr> p = p_[level], q = q_[level];
    return {p.subspan(at, n), p.subspan(half + at, n), q.subspan(at, n), q.subspan(half + at, n)};
  }

  // Where the children of level k's nodes at .. at + n are: in level k + 1, or, for leaves, in the scratch memory.
  Children children(unsigned k, size_t at, size_t n, Scratch<4>& scratch) {
    const size_t half = size_t{1} << k;
    if (k + 1 < depth_) return halves(k + 1, half, at, n);
    const Children out{scratch[0].first(n), scratch[1].first(n), scratch[2].first(n), scratch[3].first(n)};
    leaves_.read(at, out.p0, out.q0);
    leaves_.read(half + at, out.p1, out.q1);
    return out;
  }

  void build(unsigned k) {
    const size_t n = size_t{1} << k;
    p_[k] = run_.workspace.take(n);
    q_[k] = run_.workspace.take(n);
    parallel_for((n + block_elements - 1) / block_elements, 8, [&](size_t begin, size_t end) {
      Scratch<4> scratch;
      for (size_t b = begin; b < end; ++b) {
        const size_t at = b * block_elements, m = std::min(block_elements, n - at);
        const Children c = children(k, at, m, scratch);
        add_fractions(p_[k].subspan(at, m), q_[k].subspan(at, m), c);
      }
    });
  }

  // Sends the values of the four children at a point, of which one coordinate follows: the challenge mu.
  void descend(const std::array<Fr, 4>& p0_p1_q0_q1, std::vector<Fr> point) {
    const auto& [p0, p1, q0, q1] = p0_p1_q0_q1;
    run_.send(p0_p1_q0_q1);
    const Fr mu = run_.transcript.challenge();
    p_value_ = p0 + mu * (p1 - p0);
    q_value_ = q0 + mu * (q1 - q0);
    run_.rho = std::move(point);
    run_.rho.push_back(mu);
  }

  void top() {
    if (depth_ == 1) {
      std::array<Fr, 2> p, q;
      leaves_.read(0, p, q);
      descend({p[0], p[1], q[0], q[1]}, {});
    } else {
      descend({p_[1][0], p_[1][1], q_[1][0], q_[1][1]}, {});
    }
  }

  void prove_level(unsigned k) {
    const Fr lambda = run_.transcript.challenge();
    const std::vector<Fr>& rho = run_.rho;
    std::vector<Fr> inverses(rho);
    batch_inverse(std::span(inverses));

    size_t n = size_t{1} << k;  // of the vectors
    const bool from_leaves = k + 1 == depth_;
    const auto blocks = [](size_t m) { return (m + block_elements - 1) / block_elements; };
    // eq of the variables below the one that is bound.
    SecretElements eq(n / 2);
    large_eq_table(eq, std::span(rho).first(k - 1), Fr::one());

    // The children with p1 + lambda q1, of the nodes at .. at + m.
    const auto prepared = [&](size_t at, size_t m, Scratch<4>& scratch) {
      const Children c = children(k, at, m, scratch);
      Scratch<1> product;
      kernel().scale(product[0].first(m), c.q1, lambda);
      kernel().add(c.p1, c.p1, product[0].first(m));
      return c;
    };

    // Held levels take lambda once, in the first pass; leaves are made twice, and take it twice.
    using Two = std::array<Scratch<4>, 2>;
    RoundSums sums = sum_rounds<Two>(blocks(n / 2), 8, [&](size_t b, RoundSums& part, Two& scratch) {
      const size_t at = b * block_elements, m = std::min(block_elements, n / 2 - at);
      auto& [low, high] = scratch;
      add_tree_round(part, std::span(eq).subspan(at, m), prepared(at, m, low), prepared(n / 2 + at, m, high));
    });

    // What the vectors fold into: for leaves, the memory of level k, used up before.
    const auto folded = [&](size_t at, size_t m) {
      return from_leaves ? halves(k, size_t{1} << (k - 1), at, m) : halves(k + 1, size_t{1} << k, at, m);
    };

    // Of the sum without what eq of the bound variables contributes. (A coordinate of rho is 0, and then this proof is
    // refused, with a probability of 2^-240.)
    Fr value = p_value_ + lambda * q_value_;
    Fr bound = Fr::one();
    std::vector<Fr> point(k);
    bool first = true;
    for (unsigned j = k; j-- > 0; first = false) {
      const auto [t0, t2] = sums;
      const Fr not_rho = Fr::one() - rho[j];
      // value = (1 - rho) t(0) + rho t(1).
      const Fr t1 = (value - not_rho * t0) * inverses[j] - t0 - t2;
      const Fr e0 = not_rho * bound, e1 = (rho[j] - not_rho) * bound;
      const std::array<Fr, 4> c = {e0 * t0, e0 * t1 + e1 * t0, e0 * t2 + e1 * t1, e1 * t2};
      Fr whole;
      const Fr r = point[j] = send_round(run_, c, whole);
      value = t0 + r * (t1 + r * t2);
      bound *= not_rho + (rho[j] - not_rho) * r;

      n /= 2;
      const bool fold_leaves = first && from_leaves;
      const auto unfolded = [&](size_t at, size_t m, Scratch<4>& scratch) {
        return fold_leaves ? prepared(at, m, scratch) : folded(at, m);
      };
      if (j == 0) {
        Scratch<4> low, high;
        fold_children(folded(0, 1), unfolded(0, 1, low), unfolded(1, 1, high), r);
        break;
      }
      // One pass folds and sums the next round: of vectors of 2 n elements, the four at b, b + n/2, b + n, b + 3n/2.
      sums = sum_rounds<Two>(blocks(n / 2), 8, [&](size_t b, RoundSums& part, Two& scratch) {
        const size_t half = n / 2, at = b * block_elements, m = std::min(block_elements, half - at);
        const std::span<Fr> weights = std::span(eq).subspan(at, m);
        kernel().add(weights, weights, std::span(eq).subspan(half + at, m));
        const Children low = folded(at, m), high = folded(half + at, m);
        auto& [below, above] = scratch;
        fold_children(low, unfolded(at, m, below), unfolded(n + at, m, above), r);
        fold_children(high, unfolded(half + at, m, below), unfolded(n + half + at, m, above), r);
        add_tree_round(part, weights, low, high);
      });
    }
    const Children last = folded(0, 1);
    descend({last.p0[0], last.p1[0] - lambda * last.q1[0], last.q0[0], last.q1[0]}, std::move(point));
  }

  RunState& run_;
  const Progress& progress_;
  unsigned depth_;
  Leaves leaves_;
  std::vector<std::span<Fr>> p_, q_;  // of levels 1 .. depth - 1
  Fr p_value_, q_value_;
};

}  // namespace

void prove_lookups(RunState& run, const Progress& progress) {
  if (run.program.tables.empty()) return;
  run.workspace.restart();
  Tree tree(run, progress);
  report(progress, 0.25);
  tree.prove();
  run.send_claims(ClaimTable::leaf);
}

}  // namespace pyzkfl::sumcheck
