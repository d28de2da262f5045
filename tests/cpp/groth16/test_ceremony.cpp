// Ceremonies: what honest members make verifies and makes keys; everything else is refused with a reason.
#include <doctest/doctest.h>

#include <functional>

#include "base/random.h"
#include "curves/encoding.h"
#include "curves/scalar_mul.h"
#include "groth16/phase2.h"
#include "pairing/pairing.h"
#include "toy_circuit.h"

using namespace pyzkfl;
using namespace pyzkfl::groth16;
using namespace pyzkfl::groth16::testing;

namespace {

const Bytes job = {'j', 'o', 'b'};

template <class State>
struct Run {
  State state;
  std::vector<Contribution> records;
};

template <class State>
void add_contribution(Run<State>& run, std::string_view name) {
  auto contributed = contribute(run.state, name, job);
  run.state = std::move(contributed.state);
  run.records.push_back(std::move(contributed.record));
}

struct Ceremony {
  ConstraintSystem cs = toy().first;
  Run<Phase1> one{Phase1::initial(domain_log_n(cs), job), {}};
  Run<Phase2> two;

  Ceremony() {
    for (const char* name : {"ada", "ben", "cyd"}) add_contribution(one, name);
    two.state = Phase2::initial(one.state, cs, job);
    for (const char* name : {"ada", "ben", "cyd"}) add_contribution(two, name);
  }
  static const Ceremony& shared() {
    static const Ceremony ceremony;
    return ceremony;
  }
};

std::string problem(const Run<Phase1>& run) { return problem_with(run.state, job, run.records).value_or(""); }
std::string problem(const Run<Phase2>& run) {
  const Ceremony& c = Ceremony::shared();
  return problem_with(run.state, c.one.state, c.cs, job, run.records).value_or("");
}
bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

template <class Point>
void scale(Point& p, const Fr& k) {
  p = mul(Jacobian<typename Point::Field>(p), k).to_affine();
}

// The contribution of somebody who multiplies right and then changes the state before signing for it.
Run<Phase1> last_changed(const Run<Phase1>& before, const std::function<void(Phase1&)>& change,
                         std::vector<Fr> secrets = {Fr::random(), Fr::random(), Fr::random()}) {
  Run<Phase1> run = before;
  Phase1& s = run.state;
  const std::vector<G1Affine> leading = {s.tau_1[1], s.alpha_1[0], s.beta_1[0]};
  Fr power = Fr::one();
  for (size_t i = 0; i < s.tau_1.size(); ++i, power *= secrets[0]) {
    scale(s.tau_1[i], power);
    if (i >= s.alpha_1.size()) continue;
    scale(s.alpha_1[i], power * secrets[1]);
    scale(s.beta_1[i], power * secrets[2]);
    scale(s.tau_2[i], power);
  }
  scale(s.beta_2, secrets[2]);
  change(s);
  run.records.push_back(make_contribution(s.chain, "mallory", job, leading, secrets, s.state_digest()));
  s.chain = chain_digest(s.chain, run.records.back());
  ++s.contributions;
  return run;
}

Run<Phase2> last_changed(const Run<Phase2>& before, const std::function<void(KeyElements&)>& change,
                         std::vector<Fr> secrets = {Fr::random(), Fr::random(), Fr::random()}) {
  Run<Phase2> run = before;
  KeyElements& k = run.state.key;
  const std::vector<G1Affine> leading = run.state.leading_points();
  for (auto* array : {&k.l, &k.h})
    for (G1Affine& p : *array) scale(p, secrets[0].inverse());
  scale(k.delta_1, secrets[0]);
  scale(k.delta_2, secrets[0]);
  for (size_t g = 0; g < k.groups.size(); ++g) {
    for (G1Affine& p : k.groups[g].knowledge) scale(p, secrets[1 + g]);
    scale(k.groups[g].sigma_2, secrets[1 + g]);
  }
  change(k);
  run.records.push_back(
      make_contribution(run.state.chain, "mallory", job, leading, secrets, run.state.state_digest()));
  run.state.chain = chain_digest(run.state.chain, run.records.back());
  ++run.state.contributions;
  return run;
}

const auto nothing = [](auto&) {};

}  // namespace

