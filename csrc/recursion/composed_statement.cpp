// See composed_statement.h.
#include "recursion/composed_statement.h"

#include "base/errors.h"
#include "curves/bn254.h"
#include "r1cs/gadgets_bits.h"
#include "recursion/multiples_sum.h"

namespace pyzkfl::recursion {
namespace {

constexpr const char* statement_name = "pyzkfl/recursion/statement/1";
constexpr const char* clients_name = "pyzkfl/recursion/root of clients/1";
constexpr const char* rounds_name = "pyzkfl/recursion/root of rounds/1";
constexpr unsigned client_bits = 64;

}  // namespace

StatementElements<Fr> ComposedStatement::elements() const {
  const auto number = [](uint64_t v) { return Fr::from_u64(v); };
  return {node_key, job, number(first_round), number(last_round), number(count), number(first_client), number(last_client), root,
          residues(sum), residues(old_weights), residues(new_weights)};
}

Fr ComposedStatement::hash() const { return named_hash(statement_name, elements().list()); }

std::optional<std::string> merge_problem(const ComposedStatement& left, const ComposedStatement& right, Merge merge) {
  if (merge == Merge::single) return std::nullopt;
  if (left.job != right.job) return "the proofs are of two jobs";
  if (left.node_key != right.node_key) return "the proofs were composed under two keys";
  if (left.sum == right.sum || left.sum == -right.sum) return "the sums of both are equal or opposite: one was copied; leave one proof out";
  if (merge == Merge::between_rounds) {
    if (left.last_round == UINT64_MAX || left.last_round + 1 != right.first_round) return "the right proof does not begin one round after the left one's end";
    if (left.new_weights != right.old_weights) return "the right proof begins with other weights than the left one ended with";
    return std::nullopt;
  }
  if (left.first_round != left.last_round || right.first_round != right.last_round || left.first_round != right.first_round)
    return "the proofs are not of one round";
  if (left.last_client >= right.first_client) return "clients are not in strictly increasing order: a client twice, or proofs out of order";
  if (left.old_weights != right.old_weights || left.new_weights != right.new_weights) return "the proofs of one round name different weights";
  return std::nullopt;
}

ComposedStatement merged(const ComposedStatement& left, const ComposedStatement& right, Merge merge) {
  if (const auto problem = merge_problem(left, right, merge)) throw WitnessInvalid(*problem);
  if (merge == Merge::single) return left;
  ComposedStatement out = left;
  out.last_round = right.last_round;
  out.last_client = right.last_client;
  out.new_weights = right.new_weights;
  out.count = left.count + right.count;
  out.sum = (G1(left.sum) + right.sum).to_affine();
  out.root = merge == Merge::within_round ? named_hash(clients_name, std::array{left.root, right.root})
                                          : named_hash(rounds_name, std::array{left.hash(), right.hash()});
  return out;
}

StatementWires statement_wires(BaseField& fp, G1Points& points, const ComposedStatement& hint) {
  Builder& b = fp.builder();
  const StatementElements<Fr> v = b.computes() ? hint.elements() : StatementElements<Fr>{};
  const auto wire = [&](const Fr& value) { return LC(b.private_wire(value)); };
  const auto pair = [&](const std::array<Fr, 2>& values) {
    const LC first = wire(values[0]);
    return std::array{first, wire(values[1])};
  };
  StatementElements<LC> e;
  e.node_key = wire(v.node_key);
  e.job = wire(v.job);
  e.first_round = wire(v.first_round);
  e.last_round = wire(v.last_round);
  e.count = wire(v.count);
  e.first_client = wire(v.first_client);
  e.last_client = wire(v.last_client);
  e.root = wire(v.root);
  e.old_weights = pair(v.old_weights);
  e.new_weights = pair(v.new_weights);
  G1Point sum = points.point(hint.sum);
  e.sum = canonical_residues(fp, sum);
  return {std::move(e), std::move(sum)};
}

LC statement_hash(Builder& b, const StatementElements<LC>& elements) { return named_hash(b, statement_name, elements.list()); }

StatementWires merge_in_circuit(BaseField& fp, G1Points& points, const StatementWires& left, const StatementWires& right,
                                const std::array<LC, 2>& hashes, Merge merge) {
  Builder& b = fp.builder();
  const StatementElements<LC>&l = left.elements, &r = right.elements;
  const CommittedBit single = fp.bit(merge == Merge::single), within = fp.bit(merge == Merge::within_round);
  const LC both = LC(1) - single.wire();
  const Wire same = b.product(both, within.wire(), "within a round");
  const auto zero_if = [&](const LC& condition, const LC& v, const char* label) { b.constrain(condition, v, 0, label); };
  const auto pairs_equal = [&](const LC& condition, const std::array<LC, 2>& x, const std::array<LC, 2>& y, const char* label) {
    for (size_t i = 0; i < 2; ++i) zero_if(condition, x[i] - y[i], label);
  };
  zero_if(both, l.job - r.job, "one job");
  zero_if(both, l.node_key - r.node_key, "one key");

  zero_if(both, r.first_round - l.last_round - 1 + same, "rounds in order");
  zero_if(same, l.last_round - l.first_round, "one round");
  zero_if(same, r.last_round - r.first_round, "one round");
  gadgets::range(b, b.product(same, r.first_client - l.last_client - 1, "clients in order"), client_bits, "clients in order");

  pairs_equal(same, l.old_weights, r.old_weights, "weights before");
  pairs_equal(same, l.new_weights, r.new_weights, "weights after");
  pairs_equal(both - same, l.new_weights, r.old_weights, "weights from round to round");

  const auto right_if_both = [&](const LC& x, const LC& y, const char* label) { return x + b.product(both, y - x, label); };
  StatementElements<LC> out = l;
  out.last_round = right_if_both(l.last_round, r.last_round, "last round");
  out.last_client = right_if_both(l.last_client, r.last_client, "last client");
  for (size_t i = 0; i < 2; ++i) out.new_weights[i] = right_if_both(l.new_weights[i], r.new_weights[i], "weights after");
  out.count = l.count + b.product(both, r.count, "count");
  const LC of_clients = named_hash(b, clients_name, std::array{l.root, r.root});
  const LC of_rounds = named_hash(b, rounds_name, hashes);
  const LC of_both = of_rounds + b.product(same, of_clients - of_rounds, "root");
  out.root = right_if_both(l.root, of_both, "root");

  // Left's sum alone is chosen after an addition that always has a result.
  const G1Point addend = points.choose(single, points.constant(sum_start()), right.sum);
  const G1Point total = points.values(points.choose(single, left.sum, points.add(left.sum, addend)));
  out.sum = canonical_residues(fp, total);
  return {std::move(out), total};
}

}  // namespace pyzkfl::recursion
