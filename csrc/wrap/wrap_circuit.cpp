// The circuit from T0 to the public hash, and the same hash outside.
#include "wrap/wrap_circuit.h"

#include <algorithm>

#include "base/errors.h"
#include "base/secret.h"
#include "hash/poseidon2.h"
#include "r1cs/gadgets_poseidon2.h"
#include "wrap/clip_gadget.h"
#include "wrap/replay.h"

namespace pyzkfl::wrap {

using namespace sumcheck;

namespace {

Fr public_tag() { return transcript::hash_to_field("pyzkfl/engine/1/public", {}); }

bool committed_by_prover(const Column& column) {
  return column.kind == ColumnKind::update || column.kind == ColumnKind::digits ||
         column.kind == ColumnKind::mask;
}

void require(bool condition, const char* problem) {
  if (!condition) throw ParameterError(std::string("wrap circuit: ") + problem);
}

class Circuit {
 public:
  Circuit(Builder& builder, const Program& program, const ClaimTable& table, const WrapAssignment& assignment)
      : b_(builder),
        program_(program),
        a_(assignment),
        replay_(builder, program, table, assignment.messages) {
    require(a_.rows.size() == program.steps, "there must be a number of rows for each local step");
    require(a_.square_sums.size() == program.squares.size(), "there must be a value for each sum of squares");
    require(a_.norm_squares.size() == program.clips.size() && a_.rates.size() == program.clips.size(),
            "there must be a norm and a rate for each clip");
    require(a_.points.size() == committed_columns(program),
            "there must be a point for each column of the prover");
  }

  void run() {
    absorb_statement();
    decompose_rows(replay_);
    check_scalars();
    draw_outer_point(replay_);
    std::vector<LC> product_values;
    check_outer_claims(replay_, product_values);
    check_product_sums(replay_, product_values);
    check_zero_checks(replay_);
    check_lookups(replay_);
    const ColumnClaims columns = check_batched_claims(replay_);
    require(replay_.messages_left() == 0, "more messages than this program has");

    const OpeningWires wires{{point(a_.symmetric_point)},
                             {wire(a_.evaluations[0]), wire(a_.evaluations[1]), wire(a_.evaluations[2]),
                              wire(a_.evaluations[3])},
                             wire(a_.i0),
                             wire(a_.i1)};
    const OpeningChallenges challenges = check_opening(replay_, columns, wires);

    const auto scope = b_.scope("statement");
    public_.insert(public_.end(), wires.symmetric_point.begin(), wires.symmetric_point.end());
    for (const LC& v : {challenges.rho, challenges.z, challenges.gamma, wires.i0, wires.i1})
      public_.push_back(v);
    const LC hash = gadgets::poseidon2_hash(b_, public_, "statement hash");
    b_.constrain(hash, 1, b_.public_input(a_.public_input), "public input");
  }

 private:
  LC wire(const Fr& v) { return b_.private_wire(v); }
  std::array<LC, 2> point(const WrapAssignment::PointElements& p) { return {wire(p[0]), wire(p[1])}; }

  // T0. The wires that the public hash reads are those absorbed here.
  void absorb_statement() {
    const auto scope = b_.scope("statement");
    std::vector<LC> list;
    const auto add = [&](std::span<const Fr> values, std::vector<LC>& wires) {
      for (const Fr& v : values) wires.push_back(wire(v));
      list.insert(list.end(), wires.begin(), wires.end());
    };
    CommittedScalars& scalars = replay_.scalars;
    std::vector<LC> context;
    add(a_.context, context);
    add(a_.rows, scalars.rows);
    public_ = {public_tag()};
    public_.insert(public_.end(), list.begin(), list.end());
    add(a_.square_sums, scalars.square_sums);
    for (size_t i = 0; i < program_.clips.size(); ++i) {
      scalars.norm_squares.push_back(wire(a_.norm_squares[i]));
      scalars.rates.push_back(wire(a_.rates[i]));
      list.push_back(scalars.norm_squares.back());
      list.push_back(scalars.rates.back());
    }
    replay_.transcript.absorb(list);
    for (const WrapAssignment::PointElements& p : a_.points) {
      const std::array<LC, 2> elements = point(p);
      replay_.transcript.absorb_point(elements);
      public_.insert(public_.end(), elements.begin(), elements.end());
    }
  }