TEST_CASE("a ceremony of three members verifies, and its keys prove and verify") {
  const Ceremony& c = Ceremony::shared();
  CHECK(problem(c.one) == "");
  CHECK(problem(c.two) == "");
  const ProvingKey key = c.two.state.finalize();
  const ToyInputs inputs;
  const Witness witness = toy_witness(c.cs, inputs);
  const Proved proved = prove(key, c.cs, witness);
  CHECK(verify(key.verifying_key(), std::vector<Fr>{inputs.ctx, inputs.w}, proved.commitments, proved.proof));
  CHECK(problem(last_changed(c.one, nothing)) == "");  // the tests' own way of contributing is right
  CHECK(problem(last_changed(c.two, nothing)) == "");
}

TEST_CASE("a ceremony gives the key that its secrets give") {
  const Ceremony& c = Ceremony::shared();
  const Trapdoor t = Trapdoor::random(2);
  const Run<Phase1> one = last_changed(Run<Phase1>{Phase1::initial(domain_log_n(c.cs), job), {}}, nothing,
                                       {t.tau, t.alpha, t.beta});
  const Run<Phase2> two = last_changed(Run<Phase2>{Phase2::initial(one.state, c.cs, job), {}}, nothing,
                                       {t.delta, t.sigma[0], t.sigma[1]});
  CHECK(two.state.key == insecure_elements(c.cs, t));
}

TEST_CASE("a first phase for larger circuits serves a smaller one") {
  const Ceremony& c = Ceremony::shared();
  Run<Phase1> one{Phase1::initial(domain_log_n(c.cs) + 1, job), {}};
  add_contribution(one, "ada");
  Run<Phase2> two{Phase2::initial(one.state, c.cs, job), {}};
  add_contribution(two, "ada");
  CHECK_FALSE(problem_with(two.state, one.state, c.cs, job, two.records).has_value());
  const Phase1 small = Phase1::initial(domain_log_n(c.cs) - 1, job);
  CHECK_THROWS_AS((void)Phase2::initial(small, c.cs, job), ParameterError);
}

TEST_CASE("states and records come back from their bytes, and from nothing else") {
  const Ceremony& c = Ceremony::shared();
  const auto check = [](const auto& value, const Bytes& bytes, auto read, size_t step) {
    CHECK(read(bytes) == value);
    for (size_t length = 0; length < bytes.size(); length += step)
      CHECK_THROWS_AS(read(ByteSpan(bytes).first(length)), DecodeError);
    Bytes longer = bytes;
    longer.push_back(0);
    CHECK_THROWS_AS(read(longer), DecodeError);
  };
  check(c.one.state, c.one.state.to_bytes(), [](ByteSpan b) { return Phase1::from_bytes(b); }, 97);
  check(c.two.state, c.two.state.to_bytes(), [](ByteSpan b) { return Phase2::from_bytes(b); }, 397);
  check(
      c.one.records[1], c.one.records[1].to_bytes(), [](ByteSpan b) { return Contribution::from_bytes(b); },
      1);
}

TEST_CASE("a state that asks for more than it brings is refused before memory is taken") {
  const Ceremony& c = Ceremony::shared();
  Bytes bytes = c.one.state.to_bytes();
  bytes[7] = 28;  // log_n
  CHECK_THROWS_AS((void)Phase1::from_bytes(bytes), DecodeError);
  bytes[7] = 200;
  CHECK_THROWS_AS((void)Phase1::from_bytes(bytes), DecodeError);
}

TEST_CASE("a G2 point outside the subgroup is refused in both phases") {
  const Ceremony& c = Ceremony::shared();
  G2Affine stray;
  for (uint64_t i = 0;; ++i) {
    const Fp2 x{Fp::from_u64(i), Fp::one()};
    if ((x.square() * x + CurveCoefficient<Fp2>::b()).sqrt_vartime(stray.y)) {
      stray.x = x;
      if (!is_in_subgroup(stray)) break;
    }
  }
  Phase1 one = c.one.state;
  one.tau_2[3] = stray;
  CHECK_THROWS_AS((void)Phase1::from_bytes(one.to_bytes()), DecodeError);
  one = c.one.state;
  one.beta_2 = stray;
  CHECK_THROWS_AS((void)Phase1::from_bytes(one.to_bytes()), DecodeError);
  Phase2 two = c.two.state;
  two.key.b_2[4] = stray;
  CHECK_THROWS_AS((void)Phase2::from_bytes(two.to_bytes()), DecodeError);
  two = c.two.state;
  two.key.groups[0].sigma_2 = stray;
  CHECK_THROWS_AS((void)Phase2::from_bytes(two.to_bytes()), DecodeError);
}

