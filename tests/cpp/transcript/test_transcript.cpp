// The transcript binds everything: values, kinds, lengths, order, domain, and the challenges already drawn.
// Its values are pinned by tests/vectors/transcript.json (tests/python/hash/test_transcript.py).
#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "curves/scalar_mul.h"
#include "transcript/transcript.h"

using namespace pyzkfl;

namespace {

using Script = std::function<void(Transcript&)>;

Fr challenge_after(const Script& script, std::string_view domain = "test") {
  Transcript t(domain);
  script(t);
  return t.challenge();
}

std::vector<Fr> numbers(size_t n) {
  std::vector<Fr> out;
  for (size_t i = 0; i < n; ++i) out.push_back(Fr::from_u64(100 + i));
  return out;
}

Fr f(uint64_t v) { return Fr::from_u64(v); }

void require_all_different(const std::vector<Fr>& challenges) {
  for (size_t i = 0; i < challenges.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      CAPTURE(i);
      CAPTURE(j);
      CHECK(challenges[i] != challenges[j]);
    }
  }
}

}  // namespace

TEST_CASE("the same calls give the same challenges") {
  const Script script = [](Transcript& t) {
    t.absorb(f(1));
    t.absorb(numbers(5));
    t.absorb(g1_generator());
    t.absorb_bytes(as_bytes("some bytes, more than thirty-one of them"));
  };
  CHECK(challenge_after(script) == challenge_after(script));
}

TEST_CASE("changing any single thing absorbed changes the challenge") {
  const Fr honest = challenge_after([](Transcript& t) {
    t.absorb(f(1));
    t.absorb(numbers(7));
    t.absorb(g1_generator());
    t.absorb_bytes(Bytes(70, 3));
    t.absorb(f(2));
  });
  std::vector<Fr> seen{honest};
  for (int variant = 0; variant < 1 + 7 + 2 + 70 + 1; ++variant) {
    seen.push_back(challenge_after([&](Transcript& t) {
      t.absorb(variant == 0 ? f(9) : f(1));
      std::vector<Fr> list = numbers(7);
      if (variant >= 1 && variant < 8) list[static_cast<size_t>(variant - 1)] += Fr::one();
      t.absorb(list);
      t.absorb(variant == 8 ? -g1_generator() : variant == 9 ? G1Affine() : g1_generator());
      Bytes bytes(70, 3);
      if (variant >= 10 && variant < 80) bytes[static_cast<size_t>(variant - 10)] ^= 0x80;
      t.absorb_bytes(bytes);
      t.absorb(variant == 80 ? f(3) : f(2));
    }));
  }
  require_all_different(seen);
}

TEST_CASE("kinds, lengths, grouping and order are bound") {
  require_all_different({
      challenge_after([](Transcript&) {}),
      challenge_after([](Transcript& t) { t.absorb(f(0)); }),
      challenge_after([](Transcript& t) { t.absorb(f(0)), t.absorb(f(0)); }),
      challenge_after([](Transcript& t) { t.absorb(std::vector<Fr>{}); }),
      challenge_after([](Transcript& t) { t.absorb(std::vector<Fr>(1)); }),
      challenge_after([](Transcript& t) { t.absorb(std::vector<Fr>(2)); }),
      challenge_after([](Transcript& t) { t.absorb(std::vector<Fr>(3)); }),
      challenge_after([](Transcript& t) { t.absorb(std::vector<Fr>(4)); }),
      challenge_after([](Transcript& t) { t.absorb(std::vector<Fr>(1)), t.absorb(std::vector<Fr>(2)); }),
      challenge_after([](Transcript& t) { t.absorb(std::vector<Fr>(2)), t.absorb(std::vector<Fr>(1)); }),
      challenge_after([](Transcript& t) { t.absorb(std::vector<Fr>(1)), t.absorb(f(0)); }),
      challenge_after([](Transcript& t) { t.absorb(f(0)), t.absorb(std::vector<Fr>(1)); }),
      challenge_after([](Transcript& t) { t.absorb_bytes({}); }),
      challenge_after([](Transcript& t) { t.absorb_bytes(Bytes(1)); }),
      challenge_after([](Transcript& t) { t.absorb_bytes(Bytes(2)); }),
      challenge_after([](Transcript& t) { t.absorb_bytes(Bytes(31)); }),
      challenge_after([](Transcript& t) { t.absorb_bytes(Bytes(32)); }),
      challenge_after([](Transcript& t) { t.absorb_bytes(Bytes(1)), t.absorb_bytes(Bytes(1)); }),
      challenge_after([](Transcript& t) { t.absorb(f(1)), t.absorb(f(2)); }),
      challenge_after([](Transcript& t) { t.absorb(f(2)), t.absorb(f(1)); }),
      challenge_after([](Transcript& t) { t.absorb(G1Affine()); }),
  });
}

