// Inner proofs of small random programs: what must be accepted, and what must be refused and where.
#include <doctest/doctest.h>

#include <string>

#include "base/errors.h"
#include "base/thread_pool.h"
#include "curves/scalar_mul.h"
#include "kzg/symmetric_opening.h"
#include "native_verifier.h"
#include "sample_program.h"
#include "sumcheck/direct_check.h"
#include "sumcheck/prover.h"

using namespace pyzkfl;
using namespace pyzkfl::sumcheck;
using namespace pyzkfl::sumcheck::testing;

namespace {

const std::array<Fr, 2> context = {Fr::from_u64(17), Fr::from_u64(4)};

// T0 .. T6 with stand-ins for commitments.
InnerProof reduce_sample(const Sample& sample) {
  InnerProof proof;
  proof.context = context;
  proof.rows = sample.values.rows;
  proof.rates = sample.values.rates;
  proof.points.assign(4, g1_generator());
  Reduced reduced = reduce(sample.program, ClaimTable(sample.program), sample.values, proof.points, context);
  proof.messages = reduced.messages;
  proof.square_sums = reduced.square_sums;
  proof.norm_squares = reduced.norm_squares;
  return proof;
}

// The equations, and the columns' values, which the opening is there for.
std::string refusal(const Sample& sample, const InnerProof& proof) {
  const Verdict verdict = verify_reduction(sample.program, proof);
  if (!verdict.accepted()) return verdict.refused_at;
  for (size_t c = 0; c < sample.program.columns.size(); ++c) {
    if (verdict.column_values[c] != column_at(sample.program, sample.values, c, verdict.point)) return "opening";
  }
  return "";
}

std::string refusal(const Sample& sample) { return refusal(sample, reduce_sample(sample)); }

}  // namespace

TEST_CASE("honest proofs of random programs are accepted") {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    const Sample sample = make_sample(seed);
    REQUIRE_NOTHROW(check_values(sample.program, sample.values));
    CHECK(refusal(sample) == "");
  }
}

TEST_CASE("every part that a program may lack can be missing") {
  for (unsigned parts = 0; parts < 32; ++parts) {
    CAPTURE(parts);
    const auto count = [&](unsigned bit) { return parts >> bit & 1; };
    const Sample sample = make_sample(parts, {.linear = count(0), .products = count(1), .zeros = count(2),
                                              .squares = count(3), .clip = false, .lookups = count(4) != 0});
    REQUIRE_NOTHROW(check_values(sample.program, sample.values));
    CHECK(refusal(sample) == "");
  }
}

TEST_CASE("the smallest trees of lookups are proven, and refused with a multiplicity that nothing accounts for") {
  for (uint32_t tables = 1; tables <= 5; ++tables) {
    CAPTURE(tables);
    Sample sample = make_sample(4, {.clip = false, .lookups = false});
    Program& program = sample.program;
    for (uint32_t t = 0; t < tables; ++t) {  // each {0}: one leaf
      program.blocks.push_back({4, 500 + t, 0, "multiplicity"});
      program.tables.push_back({Table::Kind::range, 0, static_cast<uint32_t>(program.blocks.size() - 1), 0});
    }
    fill_multiplicities(program, sample.values);
    CHECK(ClaimTable(program).tree_depth == (tables <= 2 ? 1 : tables <= 4 ? 2 : 3));
    REQUIRE_NOTHROW(check_values(program, sample.values));
    CHECK(refusal(sample) == "");
    ++sample.cell(program.tables[0].multiplicities, 0);
    CHECK(refusal(sample) == "root numerator");
  }
}