TEST_CASE("phase 1: any element changed by the last contributor is found and named") {
  const Ceremony& c = Ceremony::shared();
  const Fr two = Fr::from_u64(2);
  for (size_t i = 2; i < c.one.state.tau_1.size(); ++i)
    CHECK(
        has(problem(last_changed(c.one, [&](Phase1& s) { scale(s.tau_1[i], two); })), "powers of tau in G1"));
  for (size_t i = 2; i < c.one.state.tau_2.size(); ++i)
    CHECK(
        has(problem(last_changed(c.one, [&](Phase1& s) { scale(s.tau_2[i], two); })), "powers of tau in G2"));
  for (size_t i = 1; i < c.one.state.alpha_1.size(); ++i) {
    CHECK(has(problem(last_changed(c.one, [&](Phase1& s) { scale(s.alpha_1[i], two); })), "alpha"));
    CHECK(has(problem(last_changed(c.one, [&](Phase1& s) { scale(s.beta_1[i], two); })), "beta"));
  }
  CHECK(has(problem(last_changed(c.one, [&](Phase1& s) { scale(s.beta_2, two); })), "beta in G2"));
  CHECK(problem(last_changed(c.one, [&](Phase1& s) { scale(s.tau_2[1], two); })) != "");
  CHECK(has(problem(last_changed(c.one, [&](Phase1& s) { scale(s.tau_1[0], two); })), "begin with one"));
  CHECK(has(problem(last_changed(c.one, [&](Phase1& s) { scale(s.tau_2[0], two); })), "begin with one"));
  for (size_t secret = 0; secret < 3; ++secret)
    CHECK(has(problem(last_changed(
                  c.one,
                  [&](Phase1& s) {
                    scale(secret == 0 ? s.tau_1[1] : secret == 1 ? s.alpha_1[0] : s.beta_1[0], two);
                  })),
              "secrets of its records"));
  CHECK(has(problem(last_changed(c.one, [&](Phase1& s) { s.alpha_1.pop_back(); })), "lengths"));
}

TEST_CASE("phase 2: any element changed by the last contributor is found and named") {
  const Ceremony& c = Ceremony::shared();
  const Fr two = Fr::from_u64(2);
  const auto each = [&](auto array, const char* named) {
    KeyElements copy = c.two.state.key;
    const size_t size = array(copy).size();
    for (size_t i = 0; i < size; ++i) {
      if (array(copy)[i].is_infinity()) continue;
      CAPTURE(i);
      CHECK(has(problem(last_changed(c.two, [&](KeyElements& k) { scale(array(k)[i], two); })), named));
    }
  };
  each([](KeyElements& k) -> auto& { return k.a; }, "A is not");
  each([](KeyElements& k) -> auto& { return k.b_1; }, "B in G1");
  each([](KeyElements& k) -> auto& { return k.b_2; }, "B in G2");
  each([](KeyElements& k) -> auto& { return k.ic; }, "IC, L or a commitment's basis");
  each([](KeyElements& k) -> auto& { return k.l; }, "IC, L or a commitment's basis");
  each([](KeyElements& k) -> auto& { return k.h; }, "H is not");
  const auto changed = [&](auto change) { return problem(last_changed(c.two, change)); };
  for (size_t g = 0; g < 2; ++g) {
    for (size_t i = 0; i + 1 < c.two.state.key.groups[g].basis.size(); ++i) {
      CHECK(has(changed([&](KeyElements& k) { scale(k.groups[g].basis[i], two); }), "sigma times its basis"));
      CHECK(has(changed([&](KeyElements& k) { scale(k.groups[g].knowledge[i], two); }),
                "sigma times its basis"));
      CHECK(has(changed([&](KeyElements& k) {
                  scale(k.groups[g].basis[i], two);
                  scale(k.groups[g].knowledge[i], two);
                }),
                "IC, L or a commitment's basis"));
    }
    CHECK(changed([&](KeyElements& k) { scale(k.groups[g].basis.back(), two); }) != "");
    CHECK(has(changed([&](KeyElements& k) { scale(k.groups[g].knowledge.back(), two); }),
              "secrets of its records"));
    CHECK(has(changed([&](KeyElements& k) { scale(k.groups[g].sigma_2, two); }), "sigma times its basis"));
  }
  CHECK(has(changed([&](KeyElements& k) { scale(k.delta_1, two); }), "secrets of its records"));
  CHECK(has(changed([&](KeyElements& k) { scale(k.delta_2, two); }), "delta in G2"));
  CHECK(has(changed([&](KeyElements& k) { scale(k.alpha_1, two); }), "alpha and beta"));
  CHECK(has(changed([&](KeyElements& k) { scale(k.beta_1, two); }), "alpha and beta"));
  CHECK(has(changed([&](KeyElements& k) { scale(k.beta_2, two); }), "alpha and beta"));
  CHECK(has(changed([&](KeyElements& k) { k.circuit[0] ^= 1; }), "another circuit"));
  CHECK(has(changed([&](KeyElements& k) { k.layout.num_public += 1; }), "another circuit"));
  CHECK(has(changed([&](KeyElements& k) { k.h.pop_back(); }), "lengths"));
}

