// Every way to compute a pairing against the generic one, bit by bit.
#include <doctest/doctest.h>

#include <array>
#include <vector>

#include "curves/scalar_mul.h"
#include "fields/fr.h"
#include "pairing/paths.h"

using namespace pyzkfl;

namespace {

G1Affine g1(const Fr& k) { return mul(g1_generator(), k).to_affine(); }
G2Affine g2(const Fr& k) { return mul(g2_generator(), k).to_affine(); }

}  // namespace

TEST_CASE("Miller loops of running and prepared pairs, one or many, are those of the generic path") {
  std::vector<PairingInput> running;
  std::vector<G2Prepared> points;
  std::vector<G1Affine> left;
  for (size_t i = 0; i < 11; ++i) {
    running.push_back({g1(i < 2 ? Fr::from_i64(i == 0 ? 1 : -1) : Fr::random()),
                       g2(i % 3 == 0 ? Fr::from_i64(i == 0 ? 1 : -1) : Fr::random())});
    points.emplace_back(g2(i < 2 ? Fr::from_i64(i == 0 ? 1 : -1) : Fr::random()));
    left.push_back(g1(i % 3 == 0 ? Fr::from_u64(i + 1) : Fr::random()));
  }
  std::vector<PreparedPairingInput> prepared;
  for (size_t i = 0; i < left.size(); ++i) prepared.push_back({left[i], &points[i]});
  for (const PairingPath& path : runnable_pairing_paths()) {
    CAPTURE(path.name);
    for (const auto& [r, p] : std::vector<std::pair<size_t, size_t>>{
             {1, 0}, {0, 1}, {1, 1}, {2, 0}, {0, 2}, {1, 3}, {3, 1}, {4, 0}, {8, 2}, {9, 0}, {11, 11}}) {
      CAPTURE(r);
      CAPTURE(p);
      const auto a = std::span(running).last(r);
      const auto b = std::span(prepared).last(p);
      CHECK(path.miller_loop(a, b) == miller_loop_generic(a, b));
      const auto c = std::span(running).first(r);
      const auto d = std::span(prepared).first(p);
      CHECK(path.miller_loop(c, d) == miller_loop_generic(c, d));
    }
  }
}

TEST_CASE("the hard part of every path is that of the generic one") {
  for (const PairingPath& path : runnable_pairing_paths()) {
    CAPTURE(path.name);
    for (int i = 0; i < 8; ++i) {
      const Fp12 f = Fp12::random();
      const Fp12 g = f.conjugate() * f.inverse();
      const Fp12 cyclotomic = g.frobenius(2) * g;
      CHECK(path.hard_part(cyclotomic) == hard_part_generic(cyclotomic));
    }
    CHECK(path.hard_part(Fp12::one()).is_one());
    CHECK(path.hard_part(Fp12::zero()).is_zero());
  }
}
