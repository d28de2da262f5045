// See composed_verifier.h.
#include "recursion/composed_verifier.h"

#include "base/errors.h"
#include "r1cs/gadgets_poseidon2.h"
#include "recursion/multiples_sum.h"
#include "recursion/pairing_product.h"

namespace pyzkfl::recursion {
namespace {

constexpr const char* key_name = "pyzkfl/recursion/key/1";
constexpr const char* weights_name = "pyzkfl/recursion/weights/1";

std::array<Fp, 2> coordinates(const G1Affine& p) { return {p.x, p.y}; }
std::array<Fp, 4> coordinates(const G2Affine& p) { return {p.x.c0, p.x.c1, p.y.c0, p.y.c1}; }
std::array<Value, 2> coordinates(const G1Point& p) { return {p.x().single(), p.y().single()}; }

// A point of the twist whose coordinates are values; that it lies in G2 is for the pairing's walk.
struct TwistPoint {
  Fp2Operand x, y;
};

TwistPoint twist_point(Tower& tower, const G2Affine& hint) {
  const Fp2Operand x = tower.value(hint.x);
  return {x, tower.value(hint.y)};
}

std::array<Value, 4> coordinates(const TwistPoint& p) {
  return {p.x.c0.single(), p.x.c1.single(), p.y.c0.single(), p.y.c1.single()};
}

template <class T>
void append(std::vector<T>& out, const std::vector<T>& more) {
  out.insert(out.end(), more.begin(), more.end());
}

struct KeyWires {
  TwistPoint delta, sigma;
  std::vector<G1Point> ic;
  LC digest;
};

KeyWires key_wires(Tower& tower, G1Points& points, const ComposedKey& key) {
  BaseField& fp = tower.base();
  KeyWires out{twist_point(tower, key.delta), twist_point(tower, key.sigma), {}, {}};
  for (const G1Affine& point : key.ic) out.ic.push_back(points.point(point));
  std::vector<LC> elements = packed(fp, coordinates(out.delta));
  append(elements, packed(fp, coordinates(out.sigma)));
  for (const G1Point& point : out.ic) append(elements, packed(fp, coordinates(point)));
  out.digest = named_hash(fp.builder(), key_name, elements);
  return out;
}

struct ProofWires {
  G1Point a, c, commitment, knowledge;
  TwistPoint b;
  LC rho;
};

ProofWires proof_wires(Tower& tower, G1Points& points, const ComposedProof& hint, const LC& statement) {
  BaseField& fp = tower.base();
  ProofWires out{points.point(hint.proof.a), points.point(hint.proof.c), points.point(hint.commitment.point),
                 points.point(hint.commitment.knowledge.value_or(G1Affine())), twist_point(tower, hint.proof.b), {}};
  const std::array<LC, 2> point = canonical_residues(fp, out.commitment);
  Builder& b = fp.builder();
  out.rho = b.materialise(gadgets::poseidon2_hash(b, std::array{statement, point[0], point[1]}, "challenge of a proof"), "challenge of a proof");
  return out;
}

}  // namespace

ComposedKey ComposedKey::of(const groth16::VerifyingKey& key) {
  if (key.num_public() != 2 || key.num_groups() != 1)
    throw ParameterError("a key of composed proofs has two public inputs and one group of committed wires");
  return {key.delta_2(), key.sigma_2(0), {key.ic()[0], key.ic()[1], key.ic()[2]}};
}

Fr ComposedKey::digest() const {
  std::vector<Fr> elements = packed(coordinates(delta));
  append(elements, packed(coordinates(sigma)));
  for (const G1Affine& point : ic) append(elements, packed(coordinates(point)));
  return named_hash(key_name, elements);
}

LC verify_composed(BaseField& fp, const FirstPhase& constants, const ComposedKey& key, const std::array<ComposedProof, 2>& proofs,
                   const std::array<LC, 2>& statements) {
  Builder& b = fp.builder();
  Tower tower(fp);
  G1Points points(fp);
  const KeyWires k = key_wires(tower, points, key);
  const std::array<ProofWires, 2> p = {proof_wires(tower, points, proofs[0], statements[0]),
                                       proof_wires(tower, points, proofs[1], statements[1])};

  std::vector<LC> fixed = {k.digest, statements[0], statements[1]};
  for (const ProofWires& proof : p) {
    append(fixed, packed(fp, coordinates(proof.b)));
    for (const G1Point* point : {&proof.a, &proof.c, &proof.commitment, &proof.knowledge}) append(fixed, packed(fp, coordinates(*point)));
  }
  const LC seed = named_hash(b, weights_name, fixed);
  const auto weight = [&](int i) {
    return SignedScalar::weight(fp, b.materialise(gadgets::poseidon2_hash(b, std::array{seed, LC(i)}, "weight"), "weight"));
  };
  const SignedScalar w = weight(0), u1 = weight(1), u2 = weight(2);
  const LC w_value = w.value();
  const auto weighted = [&](const LC& first, const LC& second) {
    return SignedScalar::of(fp, first + b.product(w_value, second, "weighted scalar"));
  };

  MultiplesSum on_a(points), on_h(points), on_delta(points), on_sigma(points), on_beta(points);
  on_a.add(p[1].a, w);
  on_h.add(k.ic[0]);
  on_h.add(k.ic[0], w);
  on_h.add(k.ic[1], weighted(statements[0], statements[1]));
  on_h.add(k.ic[2], weighted(p[0].rho, p[1].rho));
  on_h.add(p[0].commitment);
  on_h.add(p[1].commitment, w);
  on_h.add(p[0].knowledge, u1);
  on_h.add(p[1].knowledge, u2);
  on_delta.add(p[0].c);
  on_delta.add(p[1].c, w);
  on_sigma.add(p[0].commitment, u1);
  on_sigma.add(p[1].commitment, u2);
  on_beta.add(points.constant(constants.alpha));
  on_beta.add(constants.alpha, w);

  PairingProduct product(tower);
  const auto add = [&](const G1Point& point, const auto&... second) { product.add(point.x(), point.y(), second...); };
  const auto prepared = [](const G2Affine& point) { return std::make_shared<const G2Prepared>(point); };
  add(p[0].a, p[0].b.x, p[0].b.y);
  add(on_a.total(), p[1].b.x, p[1].b.y);
  add(points.negative(on_delta.total()), k.delta.x, k.delta.y);
  add(on_sigma.total(), k.sigma.x, k.sigma.y);
  add(points.negative(on_h.total()), prepared(g2_generator()));
  add(points.negative(on_beta.total()), prepared(constants.beta));
  product.assert_one();
  return k.digest;
}

}  // namespace pyzkfl::recursion