TEST_CASE("a false witness is refused by the relation that it violates, everything else being as it should") {
  struct Forgery {
    const char* relation;  // as check_values names it
    const char* equation;  // of the verifier
    void (*forge)(Sample&);
  };
  const Forgery forgeries[] = {
      {"linear check", "linear check", [](Sample& s) { ++s.cell(s.linear_results[1], 0); }},
      {"product sum", "product sums", [](Sample& s) { --s.cell(s.product_results[0], 0); }},
      {"zero-check", "zero-checks", [](Sample& s) { ++s.cell(s.zero_results[2], 0); }},
      {"range lookup", "root numerator", [](Sample& s) { s.cell(s.zero_block, 5) = 1; }},
      {"pair lookup", "root numerator", [](Sample& s) { ++s.cell(s.pair_values, 1); }},
      {"pair lookup", "root numerator", [](Sample& s) { s.cell(s.pair_keys, 0) = 8; }},
      {"table 0", "root numerator", [](Sample& s) { ++s.cell(s.program.tables[0].multiplicities, 3); }},
      {"table 0", "root numerator", [](Sample& s) { --s.cell(s.program.tables[0].multiplicities, 15); }},
      {"table 3", "root numerator", [](Sample& s) { ++s.cell(s.program.tables[3].multiplicities, 31); }},
      {"clip", "clip",
       [](Sample& s) {
         const auto rate = static_cast<int32_t>(s.values.rates[0]--);
         for (uint64_t x = 0; x < 8; ++x) s.cell(s.clipped_block, x) = s.cell(s.clipped_block, x) / rate * (rate - 1);
       }},
      {"norm bound", "bound", [](Sample& s) { --s.program.bounds[0].bound[0]; }},
  };
  for (uint64_t seed = 100; seed < 103; ++seed) {
    for (const Forgery& forgery : forgeries) {
      CAPTURE(seed);
      CAPTURE(forgery.relation);
      Sample sample = make_sample(seed);
      forgery.forge(sample);
      std::string message;
      try {
        check_values(sample.program, sample.values);
      } catch (const WitnessInvalid& error) {
        message = error.what();
      }
      CHECK(message.find(forgery.relation) == 0);
      CHECK(refusal(sample) == forgery.equation);
    }
  }
}

TEST_CASE("a cell out of range is refused where nothing but its lookup reads it") {
  for (const int32_t cell : {8, -9, 1 << 30}) {
    Sample sample = make_sample(7, {.linear = 0, .products = 0, .zeros = 0, .squares = 0, .clip = false});
    sample.cell(sample.ranged_block, 3) = cell;
    CHECK_THROWS_AS(check_values(sample.program, sample.values), WitnessInvalid);
    CHECK_THROWS_AS(fill_multiplicities(sample.program, sample.values), WitnessInvalid);
    CHECK(refusal(sample) == "root numerator");
  }
}

TEST_CASE("a proof with any one element changed is refused") {
  for (uint64_t seed = 200; seed < 202; ++seed) {
    const Sample sample = make_sample(seed);
    InnerProof proof = reduce_sample(sample);
    for (size_t i = 0; i < proof.messages.size(); ++i) {
      CAPTURE(i);
      proof.messages[i] += Fr::one();
      CHECK(refusal(sample, proof) != "");
      proof.messages[i] -= Fr::one();
    }
    const auto changed = [&](Fr& v) {
      v += Fr::one();
      CHECK(refusal(sample, proof) != "");
      v -= Fr::one();
    };
    for (Fr& v : proof.context) changed(v);
    for (Fr& v : proof.square_sums) changed(v);
    for (Fr& v : proof.norm_squares) changed(v);
    proof.rows[0] ^= 4;
    CHECK(refusal(sample, proof) != "");
    proof.rows[0] ^= 4;
    ++proof.rates[0];
    CHECK(refusal(sample, proof) != "");
    --proof.rates[0];
    for (G1Affine& point : proof.points) {
      point.y = -point.y;
      CHECK(refusal(sample, proof) != "");
      point.y = -point.y;
    }
    proof.messages.push_back(Fr::one());
    CHECK(refusal(sample, proof) == "length");
    proof.messages.pop_back();
    CHECK(refusal(sample, proof) == "");
    proof.messages.pop_back();
    CHECK(refusal(sample, proof) == "length");
  }
}

TEST_CASE("a root of 0/0 is refused") {
  const Sample sample = make_sample(3);
  InnerProof proof = reduce_sample(sample);
  const ClaimTable claims(sample.program);
  const size_t root =
      claims.phase_end[ClaimTable::zero] + size_t{2} * claims.kappa_count + size_t{3} * claims.zeta_count;
  const std::span<Fr> p0_p1_q0_q1 = std::span(proof.messages).subspan(root, 4);
  CHECK((p0_p1_q0_q1[0] * p0_p1_q0_q1[3] + p0_p1_q0_q1[1] * p0_p1_q0_q1[2]).is_zero());
  p0_p1_q0_q1[0] = p0_p1_q0_q1[2] = Fr::zero();
  CHECK(refusal(sample, proof) == "root denominator");
  p0_p1_q0_q1[1] = p0_p1_q0_q1[3] = Fr::zero();
  CHECK(refusal(sample, proof) == "root denominator");
}

