// The order of the phases, and the opening (see prover.h).
#include "sumcheck/prover.h"

#include <algorithm>

#include "base/errors.h"
#include "base/secret.h"
#include "curves/large_array.h"
#include "kzg/symmetric_opening.h"
#include "sumcheck/direct_check.h"
#include "sumcheck/run_state.h"
#include "sumcheck/vector_steps.h"
#include "sumcheck/view_arrays.h"

namespace pyzkfl::sumcheck {
namespace {

void wipe_elements(std::vector<Fr>& v) { wipe({reinterpret_cast<uint8_t*>(v.data()), v.size() * sizeof(Fr)}); }

bool is_committed(const Column& column) {
  return column.kind == ColumnKind::update || column.kind == ColumnKind::digits || column.kind == ColumnKind::mask;
}

std::vector<Fr> sums_of_squares(const RunState& run) {
  std::vector<Fr> sums;
  for (const SquareSum& square : run.program.squares) {
    sums.emplace_back();
    for (const SquareSum::Part& part : square.parts) {
      SecretElements v(size_t{1} << part.inner);
      add_expression(run, v, part.expression, Source::Kind::inner, {}, Fr::one());
      sums.back() += kernel_table<Fr>().inner_product(v, v);
    }
  }
  return sums;
}

// sum_c rho^c f_c as 2^log_height + 1 coefficients.
SecretArray<Fr> combined_columns(const Program& program, const ProgramValues& values, const Fr& rho) {
  SecretArray<Fr> out((size_t{1} << program.log_height) + 1);
  std::vector<Fr> powers{Fr::one()};
  while (powers.size() < program.columns.size()) powers.push_back(powers.back() * rho);
  const size_t n = out.size() - 1;
  parallel_for((n + block_elements - 1) / block_elements, 8, [&](size_t begin, size_t end) {
    Scratch<1> scratch;
    for (size_t b = begin; b < end; ++b) {
      for (uint32_t c = 0; c < values.columns.size(); ++c) {
        const size_t at = b * block_elements;
        const auto cells = present_cells(values, c, at, std::min(block_elements, n - at));
        const std::span<Fr> scaled = scratch[0].first(cells.size()), to = out.span().subspan(at, cells.size());
        from_cells(scaled, cells, powers[c], Fr::zero());
        kernel_table<Fr>().add(to, to, scaled);
      }
    }
  });
  for (size_t c = 0; c + 1 < values.columns.size(); ++c)
    out[size_t{1} << program.columns[c].log_height] += powers[c] * values.columns[c].blinder;
  for (size_t i = 0; i < values.mask.size(); ++i) out[i] += powers.back() * values.mask[i];
  return out;
}

}  // namespace

InnerProof::~InnerProof() {
  for (std::vector<Fr>* v : {&square_sums, &norm_squares, &messages}) wipe_elements(*v);
  wipe_object(evaluations);
  for (uint64_t& rate : rates) wipe_object(rate);
}

Reduced::~Reduced() {
  for (std::vector<Fr>* v : {&point, &column_values, &messages, &square_sums, &norm_squares}) wipe_elements(*v);
}

std::string transcript_domain(const Program& program) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string domain = "pyzkfl/engine/1/";
  for (const uint8_t byte : program.digest()) {
    domain += digits[byte >> 4];
    domain += digits[byte & 15];
  }
  return domain;
}

std::vector<G1Affine> commit(const ColumnKey& key, const Program& program, const ProgramValues& values) {
  check_shape(program, values);
  std::vector<G1Affine> points;
  for (size_t c = 0; c < program.columns.size(); ++c) {
    const Column& column = program.columns[c];
    if (!is_committed(column)) continue;
    const ColumnValues& v = values.columns[c];
    points.push_back(column.kind == ColumnKind::mask
                         ? commit_polynomial(key, values.mask)
                         : commit_column(key, v.cells, v.blinder, size_t{1} << column.log_height));
  }
  return points;
}