TEST_CASE("a state changed after the last contribution is found") {
  const Ceremony& c = Ceremony::shared();
  Run<Phase1> one = c.one;
  scale(one.state.tau_1[5], Fr::from_u64(3));
  CHECK(has(problem(one), "changed after"));
  Run<Phase2> two = c.two;
  scale(two.state.key.l[0], Fr::from_u64(3));
  CHECK(has(problem(two), "changed after"));
}

TEST_CASE("records that are wrong, missing, repeated, out of order or another ceremony's are refused") {
  const Ceremony& c = Ceremony::shared();
  const auto refused = [&](auto change) {
    Run<Phase1> one = c.one;
    change(one.records);
    const std::string first = problem(one);
    Run<Phase2> two = c.two;
    change(two.records);
    CHECK(problem(two) != "");
    CHECK(first != "");
    return first;
  };
  using Records = std::vector<Contribution>;
  CHECK(has(refused([](Records& r) { r[1].responses[0] += Fr::one(); }), "contribution 1 (ben)"));
  CHECK(has(refused([](Records& r) { r[2].responses.back() += Fr::one(); }), "contribution 2 (cyd)"));
  CHECK(has(refused([](Records& r) { r[0].name = "eve"; }), "contribution 0 (eve)"));
  refused([](Records& r) { r[0].context.push_back(1); });
  refused([](Records& r) { r[0].nonces[0] = -r[0].nonces[0]; });
  refused([](Records& r) { r[0].leading[0] = -r[0].leading[0]; });
  refused([](Records& r) { r[0].leading[0] = G1Affine::infinity(); });
  refused([](Records& r) { r[1].state[0] ^= 1; });
  refused([](Records& r) { r[1].leading.pop_back(); });
  refused([](Records& r) { r.pop_back(); });
  refused([](Records& r) { r.erase(r.begin()); });
  refused([](Records& r) { r.clear(); });
  refused([](Records& r) { std::swap(r[0], r[1]); });
  refused([](Records& r) { r.push_back(r[2]); });
  refused([](Records& r) { r[2] = r[1]; });

  const Ceremony other;
  Run<Phase1> one = c.one;
  one.records[1] = other.one.records[1];
  CHECK(problem(one) != "");
  one.records = other.one.records;
  CHECK(problem(one) != "");
  CHECK(has(problem_with(c.one.state, Bytes{'x'}, c.one.records).value_or(""), "another ceremony"));
  CHECK(has(problem_with(c.two.state, c.one.state, c.cs, Bytes{'x'}, c.two.records).value_or(""),
            "another ceremony"));
  CHECK(has(problem_with(c.two.state, other.one.state, c.cs, job, c.two.records).value_or(""),
            "alpha and beta"));
}

