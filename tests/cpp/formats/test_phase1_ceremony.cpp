// The first phase in .ptau files: what a dishonest contributor, or whoever passes the file on, could do to
// the records of a chain of four. What is in the powers themselves: test_refused_files.py,
// test_backdoored_bases.py.
#include <doctest/doctest.h>

#include <functional>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "beacons.h"
#include "curves/scalar_mul.h"
#include "formats/container/elements.h"
#include "formats/ptau/ceremony.h"
#include "formats/ptau/phase1_records.h"
#include "temporary_folder.h"

using namespace pyzkfl;
using namespace pyzkfl::formats;
using pyzkfl::test::beacon_of;

namespace {

struct Powers {
  test::TemporaryFolder folder;
  std::vector<Blake2bDigest> published;

  Powers() {
    new_ptau(folder.at("0"), 2);
    published.push_back(contribute_ptau(folder.at("0"), folder.at("1"), {.name = "alice"}));
    published.push_back(contribute_ptau(folder.at("1"), folder.at("2"), {.name = "bob"}));
    published.push_back(contribute_ptau(folder.at("2"), folder.at("3"), {.name = "carol"}));
    published.push_back(contribute_ptau(folder.at("3"), folder.at("4"), beacon_of({0xbe, 0xac}, 10)));
  }
};

const Powers& powers() {
  static const Powers made;
  return made;
}

using Records = std::vector<Phase1Record>;

// The finished file with other records.
std::optional<std::string> problem_after(const std::function<void(Records&)>& forge) {
  const PtauFile good(powers().folder.at("4"));
  Records records = read_phase1_records(good);
  forge(records);
  const std::string path = powers().folder.at("forged");
  ContainerWriter out(path, "ptau", 1, 7);
  for (const uint32_t type :
       {ptau_header, ptau_tau_1, ptau_tau_2, ptau_alpha_1, ptau_beta_1, ptau_beta_2})
    out.section(type, good.container().section(type));
  Writer section;
  write_phase1_records(section, records);
  out.section(ptau_contributions, section.view());
  out.commit();
  return problem_with_ptau(PtauFile(path));
}

void refused(const std::function<void(Records&)>& forge, const std::string& reason) {
  CAPTURE(reason);
  const auto problem = problem_after(forge);
  REQUIRE(problem.has_value());
  CHECK_MESSAGE(problem->find(reason) != std::string::npos, *problem);
}

template <class Point>
void change(Point& point) {
  using Curve = std::conditional_t<std::is_same_v<Point, G1Affine>, G1, G2>;
  point = mul(Curve(point), Fr::from_u64(2)).to_affine();
}

}  // namespace

TEST_CASE("an honest first phase holds, and its hashes are those that the contributors got") {
  CHECK(problem_after([](Records&) {}) == std::nullopt);
  const Records records = read_phase1_records(PtauFile(powers().folder.at("4")));
  REQUIRE(records.size() == 4);
  for (size_t i = 0; i < records.size(); ++i) CHECK(records[i].response() == powers().published[i]);
}

TEST_CASE("a forged contribution to the powers is named, whichever of its points was changed") {
  for (size_t which = 1; which < 4; ++which) {
    const std::string name = "contribution " + std::to_string(which + 1);
    const bool last = which == 3;  // what the powers themselves are compared with, first
    const std::string end = "the powers are not those of the last contribution";
    refused([&](Records& r) { change(r[which].head.tau_1); },
            last ? end : name + " leads to another tau in G1 than it says");
    refused([&](Records& r) { change(r[which].head.tau_2); },
            last ? end : name + " leads to another tau in G2 than it says");
    refused([&](Records& r) { change(r[which].head.alpha_1); },
            last ? end : name + " leads to another alpha in G1 than it says");
    refused([&](Records& r) { change(r[which].head.beta_1); },
            last ? end : name + " leads to another beta in G1 than it says");
    refused([&](Records& r) { change(r[which].head.beta_2); },
            last ? end : name + " leads to another beta in G2 than it says");
    if (last) break;
    const std::array<std::string, 3> secrets = {"tau", "alpha", "beta"};
    for (size_t i = 0; i < 3; ++i) {
      refused([&](Records& r) { change(r[which].proofs[i].s_x_2); }, name + " shows no knowledge of its " + secrets[i]);
      refused([&](Records& r) { change(r[which].proofs[i].s_x); }, name + " shows no knowledge of its " + secrets[i]);
      refused([&](Records& r) { change(r[which].proofs[i].s); }, name + " shows no knowledge of its " + secrets[i]);
    }
    // A proof for one secret shown for another, or from another place of the chain.
    refused([&](Records& r) { std::swap(r[which].proofs[0], r[which].proofs[1]); }, name + " shows no knowledge of its tau");
    refused([&](Records& r) { r[which].proofs = r[which - 1].proofs; }, name + " shows no knowledge of its tau");
    // The challenge that a proof answers.
    refused([&](Records& r) { r[which - 1].next_challenge[63] ^= 1; }, name + " shows no knowledge of its tau");
  }
}

TEST_CASE("a contribution to the powers that is dropped, moved or repeated is found") {
  refused([](Records& r) { r.erase(r.begin()); }, "contribution 1 shows no knowledge");
  refused([](Records& r) { r.erase(r.begin() + 1); }, "contribution 2 shows no knowledge");
  refused([](Records& r) { std::swap(r[1], r[2]); }, "contribution 2 shows no knowledge");
  refused([](Records& r) { r.pop_back(); }, "the powers are not those of the last contribution");
  refused([](Records& r) { r.push_back(r.back()); }, "contribution 5 shows no knowledge");
  refused([](Records& r) { r.clear(); }, "it has no contribution");
}

TEST_CASE("a changed hash of the last response is found; of one before, only its contributor can see it") {
  refused([](Records& r) { r[3].next_challenge[0] ^= 1; }, "its hash is another");
  refused([](Records& r) { r[3].response_state[0] ^= 1; }, "its hash is another");
  // The powers that a middle response was hashed from are gone: the published hash is missing then, which is why
  // contributors look for it.
  Blake2bDigest shown{};
  CHECK(problem_after([&](Records& r) {
          r[1].response_state[0] ^= 1;
          shown = r[1].response();
        }) == std::nullopt);
  CHECK(shown != powers().published[1]);
}

TEST_CASE("a beacon of the first phase that was not followed is found, and is the same for everybody") {
  refused([](Records& r) { r[3].parameters.beacon[1] ^= 1; }, "contribution 4 is not made from its beacon");
  refused([](Records& r) { r[3].parameters.iterations_exponent = 11; }, "contribution 4 is not made from its beacon");
  refused([](Records& r) { r[2].parameters = beacon_of({0xbe, 0xac}, 10); }, "contribution 3 is not made from its beacon");
  const test::TemporaryFolder& folder = powers().folder;
  CHECK(contribute_ptau(folder.at("3"), folder.at("again"), beacon_of({0xbe, 0xac}, 10)) == powers().published[3]);
  CHECK(contribute_ptau(folder.at("3"), folder.at("again"), {}) != powers().published[3]);
}