Reduced reduce(const Program& program, const ClaimTable& claims, const ProgramValues& values,
               std::span<const G1Affine> points, const std::array<Fr, 2>& context, const Progress& progress) {
  check_shape(program, values);
  for (const uint64_t rate : values.rates) {
    if (rate == 0) throw ParameterError("witness of a program: a rate is 0");
  }
  RunState run{program, claims, values, Transcript(transcript_domain(program))};
  run.square_sums = sums_of_squares(run);
  const std::vector<Fr> norms = norm_squares(program, values, run.square_sums);

  SecretElements first(context.begin(), context.end());
  for (const uint64_t rows : values.rows) first.push_back(Fr::from_u64(rows));
  first.insert(first.end(), run.square_sums.begin(), run.square_sums.end());
  for (size_t i = 0; i < norms.size(); ++i) {
    first.push_back(norms[i]);
    first.push_back(Fr::from_u64(values.rates[i]));
  }
  run.transcript.absorb(std::span<const Fr>(first));
  for (const G1Affine& point : points) run.transcript.absorb(point);

  for (unsigned i = 0; i < claims.tau_count; ++i) run.tau.push_back(run.transcript.challenge());
  run.send_claims(ClaimTable::outer);
  report(progress, 0.02);
  prove_products(run);
  report(progress, 0.1);
  prove_zeros(run);
  report(progress, 0.15);
  prove_lookups(run, progress);
  report(progress, 0.8);
  std::vector<Fr> point;
  const SecretElements column_values = prove_claims(run, point);
  report(progress, 1.0);

  Reduced out(std::move(run.transcript));
  out.point = std::move(point);
  out.column_values.assign(column_values.begin(), column_values.end());
  out.messages.assign(run.messages.begin(), run.messages.end());
  out.square_sums = run.square_sums;
  out.norm_squares = norms;
  return out;
}

InnerProof prove(const ColumnKey& key, const Program& program, const ClaimTable& claims, ProgramValues& values,
                 const std::array<Fr, 2>& context, const Progress& progress) {
  program.check();
  check_shape(program, values);
  if (key.log_n() < program.log_height) throw ParameterError("the commitment key has too few powers for the program");
  for (Fr& v : values.mask) v = Fr::random();
  for (size_t c = 0; c < program.columns.size(); ++c) {
    if (program.columns[c].kind == ColumnKind::digits) values.columns[c].blinder = Fr::random();
  }

  InnerProof proof;
  proof.context = context;
  proof.rows = values.rows;
  proof.rates = values.rates;
  proof.points = commit(key, program, values);
  report(progress, 0.1);
  Reduced reduced = reduce(program, claims, values, proof.points, context,
                           [&](double fraction) { report(progress, 0.1 + 0.5 * fraction); });

  Transcript& transcript = reduced.transcript;
  proof.rho = transcript.challenge();
  Fr value;
  for (size_t c = reduced.column_values.size(); c-- > 0;) value = value * proof.rho + reduced.column_values[c];
  SecretArray<Fr> f = combined_columns(program, values, proof.rho);
  const SecretArray<Fr> s = symmetric_quotient(f.span(), reduced.point, value);
  report(progress, 0.7);
  proof.symmetric_point = commit_polynomial(key, s.span());
  report(progress, 0.85);
  transcript.absorb(proof.symmetric_point);
  proof.z = transcript.challenge();
  if (!is_opening_point(proof.z)) throw Error("the transcript gave a point without an opening: prove again");
  const Fr inverse = proof.z.inverse();
  proof.evaluations = {evaluate(f.span(), proof.z), evaluate(f.span(), inverse), evaluate(s.span(), proof.z),
                       evaluate(s.span(), inverse)};
  transcript.absorb(std::span<const Fr>(proof.evaluations));
  proof.gamma = transcript.challenge();
  parallel_for((s.size() + block_elements - 1) / block_elements, 8, [&](size_t begin, size_t end) {
    Scratch<1> scratch;
    for (size_t at = begin * block_elements; at < std::min(end * block_elements, s.size()); at += block_elements) {
      const size_t n = std::min(block_elements, s.size() - at);
      const std::span<Fr> to = f.span().subspan(at, n);
      kernel_table<Fr>().scale(scratch[0].first(n), s.span().subspan(at, n), proof.gamma);
      kernel_table<Fr>().add(to, to, scratch[0].first(n));
    }
  });
  const PairOpening opening = open_at_pair(key, f.span(), proof.z);
  proof.i0 = opening.i0;
  proof.i1 = opening.i1;
  proof.quotient_point = opening.quotient;
  proof.messages = std::move(reduced.messages);
  proof.square_sums = std::move(reduced.square_sums);
  proof.norm_squares = std::move(reduced.norm_squares);
  report(progress, 1.0);
  return proof;
}

}  // namespace pyzkfl::sumcheck
