// The gadget and Transcript, driven by the same calls, give the same challenges.
#include <doctest/doctest.h>

#include <random>

#include "curves/scalar_mul.h"
#include "wrap/transcript_gadget.h"

using namespace pyzkfl;
using namespace pyzkfl::wrap;

TEST_CASE("the gadget gives the challenges of the transcript, whatever the calls are") {
  std::mt19937_64 random(1);
  for (int round = 0; round < 40; ++round) {
    CAPTURE(round);
    const std::string domain = "test/" + std::to_string(round);
    Transcript native(domain);
    Builder b(Builder::Mode::both);
    TranscriptGadget gadget(b, domain);
    size_t challenges = 0;
    for (int call = 0; call < 30; ++call) {
      switch (random() % 5) {
        case 0: {
          const Fr v = Fr::random();
          native.absorb(v);
          gadget.absorb(b.private_wire(v));
          break;
        }
        case 1: {
          const std::vector<Fr> list(random() % 9, Fr::random());
          std::vector<LC> wires;
          for (const Fr& v : list) wires.push_back(b.private_wire(v));
          native.absorb(list);
          gadget.absorb(wires);
          break;
        }
        case 2: {
          const bool infinity = random() % 4 == 0;
          const G1Affine p = infinity ? G1Affine() : mul(G1(g1_generator()), Fr::random()).to_affine();
          const auto elements = transcript::point_elements(p);
          const std::array<LC, 2> wires = {b.private_wire(elements[0]), b.private_wire(elements[1])};
          native.absorb(p);
          gadget.absorb_point(wires);
          break;
        }
        default:
          CHECK(gadget.challenge().value == native.challenge());
          ++challenges;
      }
    }
    CHECK(challenges > 0);
    CHECK(gadget.challenge().value == native.challenge());
    CHECK_FALSE(b.failure().has_value());
    const auto [cs, witness] = b.take_both();
    CHECK_FALSE(cs.check(witness).has_value());
  }
}

TEST_CASE("calls of other kinds or lengths give other challenges, though the values are the same") {
  const auto challenge = [](const auto& calls, std::string_view domain = "test") {
    Builder b(Builder::Mode::witness);
    TranscriptGadget gadget(b, domain);
    calls(gadget);
    return gadget.challenge().value;
  };
  const std::array<LC, 2> pair = {LC(3), LC(4)};
  const std::vector<LC> list(pair.begin(), pair.end());
  const std::vector<Fr> all = {
      challenge([&](TranscriptGadget& t) { t.absorb(list); }),
      challenge([&](TranscriptGadget& t) { t.absorb(list); }, "other"),
      challenge([&](TranscriptGadget& t) { t.absorb_point(pair); }),
      challenge([&](TranscriptGadget& t) {
        t.absorb(list[0]);
        t.absorb(list[1]);
      }),
      challenge([&](TranscriptGadget& t) {
        t.absorb(list);
        t.absorb(std::span<const LC>());
      }),
  };
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t j = 0; j < i; ++j) CHECK(all[i] != all[j]);
  }
}
