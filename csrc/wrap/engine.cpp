// The prover's and the verifier's path from columns to bytes.
#include "wrap/engine.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "base/errors.h"
#include "curves/msm.h"
#include "groth16/prover.h"
#include "kzg/symmetric_opening.h"
#include "sumcheck/direct_check.h"
#include "sumcheck/prover.h"
#include "wrap/wrap_circuit.h"

namespace pyzkfl::wrap {
namespace {

using sumcheck::ColumnKind;
using sumcheck::ColumnValues;

bool from_the_proof(ColumnKind kind) { return kind == ColumnKind::digits || kind == ColumnKind::mask; }

double seconds_since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

// All columns' commitments in order: those of the statement, and the proof's in their places.
std::vector<G1Affine> all_commitments(const sumcheck::Program& program, const Statement& statement,
                                      const EngineProof& proof) {
  std::vector<G1Affine> out;
  auto known = statement.commitments.begin();
  auto digits = proof.digits.begin();
  for (const sumcheck::Column& column : program.columns) {
    if (column.kind == ColumnKind::mask)
      out.push_back(proof.mask);
    else if (column.kind == ColumnKind::digits)
      out.push_back(*digits++);
    else
      out.push_back(*known++);
  }
  return out;
}

// Those that the transcript absorbs (T0).
std::vector<G1Affine> absorbed_points(const sumcheck::Program& program, std::span<const G1Affine> commitments) {
  std::vector<G1Affine> out;
  for (size_t c = 0; c < commitments.size(); ++c) {
    const ColumnKind kind = program.columns[c].kind;
    if (kind == ColumnKind::update || from_the_proof(kind)) out.push_back(commitments[c]);
  }
  return out;
}

}  // namespace

std::array<Fr, 2> context_elements(const Digest& context) {
  std::array<Fr, 2> out;
  for (size_t half = 0; half < 2; ++half) {
    std::array<uint8_t, 32> wide{};
    std::copy_n(context.begin() + static_cast<std::ptrdiff_t>(16 * half), 16, wide.begin() + 16);
    out[half] = Fr::from_bytes_be(wide);
  }
  return out;
}

Engine::Engine(sumcheck::Program program)
    : program_((program.check(), std::move(program))),
      claims_(program_),
      circuit_(wrap_constraint_system(program_)) {}

size_t Engine::digits_columns() const {
  return static_cast<size_t>(std::count_if(program_.columns.begin(), program_.columns.end(), [](const auto& column) {
    return column.kind == ColumnKind::digits;
  }));
}

G1Affine Engine::commit(const ColumnKey& key, uint32_t column, const ColumnValues& values) const {
  const sumcheck::Column& c = program_.columns.at(column);
  const size_t height = size_t{1} << c.log_height;
  if (values.cells.size() > height)
    throw ParameterError("column " + c.name + ": " + std::to_string(values.cells.size()) + " cells, at most " +
                         std::to_string(height));
  if (c.kind == ColumnKind::weights || c.kind == ColumnKind::tables) return commit_column(key, values.cells);
  return commit_column(key, values.cells, values.blinder, height);
}

EngineVerifier::EngineVerifier(std::shared_ptr<const Engine> engine, groth16::PlainVerifyingKey key,
                               ColumnKeyVerifier columns)
    : engine_(std::move(engine)), key_(std::move(key)), columns_(std::move(columns)) {
  if (key_.num_public() != 1)
    throw ParameterError("verifying key: " + std::to_string(key_.num_public()) +
                         " public inputs; a key of the engine has one");
}

std::optional<EngineVerifier::Combination> EngineVerifier::combination(const Statement& statement,
                                                                       const EngineProof& proof) const {
  const sumcheck::Program& program = engine_->program();
  const auto known = static_cast<size_t>(
      std::count_if(program.columns.begin(), program.columns.end(),
                    [](const sumcheck::Column& column) { return !from_the_proof(column.kind); }));
  if (statement.commitments.size() != known || statement.rows.size() != program.steps ||
      proof.digits.size() != engine_->digits_columns())
    throw ParameterError("the statement has " + std::to_string(statement.commitments.size()) + " commitments and " +
                         std::to_string(statement.rows.size()) + " row counts, the program asks for " +
                         std::to_string(known) + " and " + std::to_string(program.steps));
  if (!is_opening_point(proof.z)) return std::nullopt;
  Combination out;
  out.points = all_commitments(program, statement, proof);
  for (const G1Affine& c : out.points) {
    if (!c.is_on_curve()) return std::nullopt;
  }
  if (!proof.symmetric.is_on_curve() || !proof.quotient.is_on_curve()) return std::nullopt;

  std::vector<G1Affine> hashed = absorbed_points(program, out.points);
  hashed.push_back(proof.symmetric);
  out.input = public_input(context_elements(statement.context), statement.rows, hashed,
                           {proof.rho, proof.z, proof.gamma, proof.i0, proof.i1});
  Fr power = Fr::one();
  for (size_t c = 0; c < out.points.size(); ++c, power *= proof.rho) out.weights.push_back(power);
  out.points.push_back(proof.symmetric);
  out.weights.push_back(proof.gamma);
  return out;
}

bool EngineVerifier::verify(const Statement& statement, const EngineProof& proof) const {
  const std::optional<Combination> about = combination(statement, proof);
  if (!about || !groth16::verify(key_, {&about->input, 1}, proof.groth16)) return false;
  const G1Affine combined = msm(std::span<const G1Affine>(about->points), about->weights).to_affine();
  return verify_pair_opening(columns_, combined, {proof.quotient, proof.i0, proof.i1}, proof.z);
}

EngineProver::EngineProver(std::shared_ptr<const Engine> engine, std::shared_ptr<const groth16::ProvingKey> key,
                           std::shared_ptr<const ColumnKey> columns)
    : engine_(std::move(engine)),
      key_(std::move(key)),
      columns_(std::move(columns)),
      verifier_(engine_, groth16::PlainVerifyingKey(groth16::view_of(key_->elements())), columns_->verifier()) {
  if (key_->circuit() != engine_->circuit().digest())
    throw ParameterError("the proving key is for another circuit than this program's");
  if (columns_->log_n() < engine_->program().log_height)
    throw ParameterError("the string has powers up to 2^" + std::to_string(columns_->log_n()) +
                         "; this program needs 2^" + std::to_string(engine_->program().log_height));
}

EngineProver::Proved EngineProver::prove(sumcheck::ProgramValues& values, const Digest& context,
                                         const Progress& progress, std::span<const G1Affine> expected) const {
  Proved out = attempt(values, context, progress, Checks::all, expected);
  if (!verifier_.verify(out.statement, out.proof))
    throw WitnessInvalid("the proof fails its own verification: the keys are damaged or do not belong together");
  return out;
}

EngineProver::Proved EngineProver::forge(sumcheck::ProgramValues& values, const Digest& context) const {
  return attempt(values, context, {}, Checks::none, {});
}

EngineProver::Proved EngineProver::attempt(sumcheck::ProgramValues& values, const Digest& context,
                                           const Progress& progress, Checks checks,
                                           std::span<const G1Affine> expected) const {
  const sumcheck::Program& program = engine_->program();
  Proved out;
  auto began = std::chrono::steady_clock::now();
  out.statement.context = context;
  out.statement.rows = values.rows;
  sumcheck::check_shape(program, values);
  for (uint32_t c = 0; c < program.columns.size(); ++c) {
    if (from_the_proof(program.columns[c].kind)) continue;
    const G1Affine commitment = engine_->commit(*columns_, c, values.columns[c]);
    const size_t at = out.statement.commitments.size();
    if (!expected.empty() && (at >= expected.size() || commitment != expected[at]))
      throw ParameterError("weights, batches or blinders are not those of the statement's commitments: column " +
                           program.columns[c].name + " is another");
    out.statement.commitments.push_back(commitment);
  }
  const sumcheck::InnerProof inner =
      sumcheck::prove(*columns_, program, engine_->claims(), values, context_elements(context),
                      [&](double done) { report(progress, 0.6 * done); });
  out.seconds.inner = seconds_since(began);

  began = std::chrono::steady_clock::now();
  const Progress report_wrap = [&](double done) { report(progress, 0.6 + 0.4 * done); };
  if (checks == Checks::all) {
    const Witness witness = wrap_witness(engine_->circuit(), program, assignment_of(inner));
    out.proof.groth16 = groth16::prove(*key_, engine_->circuit(), witness.span(), report_wrap).proof;
  } else {
    const Witness witness = wrap_witness_unchecked(engine_->circuit(), program, assignment_of(inner));
    out.proof.groth16 = groth16::prove_unverified(*key_, engine_->circuit(), witness.span(), report_wrap).proof;
  }
  out.seconds.wrap = seconds_since(began);

  out.proof.digits.assign(inner.points.begin(), inner.points.end() - 1);
  if (std::any_of(program.columns.begin(), program.columns.end(),
                  [](const auto& column) { return column.kind == ColumnKind::update; }))
    out.proof.digits.erase(out.proof.digits.begin());
  out.proof.mask = inner.points.back();
  out.proof.symmetric = inner.symmetric_point;
  out.proof.quotient = inner.quotient_point;
  out.proof.rho = inner.rho;
  out.proof.z = inner.z;
  out.proof.gamma = inner.gamma;
  out.proof.i0 = inner.i0;
  out.proof.i1 = inner.i1;
  return out;
}

}  // namespace pyzkfl::wrap