TEST_CASE("a record from one phase does not serve in the other") {
  const Ceremony& c = Ceremony::shared();
  Run<Phase2> two = c.two;
  two.records = c.one.records;
  CHECK(problem(two) != "");
}

TEST_CASE("a contribution that changes nothing is refused") {
  const Ceremony& c = Ceremony::shared();
  const Fr one = Fr::one(), x = Fr::random();
  CHECK(has(problem(last_changed(c.one, nothing, {one, x, x})), "nothing was contributed"));
  CHECK(has(problem(last_changed(c.two, nothing, {one, x, x})), "nothing was contributed"));  // delta
  CHECK(has(problem(last_changed(c.two, nothing, {x, one, x})),
            "nothing was contributed"));  // sigma of group 0
}

TEST_CASE("a second phase without contributions makes no key") {
  const Ceremony& c = Ceremony::shared();
  const Run<Phase2> two{Phase2::initial(c.one.state, c.cs, job), {}};
  CHECK(has(problem(two), "nobody contributed"));
  CHECK_THROWS_AS((void)two.state.finalize(), DecodeError);
}

TEST_CASE("no point of G1 that a ceremony publishes is sigma itself, even with one contributor") {
  const Ceremony& c = Ceremony::shared();
  Run<Phase2> two{Phase2::initial(c.one.state, c.cs, job), {}};
  add_contribution(two, "ada");
  for (const GroupElements& group : two.state.key.groups) {
    const auto is_sigma = [&](const G1Affine& p) {
      return pairing_product_is_one(
          std::vector<PairingInput>{{p, g2_generator()}, {-g1_generator(), group.sigma_2}});
    };
    for (const G1Affine& p : two.records[0].leading) CHECK_FALSE(is_sigma(p));
    for (const G1Affine& p : two.records[0].nonces) CHECK_FALSE(is_sigma(p));
    for (const G1Affine& p : group.knowledge) CHECK_FALSE(is_sigma(p));
  }
  // Why: whoever knows it has a proof of knowledge for the generator, which commits to nothing.
  const Fixture& f = Fixture::shared();
  const G1Affine sigma = mul(G1(g1_generator()), f.trapdoor.sigma[1]).to_affine();
  CHECK(verify_commitment(f.verifying_key(), 1, g1_generator(), sigma));
}

TEST_CASE("contributors' names and contexts have limits") {
  const Ceremony& c = Ceremony::shared();
  CHECK_THROWS_AS((void)contribute(c.one.state, "", job), ParameterError);
  CHECK_THROWS_AS((void)contribute(c.one.state, std::string(65, 'a'), job), ParameterError);
  CHECK_THROWS_AS((void)contribute(c.two.state, "ada", Bytes(1025)), ParameterError);
  CHECK_THROWS_AS((void)Phase1::initial(0, job), ParameterError);
  CHECK_THROWS_AS((void)Phase1::initial(29, job), ParameterError);
}

TEST_CASE("an interrupted contribution leaves the state as it was") {
  const Ceremony& c = Ceremony::shared();
  const auto stop = [](double fraction) {
    if (fraction > 0) throw Interrupted("stop");
  };
  const Bytes one = c.one.state.to_bytes(), two = c.two.state.to_bytes();
  CHECK_THROWS_AS((void)contribute(c.one.state, "ada", job, stop), Interrupted);
  CHECK_THROWS_AS((void)contribute(c.two.state, "ada", job, stop), Interrupted);
  CHECK_THROWS_AS((void)Phase2::initial(c.one.state, c.cs, job, stop), Interrupted);
  CHECK(c.one.state.to_bytes() == one);
  CHECK(c.two.state.to_bytes() == two);
}