TEST_CASE("a proof depends on neither the number of threads nor the memory that cells beyond the last one take") {
  Sample sample = make_sample(11);
  set_thread_count(1);
  const InnerProof one = reduce_sample(sample);
  set_thread_count(0);
  sample.values.columns[4].cells.resize(size_t{1} << sample.program.columns[4].log_height);
  const InnerProof other = reduce_sample(sample);
  CHECK(one.messages == other.messages);
}

TEST_CASE("progress never falls, and an exception from it reaches the caller") {
  const Sample sample = make_sample(12);
  const ClaimTable claims(sample.program);
  double last = 0;
  size_t calls = 0;
  reduce(sample.program, claims, sample.values, {}, context, [&](double fraction) {
    CHECK(fraction >= last);
    last = fraction;
    ++calls;
  });
  CHECK(last == 1.0);
  for (size_t stop = 0; stop < calls; ++stop) {
    size_t left = stop;
    CHECK_THROWS_AS(reduce(sample.program, claims, sample.values, {}, context,
                           [&](double) {
                             if (left-- == 0) throw Interrupted("stop");
                           }),
                    Interrupted);
  }
}

TEST_CASE("a whole proof opens the commitments to what the reduction says") {
  Sample sample = make_sample(21);
  const Program& program = sample.program;
  const ColumnKey key = ColumnKey::insecure(program.log_height);
  const InnerProof proof = prove(key, program, ClaimTable(program), sample.values, context);

  Verdict verdict = verify_reduction(program, proof);
  REQUIRE(verdict.refused_at == "");
  REQUIRE(verdict.transcript.has_value());
  Transcript& transcript = *verdict.transcript;
  CHECK(transcript.challenge() == proof.rho);
  transcript.absorb(proof.symmetric_point);
  CHECK(transcript.challenge() == proof.z);
  transcript.absorb(std::span<const Fr>(proof.evaluations));
  CHECK(transcript.challenge() == proof.gamma);

  Fr value, power = Fr::one();
  G1 commitment = G1::infinity();
  size_t next = 0;
  for (size_t c = 0; c < program.columns.size(); ++c) {
    const Column& column = program.columns[c];
    const ColumnValues& v = sample.values.columns[c];
    const bool sent = column.kind >= ColumnKind::update;
    const G1Affine point = column.kind == ColumnKind::mask
                               ? commit_polynomial(key, sample.values.mask)
                               : commit_column(key, v.cells, v.blinder, size_t{1} << column.log_height);
    if (sent) CHECK(point == proof.points.at(next++));
    value += power * verdict.column_values[c];
    commitment = commitment + mul_vartime(G1(point), power);
    power *= proof.rho;
  }
  CHECK(next == proof.points.size());
  commitment = commitment + mul_vartime(G1(proof.symmetric_point), proof.gamma);

  const Fr z = proof.z, zi = z.inverse();
  const auto e_at = [&](const Fr& x) {
    Fr out = Fr::one(), power_of_x = x;
    for (const Fr& r : verdict.point) {
      out *= Fr::one() - r + r * power_of_x;
      power_of_x = power_of_x.square();
    }
    return out;
  };
  const auto& [f, fi, s, si] = proof.evaluations;
  CHECK(f * e_at(zi) + fi * e_at(z) == value.dbl() + z * s + zi * si);
  CHECK(proof.i0 + proof.i1 * z == f + proof.gamma * s);
  CHECK(proof.i0 + proof.i1 * zi == fi + proof.gamma * si);
  CHECK(verify_pair_opening(key.verifier(), commitment.to_affine(), {proof.quotient_point, proof.i0, proof.i1}, z));
}

TEST_CASE("two proofs of one witness share neither the mask nor the blinders of digits") {
  Sample sample = make_sample(22);
  const ColumnKey key = ColumnKey::insecure(sample.program.log_height);
  const ClaimTable claims(sample.program);
  const InnerProof first = prove(key, sample.program, claims, sample.values, context);
  const InnerProof second = prove(key, sample.program, claims, sample.values, context);
  REQUIRE(first.points.size() == 4);
  CHECK(first.points[0] == second.points[0]);  // the update, whose blinder is the submission's
  for (size_t i = 1; i < 4; ++i) CHECK(first.points[i] != second.points[i]);
}