  void check_scalars() {
    const CommittedScalars& scalars = replay_.scalars;
    for (size_t i = 0; i < program_.clips.size(); ++i) {
      const auto scope = b_.scope("clip", i);
      const Clip& clip = program_.clips[i];
      check_clip(b_, clip, scalars.square_sums[clip.square_sum], scalars.norm_squares[i], scalars.rates[i]);
    }
    for (size_t i = 0; i < program_.bounds.size(); ++i) {
      const auto scope = b_.scope("bound", i);
      check_norm_bound(b_, program_.bounds[i], scalars.square_sums[program_.bounds[i].square_sum]);
    }
  }

  Builder& b_;
  const Program& program_;
  const WrapAssignment& a_;
  Replay replay_;
  std::vector<LC> public_;
};

}  // namespace

WrapAssignment::~WrapAssignment() { wipe_object(evaluations); }

WrapAssignment WrapAssignment::zeros(const Program& program, const ClaimTable& table) {
  WrapAssignment out;
  out.rows.resize(program.steps);
  out.square_sums.resize(program.squares.size());
  out.norm_squares.resize(program.clips.size());
  out.rates.resize(program.clips.size());
  out.points.resize(committed_columns(program));
  out.messages.resize(message_count(program, table));
  return out;
}

size_t message_count(const Program& program, const ClaimTable& table) {
  size_t count = table.claims.size() + 2 * size_t{program.log_height} + program.columns.size();
  if (!program.products.empty() || !program.squares.empty()) count += 2 * size_t{table.kappa_count};
  if (!program.zeros.empty()) count += 3 * size_t{table.zeta_count};
  for (unsigned k = 0; k < table.tree_depth; ++k) count += 3 * size_t{k} + 4;
  return count;
}

size_t committed_columns(const Program& program) {
  const auto& columns = program.columns;
  return static_cast<size_t>(std::count_if(columns.begin(), columns.end(), committed_by_prover));
}

WrapAssignment assignment_of(const InnerProof& proof) {
  WrapAssignment out;
  out.context = proof.context;
  for (const uint64_t v : proof.rows) out.rows.push_back(Fr::from_u64(v));
  out.square_sums.assign(proof.square_sums.begin(), proof.square_sums.end());
  out.norm_squares.assign(proof.norm_squares.begin(), proof.norm_squares.end());
  for (const uint64_t v : proof.rates) out.rates.push_back(Fr::from_u64(v));
  for (const G1Affine& p : proof.points) out.points.push_back(transcript::point_elements(p));
  out.messages.assign(proof.messages.begin(), proof.messages.end());
  out.symmetric_point = transcript::point_elements(proof.symmetric_point);
  out.evaluations = proof.evaluations;
  out.i0 = proof.i0;
  out.i1 = proof.i1;
  out.public_input = public_input(proof);
  return out;
}

void wrap_circuit(Builder& b, const Program& program, const ClaimTable& table,
                  const WrapAssignment& assignment) {
  Circuit(b, program, table, assignment).run();
}

ConstraintSystem wrap_constraint_system(const Program& program) {
  program.check();
  const ClaimTable table(program);
  Builder b(Builder::Mode::shape);
  wrap_circuit(b, program, table, WrapAssignment::zeros(program, table));
  return b.take_constraint_system();
}

Witness wrap_witness(const ConstraintSystem& shape, const Program& program,
                     const WrapAssignment& assignment) {
  program.check();
  Builder b(Builder::Mode::witness);
  wrap_circuit(b, program, ClaimTable(program), assignment);
  if (b.failure()) throw WitnessInvalid("inner proof: " + b.failure()->second + " does not hold");
  return b.take_witness(shape);
}

Witness wrap_witness_unchecked(const ConstraintSystem& shape, const Program& program, const WrapAssignment& assignment) {
  Builder b(Builder::Mode::witness);
  wrap_circuit(b, program, ClaimTable(program), assignment);
  return b.take_witness(shape);
}

Fr public_input(std::span<const Fr, 2> context, std::span<const uint64_t> rows,
                std::span<const G1Affine> points, const OpeningScalars& scalars) {
  std::vector<Fr> list = {public_tag(), context[0], context[1]};
  for (const uint64_t v : rows) list.push_back(Fr::from_u64(v));
  for (const G1Affine& p : points) {
    for (const Fr& v : transcript::point_elements(p)) list.push_back(v);
  }
  for (const Fr& v : {scalars.rho, scalars.z, scalars.gamma, scalars.i0, scalars.i1}) list.push_back(v);
  return poseidon2_hash(list);
}

Fr public_input(const InnerProof& proof) {
  std::vector<G1Affine> points = proof.points;
  points.push_back(proof.symmetric_point);
  return public_input(proof.context, proof.rows, points,
                      {proof.rho, proof.z, proof.gamma, proof.i0, proof.i1});
}

}  // namespace pyzkfl::wrap