TEST_CASE("a point is not its two elements, and the sign of y counts") {
  const Limbs x = g1_generator().x.to_canonical();
  const Fr low = Fr::from_canonical({x[0], x[1], 0, 0});
  const Fr high = Fr::from_canonical({x[2], x[3], 0, 0});
  require_all_different({
      challenge_after([](Transcript& t) { t.absorb(g1_generator()); }),
      challenge_after([](Transcript& t) { t.absorb(-g1_generator()); }),
      challenge_after([&](Transcript& t) { t.absorb(low), t.absorb(high); }),
      challenge_after([&](Transcript& t) { t.absorb(std::vector<Fr>{low, high}); }),
  });
  for (uint64_t k = 2; k < 20; ++k) {
    const G1Affine p = mul_vartime(g1_generator(), Fr::from_u64(k)).to_affine();
    CHECK(challenge_after([&](Transcript& t) { t.absorb(p); }) !=
          challenge_after([&](Transcript& t) { t.absorb(-p); }));
  }
}

TEST_CASE("the domain is bound, and is not confused with what is absorbed") {
  const Script script = [](Transcript& t) { t.absorb_bytes(as_bytes("b")); };
  require_all_different({challenge_after(script, "a"), challenge_after(script, "ab"),
                         challenge_after(script, ""), challenge_after([](Transcript&) {}, "ab")});
}

TEST_CASE("what is absorbed after a challenge changes the next ones, at any point of the rate") {
  for (size_t drawn = 0; drawn <= 4; ++drawn) {
    for (size_t absorbed = 0; absorbed <= 4; ++absorbed) {
      const auto run = [&](uint64_t value) {
        Transcript t("test");
        t.absorb(f(5));
        std::vector<Fr> out;
        for (size_t i = 0; i < drawn; ++i) out.push_back(t.challenge());
        for (size_t i = 0; i < absorbed; ++i) t.absorb(f(value + i));
        for (size_t i = 0; i < 4; ++i) out.push_back(t.challenge());
        return out;
      };
      const std::vector<Fr> a = run(0), b = run(1);
      require_all_different(a);
      for (size_t i = 0; i < a.size(); ++i) CHECK((a[i] == b[i]) == (i < drawn || absorbed == 0));
    }
  }
}

TEST_CASE("how many challenges were drawn before is bound") {
  // Zeros absorbed, so that the values alone cannot tell the two apart.
  const auto last = [](std::vector<int> calls) {
    Transcript t("test");
    Fr out;
    for (const int call : calls) {
      if (call == 0) {
        t.absorb(Fr::zero());
      } else {
        out = t.challenge();
      }
    }
    return out;
  };
  require_all_different({last({1}), last({1, 1}), last({1, 1, 1}), last({1, 1, 1, 1}), last({0, 1}),
                         last({0, 1, 1}), last({1, 0, 1}), last({1, 1, 0, 1}), last({1, 1, 1, 0, 1}),
                         last({0, 1, 0, 1}), last({0, 0, 1}), last({0, 0, 0, 1}), last({0, 0, 0, 0, 1})});
}