TEST_CASE("a record speaks of one place in one chain, one name, one context and one state") {
  const std::vector<G1Affine> old = {g1_generator(), mul(G1(g1_generator()), Fr::random()).to_affine()};
  const std::vector<Fr> secrets = {Fr::random(), Fr::random()};
  const Digest before{1}, state{2};
  const Contribution record = make_contribution(before, "ada", job, old, secrets, state);
  CHECK_FALSE(problem_with(record, before, old).has_value());
  CHECK(Contribution::from_bytes(record.to_bytes()) == record);
  CHECK(problem_with(record, Digest{3}, old).has_value());
  CHECK(problem_with(record, before, std::vector<G1Affine>{old[1], old[0]}).has_value());
  CHECK(problem_with(record, before, std::span(old).first(1)).has_value());
  const auto changed = [&](auto change) {
    Contribution copy = record;
    change(copy);
    CHECK(problem_with(copy, before, old).has_value());
    CHECK(chain_digest(before, copy) != chain_digest(before, record));
  };
  changed([](Contribution& r) { r.name = "eve"; });
  changed([](Contribution& r) { r.context.pop_back(); });
  changed([](Contribution& r) { r.state[31] ^= 1; });
  changed([](Contribution& r) { std::swap(r.leading[0], r.leading[1]); });
  changed([](Contribution& r) { std::swap(r.nonces[0], r.nonces[1]); });
  changed([](Contribution& r) { std::swap(r.responses[0], r.responses[1]); });
  changed([](Contribution& r) { r.responses[1] = Fr(); });
  CHECK(chain_digest(Digest{3}, record) != chain_digest(before, record));
}

TEST_CASE("a record without knowledge of the secret is refused: nonces chosen after the challenge") {
  const std::vector<G1Affine> old = {g1_generator()};
  const Digest before{};
  Contribution record = make_contribution(before, "eve", job, old, std::vector<Fr>{Fr::random()}, before);
  record.leading[0] = (-G1(record.leading[0])).dbl().to_affine();  // some point
  const Fr c = contribution_challenge(record, before, old);
  record.nonces[0] =
      (mul(G1(old[0]), record.responses[0]) - mul(G1(record.leading[0]), c)).to_affine();  // k L = s L - c X
  CHECK(problem_with(record, before, old).has_value());
}

TEST_CASE("a secret that is zero is refused: it would wipe out everybody's") {
  const std::vector<G1Affine> old = {g1_generator()};
  const Contribution record = make_contribution(Digest{}, "eve", job, old, std::vector<Fr>{Fr()}, Digest{});
  CHECK(problem_with(record, Digest{}, old).has_value());
  CHECK_THROWS_AS((void)Contribution::from_bytes(record.to_bytes()), DecodeError);
}

TEST_CASE("a state that says another number of contributions or another chain is refused") {
  const Ceremony& c = Ceremony::shared();
  Run<Phase1> one = c.one;
  one.state.chain[0] ^= 1;
  CHECK(has(problem(one), "records are not those"));
  one = c.one;
  one.state.contributions += 1;
  CHECK(has(problem(one), "records are not those"));
  Run<Phase2> two = c.two;
  two.state.chain[0] ^= 1;
  CHECK(has(problem(two), "records are not those"));
  two = c.two;
  two.state.contributions -= 1;
  CHECK(has(problem(two), "records are not those"));
}

TEST_CASE("who is to contribute can verify a start, and finds foreign elements in it") {
  const Ceremony& c = Ceremony::shared();
  const auto start_problem = [&](const Phase2& state) {
    return problem_with(state, c.one.state, c.cs, job, {}, {}, Start::allowed).value_or("");
  };
  CHECK_FALSE(problem_with(Phase1::initial(3, job), job, {}, {}, Start::allowed).has_value());
  CHECK(problem_with(Phase1::initial(3, job), job, {}).has_value());  // as the end of a ceremony it is none
  Phase1 moved = Phase1::initial(3, job);
  moved.alpha_1[2] = c.one.state.alpha_1[2];
  CHECK(problem_with(moved, job, {}, {}, Start::allowed).has_value());
  const Phase2 start = Phase2::initial(c.one.state, c.cs, job);
  CHECK(start_problem(start) == "");
  Phase2 foreign = start;
  foreign.key.l[0] = foreign.key.groups[1].basis[0];  // would come back divided by delta
  CHECK(start_problem(foreign) != "");
  foreign = start;
  foreign.key.layout.num_private += 1;
  foreign.key.l.push_back(foreign.key.groups[1].basis[0]);
  foreign.key.a.push_back({});
  foreign.key.b_1.push_back({});
  foreign.key.b_2.push_back({});
  CHECK(has(start_problem(foreign), "another circuit"));
}
