// See leaf_circuit.h.
#include "recursion/leaf_circuit.h"

#include <algorithm>

#include "base/errors.h"
#include "r1cs/gadgets_bits.h"
#include "r1cs/gadgets_poseidon2.h"
#include "recursion/challenge.h"
#include "recursion/multiples_sum.h"
#include "recursion/pairing_product.h"
#include "recursion/progress_part.h"
#include "recursion/transcript_point.h"
#include "transcript/transcript.h"

namespace pyzkfl::recursion {
namespace {

using sumcheck::ColumnKind;

constexpr const char* client_weights_name = "pyzkfl/recursion/weights of clients/1";
constexpr const char* engine_public_name = "pyzkfl/engine/1/public";  // docs/engine.md, section 4
constexpr unsigned number_bits = 32;                                  // of clients and rounds in ctx

// A point with the elements by which it is hashed.
struct HashedPoint {
  G1Point point;
  std::array<LC, 2> elements;
};

HashedPoint hashed_point(BaseField& fp, const G1Affine& hint) {
  G1Point point = G1Points(fp).point(hint);
  std::array<LC, 2> elements = transcript_elements(fp, point);
  return {std::move(point), std::move(elements)};
}

void append(std::vector<LC>& out, const HashedPoint& point) { out.insert(out.end(), point.elements.begin(), point.elements.end()); }

void expect_shape(const sumcheck::Program& program) {
  size_t at = 0;
  const auto next = [&](ColumnKind kind) {
    if (at >= program.columns.size() || program.columns[at].kind != kind) return false;
    ++at;
    return true;
  };
  bool fits = next(ColumnKind::weights) && next(ColumnKind::tables);
  for (uint32_t s = 0; s < program.steps; ++s) fits = fits && next(ColumnKind::data);
  fits = fits && next(ColumnKind::update);
  while (next(ColumnKind::digits)) {
  }
  fits = fits && next(ColumnKind::mask) && at == program.columns.size();
  if (!fits)
    throw ParameterError("proofs of this program do not compose: its columns must be weights, tables, one of data a step, update, digits "
                         "and mask (no momentum over rounds, no networks in bits)");
}

}  // namespace

// What both clients share.
struct LeafCircuit::Shared {
  HashedPoint weights;
  std::array<LC, 2> old_weights, new_weights;  // residues
};

struct LeafCircuit::Client {
  StatementWires statement;
  LC public_input, rho, gamma, i0, i1, s;
  std::vector<G1Point> own;  // X.., D, digits.., mask, in column order; column i + 2
  G1Point symmetric, quotient, a, c;
  Fp2Operand bx, by;
};

LeafCircuit::LeafCircuit(std::shared_ptr<const wrap::Engine> engine, const groth16::PlainVerifyingKey& key,
                         const ColumnKeyVerifier& columns, const G1Affine& tables, const Fr& statement_tag)
    : engine_((expect_shape(engine->program()), std::move(engine))),
      key_(key),
      columns_(columns),
      verifier_(engine_, key, columns),
      tables_(tables),
      tag_(statement_tag),
      steps_(engine_->program().steps),
      digits_(engine_->digits_columns()) {
  if (key.gamma_2() != g2_generator()) throw ParameterError("the engine's key has a gamma of its own, which a leaf does not know");
  if (tables_.is_infinity() || !tables_.is_on_curve()) throw ParameterError("the commitment to the tables is infinity or no point");
}

// The statement of one client, its hashes, and the proof's points. Everything that the weights must depend on is in x, or one of a, b, c,
// quotient.
LeafCircuit::Client LeafCircuit::client(BaseField& fp, const ClientProof& hint, const Shared& shared) const {
  Builder& b = fp.builder();
  const auto scope = b.scope("client");
  const ClientStatement& said = hint.statement;
  const wrap::EngineProof& proof = hint.proof;
  const auto wire = [&](const Fr& v) { return LC(b.private_wire(v)); };
  const auto at = [](const auto& list, size_t i) { return i < list.size() ? list[i] : typename std::decay_t<decltype(list)>::value_type(); };

  const LC number = wire(Fr::from_u64(said.client)), round = wire(Fr::from_u64(said.round));
  gadgets::range(b, number, number_bits, "client");
  gadgets::range(b, round, number_bits, "round");
  const LC session = wire(said.session), choice = wire(said.choice);
  std::vector<LC> rows;
  for (size_t s = 0; s < steps_; ++s) rows.push_back(wire(Fr::from_u64(at(said.rows, s))));

  std::vector<HashedPoint> data, absorbed;  // absorbed: D, digits.., mask, C_S
  for (size_t s = 0; s < steps_; ++s) data.push_back(hashed_point(fp, at(said.data, s)));
  absorbed.push_back(hashed_point(fp, said.update));
  for (size_t i = 0; i < digits_; ++i) absorbed.push_back(hashed_point(fp, at(proof.digits, i)));
  absorbed.push_back(hashed_point(fp, proof.mask));
  absorbed.push_back(hashed_point(fp, proof.symmetric));

  std::vector<LC> context = {LC(tag_) + number * power_of_two(32) + round, session, choice};
  append(context, shared.weights);
  for (const Fr& element : transcript::point_elements(tables_)) context.push_back(element);
  for (const HashedPoint& point : data) append(context, point);
  const LC ctx = b.materialise(gadgets::poseidon2_hash(b, context, "context"), "context");
  // Any pair that gives ctx modulo r will do: the pair is in x, and fixes ctx.
  const std::array<Fr, 2> halves = wrap::context_elements(b.computes() ? said.context(tag_).to_bytes_be() : Digest{});
  const LC high = wire(halves[0]), low = wire(halves[1]);
  gadgets::assert_equal(b, high * power_of_two(128) + low, ctx, "context");

  const LC rho = wire(proof.rho), z = wire(proof.z), gamma = wire(proof.gamma), i0 = wire(proof.i0), i1 = wire(proof.i1);
  std::vector<LC> hashed = {transcript::hash_to_field(engine_public_name, {}), high, low};
  hashed.insert(hashed.end(), rows.begin(), rows.end());
  for (const HashedPoint& point : absorbed) append(hashed, point);
  for (const LC* scalar : {&rho, &z, &gamma, &i0, &i1}) hashed.push_back(*scalar);
  const LC x = b.materialise(gadgets::poseidon2_hash(b, hashed, "public input"), "public input");

  // z is not 0 and not 1/z.
  const auto inverse = [&](const LC& v, const char* label) {
    const LC out = wire(v.value().inverse_vartime());
    b.constrain(v, out, 1, label);
    return out;
  };
  const LC z_inverse = inverse(z, "z is not 0");
  inverse(z - z_inverse, "z is not 1/z");

  std::vector<LC> leaf = {number, choice};
  leaf.insert(leaf.end(), rows.begin(), rows.end());
  for (const HashedPoint& point : data) append(leaf, point);
  append(leaf, absorbed[0]);

  const G1Point& update = absorbed[0].point;
  StatementElements<LC> said_here{LC(), session, round, round, LC(1), number, number, client_leaf(b, std::move(leaf)),
                                  {fp.native(update.x().single()), fp.native(update.y().single())}, shared.old_weights, shared.new_weights};
  G1Points points(fp);
  Tower tower(fp);
  std::vector<G1Point> own;
  for (const HashedPoint& point : data) own.push_back(point.point);
  for (size_t i = 0; i + 1 < absorbed.size(); ++i) own.push_back(absorbed[i].point);
  G1Point quotient = points.point(proof.quotient), a = points.point(proof.groth16.a), c = points.point(proof.groth16.c);
  const Fp2Operand bx = tower.value(proof.groth16.b.x), by = tower.value(proof.groth16.b.y);
  return {{std::move(said_here), update}, x, rho, gamma, i0, i1, z + z_inverse, std::move(own), absorbed.back().point, std::move(quotient),
          std::move(a), std::move(c), bx, by};
}

void LeafCircuit::verify_pairings(BaseField& fp, const Shared& shared, const std::array<Client, 2>& clients) const {
  Builder& b = fp.builder();
  Tower tower(fp);
  G1Points points(fp);
  std::vector<LC> fixed = {clients[0].public_input, clients[1].public_input};
  for (const Client& c : clients) {
    std::vector<Value> coordinates = {c.bx.c0.single(), c.bx.c1.single(), c.by.c0.single(), c.by.c1.single()};
    std::vector<Value> others;
    for (const G1Point* point : {&c.a, &c.c, &c.quotient}) others.insert(others.end(), {point->x().single(), point->y().single()});
    for (const std::vector<Value>& list : {coordinates, others}) {
      const std::vector<LC> elements = packed(fp, list);
      fixed.insert(fixed.end(), elements.begin(), elements.end());
    }
  }
  const LC seed = named_hash(b, client_weights_name, fixed);
  const auto weight = [&](int i) {
    return SignedScalar::weight(fp, b.materialise(gadgets::poseidon2_hash(b, std::array{seed, LC(i)}, "weight"), "weight"));
  };
  const SignedScalar w = weight(0);
  const std::array<SignedScalar, 2> u = {weight(1), weight(2)};
  const auto scalar = [&](const LC& v) { return SignedScalar::of(fp, v); };
  const auto product = [&](const LC& x, const LC& y) { return LC(b.product(x, y, "weighted scalar")); };

  MultiplesSum on_a(points), on_h(points), on_delta(points), on_tau(points), on_tau_squared(points), on_beta(points);
  on_a.add(clients[1].a, w);
  on_h.add(points.constant(-key_.ic()[0]));
  on_h.add(-key_.ic()[0], w);
  on_h.add(-key_.ic()[1], scalar(clients[0].public_input + product(w.value(), clients[1].public_input)));
  LC of_weights, of_tables, of_generator, of_tau;
  for (size_t j = 0; j < 2; ++j) {
    const Client& c = clients[j];
    const LC weight_here = u[j].value();
    LC power = weight_here;  // u rho^column
    of_weights += power;
    power = product(power, c.rho);
    of_tables += power;
    for (const G1Point& point : c.own) {
      power = product(power, c.rho);
      on_h.add(point, scalar(power));
    }
    on_h.add(c.symmetric, scalar(product(weight_here, c.gamma)));
    of_generator -= product(weight_here, c.i0);
    of_tau -= product(weight_here, c.i1);
    on_h.add(points.negative(c.quotient), u[j]);
    on_tau.add(c.quotient, scalar(product(weight_here, c.s)));
    on_tau_squared.add(c.quotient, u[j]);
  }
  on_h.add(shared.weights.point, scalar(of_weights));
  on_h.add(tables_, scalar(of_tables));
  on_h.add(g1_generator(), scalar(of_generator));
  on_h.add(columns_.tau_1(), scalar(of_tau));
  on_delta.add(clients[0].c);
  on_delta.add(clients[1].c, w);
  on_beta.add(points.constant(key_.alpha_1()));
  on_beta.add(key_.alpha_1(), w);

  PairingProduct pairings(tower);
  const auto prepared = [](const G2Affine& point) { return std::make_shared<const G2Prepared>(point); };
  const auto add = [&](const G1Point& point, const auto&... second) { pairings.add(point.x(), point.y(), second...); };
  add(clients[0].a, clients[0].bx, clients[0].by);
  add(on_a.total(), clients[1].bx, clients[1].by);
  add(on_h.total(), prepared(g2_generator()));
  add(points.negative(on_delta.total()), prepared(key_.delta_2()));
  add(on_tau.total(), prepared(columns_.tau_2()));
  add(points.negative(on_tau_squared.total()), prepared(columns_.tau_squared_2()));
  add(points.negative(on_beta.total()), prepared(key_.beta_2()));
  pairings.assert_one();
}

void LeafCircuit::build(Builder& b, const LeafInputs& inputs, const Challenge& challenge) const {
  const ClientStatement &first = inputs.left.statement, &second = inputs.right.statement;
  ComposedStatement claimed;
  if (b.computes()) {
    const ComposedStatement left = first.composed(inputs.new_weights), right = second.composed(inputs.new_weights);
    claimed = merge_problem(left, right, inputs.merge) ? left : merged(left, right, inputs.merge);
  }
  const Fr x_value = b.computes() ? claimed.hash() : Fr();
  const Wire x = b.public_input(x_value);

  BaseField fp(b, 0);
  G1Points points(fp);
  HashedPoint weights = hashed_point(fp, first.weights);
  const std::array<LC, 2> old_weights = {fp.native(weights.point.x().single()), fp.native(weights.point.y().single())};
  const std::array<Fr, 2> after = b.computes() ? residues(inputs.new_weights) : std::array<Fr, 2>{};
  const LC after_x = b.private_wire(after[0]), after_y = b.private_wire(after[1]);
  const Shared shared{std::move(weights), old_weights, {after_x, after_y}};
  const std::array<Client, 2> clients = {client(fp, inputs.left, shared), client(fp, inputs.right, shared)};
  const StatementElements<LC> result =
      merge_in_circuit(fp, points, clients[0].statement, clients[1].statement, {LC(), LC()}, inputs.merge).elements;
  // A leaf is of one round: a merge between rounds would hash statements that nobody gave it.
  gadgets::assert_equal(b, result.first_round, result.last_round, "one round");
  gadgets::assert_equal(b, statement_hash(b, result), x, "statement");
  verify_pairings(fp, shared, clients);

  const Fr blinder = b.computes() ? Fr::random() : Fr();
  fp.finish(blinder, [&] { return challenge(x_value, blinder); });
}

ConstraintSystem LeafCircuit::shape() const {
  Builder b(Builder::Mode::shape, 1);
  build(b, {}, {});
  return b.take_constraint_system();
}

Composed LeafCircuit::prove(const groth16::ProvingKey& key, const ConstraintSystem& cs, std::span<const ClientProof> clients,
                            const G1Affine& new_weights, const Progress& progress) const {
  if (clients.empty() || clients.size() > 2) throw ParameterError("a leaf composes one or two client proofs");
  for (size_t i = 0; i < clients.size(); ++i) {
    const std::string name = "client " + std::to_string(clients[i].statement.client);
    const wrap::Statement statement = clients[i].statement.engine_statement(tag_);
    if (std::any_of(statement.commitments.begin(), statement.commitments.end(), [](const G1Affine& p) { return p.is_infinity(); }))
      throw WitnessInvalid(name + ": a commitment of its statement is infinity (weights that are all 0), which does not compose");
    if (clients[i].statement.tables != tables_) throw WitnessInvalid(name + ": its statement names other tables than the job's");
    if (!verifier_.verify(statement, clients[i].proof)) throw WitnessInvalid("the proof of " + name + " does not verify for its statement");
  }
  const LeafInputs inputs{clients.front(), clients.back(), new_weights, clients.size() == 1 ? Merge::single : Merge::within_round};
  const ClientStatement &left = inputs.left.statement, &right = inputs.right.statement;
  const ComposedStatement statement = merged(left.composed(new_weights), right.composed(new_weights), inputs.merge);
  report(progress, 0.02);

  Builder b(Builder::Mode::witness, 1);
  build(b, inputs, [&](const Fr& x, const Fr& blinder) {
    const std::span<const Fr> values = b.committed_values(0);
    return commitment_challenge(x, key.commitment_key(0).commit(values.first(values.size() - 1), blinder));
  });
  if (b.failure()) throw WitnessInvalid("the leaf's circuit refuses its clients: " + b.failure()->second);
  const Witness witness = b.take_witness(cs);
  report(progress, 0.2);
  const groth16::Proved proved = groth16::prove(key, cs, witness.span(), part_of(progress, 0.2, 0.8));
  return {statement, {proved.proof, proved.commitments[0]}};
}

}  // namespace pyzkfl::recursion
