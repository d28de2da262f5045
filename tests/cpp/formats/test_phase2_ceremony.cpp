// The second phase in .zkey files: what a dishonest contributor, or whoever passes the file on, could do to it. Each
// forgery is written as well as its author can without the others' secrets, and is to be refused for the right reason.
#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "base/errors.h"
#include "beacons.h"
#include "curves/scalar_mul.h"
#include "formats/circuit/r1cs_file.h"
#include "formats/container/elements.h"
#include "formats/hashing/chacha_points.h"
#include "formats/ptau/ceremony.h"
#include "formats/zkey/ceremony.h"
#include "formats/zkey/circuit_key.h"
#include "formats/zkey/phase2_records.h"
#include "formats/zkey/setup.h"
#include "formats/zkey/zkey_check.h"
#include "r1cs/chain_circuit.h"
#include "temporary_folder.h"

using namespace pyzkfl;
using namespace pyzkfl::formats;
using pyzkfl::test::beacon_of;

namespace {

void write_circuit(const std::string& path, size_t steps) {
  Builder shape(Builder::Mode::shape);
  chain_circuit(shape, steps);
  write_r1cs(path, shape.take_constraint_system());
}

void make_powers(const test::TemporaryFolder& folder, const char* name) {
  new_ptau(folder.at("new"), 4);
  contribute_ptau(folder.at("new"), folder.at("raw"), {.name = "powers"});
  prepare_ptau(folder.at("raw"), folder.at(name));
}

// A ceremony for a chain of six steps: the setup, two contributions, a beacon.
struct Ceremony {
  test::TemporaryFolder folder;

  Ceremony() {
    write_circuit(folder.at("r1cs"), 6);
    make_powers(folder, "ptau");
    setup_zkey(folder.at("r1cs"), folder.at("ptau"), folder.at("0"), "setup");
    contribute_zkey(folder.at("0"), folder.at("1"), {.name = "alice"});
    contribute_zkey(folder.at("1"), folder.at("2"), {.name = "bob"});
    contribute_zkey(folder.at("2"), folder.at("3"), beacon_of({0xc0, 0xff, 0xee}, 10));
  }

  std::optional<std::string> problem(const std::string& path) const {
    return problem_with_ceremony(folder.at("r1cs"), folder.at("ptau"), ZkeyFile(path));
  }
};

const Ceremony& ceremony() {
  static const Ceremony made;
  return made;
}

template <class Point>
std::vector<Point> points_in(ByteSpan bytes) {
  std::vector<Point> out(bytes.size() / sizeof(Point));
  std::memcpy(static_cast<void*>(out.data()), bytes.data(), bytes.size());
  return out;
}

// A key taken apart, to be changed and written again.
struct Pieces {
  groth16::KeyView head;
  std::vector<G1Affine> ic, a, b_1, l, h;
  std::vector<G2Affine> b_2;
  Bytes coefficients;
  Phase2Records chain;

  explicit Pieces(const char* stage) {
    const ZkeyFile key(ceremony().folder.at(stage));
    const Container& file = key.container();
    head = key.view();
    ic = points_in<G1Affine>(file.section(zkey_ic));
    a = points_in<G1Affine>(file.section(zkey_a));
    b_1 = points_in<G1Affine>(file.section(zkey_b_1));
    b_2 = points_in<G2Affine>(file.section(zkey_b_2));
    l = points_in<G1Affine>(file.section(zkey_l));
    h = points_in<G1Affine>(file.section(zkey_h));
    const ByteSpan terms = file.section(zkey_coefficients);
    coefficients.assign(terms.begin(), terms.end());
    Reader in = file.reader(zkey_contributions);
    chain = Phase2Records::read(in);
  }

  std::string write() const {
    const std::string path = ceremony().folder.at("forged");
    ContainerWriter out(path, "zkey", 1, 10);
    write_zkey_head(out, head);
    out.section(zkey_ic, raw_bytes(std::span(ic)));
    out.section(zkey_coefficients, coefficients);
    out.section(zkey_a, raw_bytes(std::span(a)));
    out.section(zkey_b_1, raw_bytes(std::span(b_1)));
    out.section(zkey_b_2, raw_bytes(std::span(b_2)));
    out.section(zkey_l, raw_bytes(std::span(l)));
    out.section(zkey_h, raw_bytes(std::span(h)));
    Writer records;
    chain.write(records);
    out.section(zkey_contributions, records.view());
    out.commit();
    return path;
  }

  Phase2Record& record(size_t i) { return chain.records.at(i); }

  // Multiplies x into delta, L and H, without a record.
  void multiply(const Fr& x) {
    head.delta_1 = mul(G1(head.delta_1), x).to_affine();
    head.delta_2 = mul(G2(head.delta_2), x).to_affine();
    for (std::vector<G1Affine>* points : {&l, &h})
      for (G1Affine& point : *points) point = mul(G1(point), x.inverse()).to_affine();
  }
};

G1Affine doubled(const G1Affine& p) { return mul(G1(p), Fr::from_u64(2)).to_affine(); }

void refused(const char* stage, const std::function<void(Pieces&)>& forge, const char* reason) {
  CAPTURE(reason);
  Pieces pieces(stage);
  forge(pieces);
  const auto problem = ceremony().problem(pieces.write());
  REQUIRE(problem.has_value());
  CHECK_MESSAGE(problem->find(reason) != std::string::npos, *problem);
}

Bytes content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

}  // namespace

TEST_CASE("an honest ceremony holds after each contribution, and taken apart and written again") {
  for (const char* stage : {"0", "1", "2", "3"}) {
    CHECK(ceremony().problem(ceremony().folder.at(stage)) == std::nullopt);
    CHECK(problem_with_zkey(ZkeyFile(ceremony().folder.at(stage))) == std::nullopt);
  }
  const Pieces pieces("3");
  CHECK(content_of(pieces.write()) == content_of(ceremony().folder.at("3")));
  CHECK(pieces.chain.records.size() == 4);
  CHECK(pieces.chain.records[1].parameters.name == "alice");
}

TEST_CASE("a contribution changes nothing but delta, L, H and the records, and the arrays fit the new delta") {
  const Pieces before("1"), after("2");
  CHECK(before.a == after.a);
  CHECK(before.b_1 == after.b_1);
  CHECK(before.b_2 == after.b_2);
  CHECK(before.ic == after.ic);
  CHECK(before.coefficients == after.coefficients);
  CHECK(before.head.delta_1 != after.head.delta_1);
  for (size_t i = 0; i < before.l.size(); ++i)
    CHECK((before.l[i] == after.l[i]) == before.l[i].is_infinity());
  for (size_t i = 0; i < before.h.size(); ++i) CHECK(before.h[i] != after.h[i]);
}

TEST_CASE("a forged middle contribution is named") {
  refused("3", [&](Pieces& p) { p.record(1).delta_after = doubled(p.record(1).delta_after); },
          "contribution 2 of the second phase leads to another delta");
  refused("3", [&](Pieces& p) { p.record(1).s_x_2 = mul(G2(p.record(1).s_x_2), Fr::from_u64(2)).to_affine(); },
          "contribution 2 of the second phase shows no knowledge");
  refused("3", [&](Pieces& p) { p.record(1).s_x = doubled(p.record(1).s_x); },
          "contribution 2 of the second phase has another transcript");
  refused("3", [&](Pieces& p) { p.record(1).transcript[63] ^= 1; },
          "contribution 2 of the second phase has another transcript");
  // A record of the forger's own, right in itself, in the place of another's: the next one does not follow.
  refused("3",
          [&](Pieces& p) {
            Phase2Records own{p.chain.circuit, {p.record(0)}};
            own.append(Phase2Secret(), p.record(0).delta_after, {.name = "alice"});
            p.record(1) = own.records.back();
          },
          "contribution 3 of the second phase has another transcript");
  // Somebody else's proof of knowledge, shown again: for a delta that nobody knows the way to.
  refused("3",
          [&](Pieces& p) {
            p.chain.records.push_back(p.record(2));
            p.record(4).delta_after = doubled(p.head.delta_1);
            p.multiply(Fr::from_u64(2));
          },
          "contribution 5 of the second phase has another transcript");
  // The same with the transcript that the place asks for: then it is no proof.
  refused("3",
          [&](Pieces& p) {
            p.chain.append(Phase2Secret(), p.head.delta_1, {.name = "mallory"});
            p.record(4).s_x_2 = mul(G2(hash_to_g2(p.record(4).transcript)), Fr::from_u64(2)).to_affine();
            p.record(4).delta_after = doubled(p.head.delta_1);
            p.multiply(Fr::from_u64(2));
          },
          "contribution 5 of the second phase shows no knowledge");
}

TEST_CASE("a contribution that is dropped, moved, repeated, or made without a record is found") {
  refused("3", [](Pieces& p) { p.chain.records.erase(p.chain.records.begin() + 1); },
          "contribution 2 of the second phase has another transcript");
  refused("3", [](Pieces& p) { p.chain.records.erase(p.chain.records.begin()); },
          "contribution 1 of the second phase has another transcript");
  refused("3", [](Pieces& p) { std::swap(p.record(1), p.record(2)); },
          "contribution 2 of the second phase has another transcript");
  refused("3", [](Pieces& p) { p.chain.records.push_back(p.record(3)); },
          "contribution 5 of the second phase has another transcript");
  refused("3", [](Pieces& p) { p.chain.records.pop_back(); }, "delta is not that of the last contribution");
  refused("3", [](Pieces& p) { p.chain.records.clear(); }, "it lists no contribution");
  // The last one undone everywhere but in L and H, which its secret would be needed for.
  refused("3",
          [](Pieces& p) {
            const Pieces before("2");
            p.chain = before.chain;
            p.head = before.head;
          },
          "L is not that of the circuit divided by delta");
  refused("2", [](Pieces& p) { p.multiply(Fr::from_u64(3)); }, "delta is not that of the last contribution");
}

TEST_CASE("delta in G2, L and H that are not those of the chain's delta are found") {
  refused("2", [](Pieces& p) { p.head.delta_2 = mul(G2(p.head.delta_2), Fr::from_u64(2)).to_affine(); }, "delta");
  refused("2", [](Pieces& p) { p.l[2] = doubled(p.l[2]); }, "L is not that of the circuit divided by delta");
  refused("2", [](Pieces& p) { std::swap(p.l[0], p.l[1]); }, "L is not that of the circuit divided by delta");
  refused("2", [](Pieces& p) { p.h[5] = doubled(p.h[5]); }, "H is not that of the powers divided by delta");
  refused("2", [](Pieces& p) { std::swap(p.h[0], p.h[7]); }, "H is not that of the powers divided by delta");
  // All of one array by another delta: each array alone keeps its shape.
  refused("2", [](Pieces& p) { for (G1Affine& q : p.l) q = doubled(q); }, "L is not that of the circuit");
  refused("2", [](Pieces& p) { for (G1Affine& q : p.h) q = doubled(q); }, "H is not that of the powers");
  // Changes that cancel in a plain sum.
  refused("2",
          [](Pieces& p) {
            p.h[0] = (G1(p.h[0]) + g1_generator()).to_affine();
            p.h[1] = (G1(p.h[1]) - g1_generator()).to_affine();
          },
          "H is not that of the powers");
  refused("2", [](Pieces& p) { p.l[1].y = p.l[1].y + Fp::one(); }, "L: point 1 is not on the curve");
  refused("2", [](Pieces& p) { p.h[3] = G1Affine(); }, "H: point 3 is the point at infinity");
}

TEST_CASE("whatever of the key is not that of the circuit is named") {
  refused("2", [](Pieces& p) { p.ic[1] = doubled(p.ic[1]); }, "IC is not that of the circuit");
  refused("2", [](Pieces& p) { p.a[2] = doubled(p.a[2]); }, "A is not that of the circuit");
  refused("2", [](Pieces& p) { p.b_1[3] = doubled(p.b_1[3]); }, "B in G1 is not that of the circuit");
  refused("2", [](Pieces& p) { p.b_2[3] = mul(G2(p.b_2[3]), Fr::from_u64(2)).to_affine(); },
          "B in G2 is not that of the circuit");
  refused("2", [](Pieces& p) { p.coefficients.back() ^= 1; }, "coefficients are not those of the circuit");
  refused("2", [](Pieces& p) { p.coefficients.resize(p.coefficients.size() - 44), --p.coefficients[0]; },
          "coefficients are not those of the circuit");
  // A chain that is right for another circuit's hash.
  refused("2",
          [](Pieces& p) {
            const test::TemporaryFolder& folder = ceremony().folder;
            const CircuitKey first = make_circuit_key(R1csFile(folder.at("r1cs")), PtauFile(folder.at("ptau")));
            p.l.assign(first.l().begin(), first.l().end());
            p.h = first.h;
            p.head.delta_1 = g1_generator();
            p.head.delta_2 = g2_generator();
            p.chain.circuit[0] ^= 1;
            p.chain.records.clear();
            const Phase2Secret secret;
            p.chain.append(secret, g1_generator(), {.name = "mallory"});
            p.multiply(secret.x);
          },
          "its contributions are to another circuit");
}

TEST_CASE("a key of another circuit, of another size, or from other powers is none of this ceremony") {
  const test::TemporaryFolder& folder = ceremony().folder;
  write_circuit(folder.at("longer"), 7);
  write_circuit(folder.at("larger"), 15);
  const auto problem = [&](const char* r1cs, const char* ptau) {
    return problem_with_ceremony(folder.at(r1cs), folder.at(ptau), ZkeyFile(folder.at("3"))).value_or("none");
  };
  CHECK(problem("longer", "ptau").find("it is of another circuit: 8 wires, 1 public, domain 2^3") == 0);
  CHECK(problem("larger", "ptau").find("it is of another circuit") == 0);
  make_powers(folder, "other");
  CHECK(problem("r1cs", "other") == "it was made from other powers of tau");
  CHECK_THROWS_WITH_AS((void)problem("r1cs", "raw"), doctest::Contains("is not prepared"), ParameterError);
  CHECK_THROWS_AS((void)problem("ptau", "ptau"), DecodeError);
  // One coefficient of C is another: A, B and their coefficients stay.
  Bytes circuit = content_of(folder.at("r1cs"));
  const uint8_t* first = nullptr;
  size_t last_of_c = 0;
  R1csFile(folder.at("r1cs")).for_each_term([&](uint32_t, unsigned matrix, uint32_t, const uint8_t* value) {
    if (first == nullptr) first = value;
    if (matrix == 2) last_of_c = static_cast<size_t>(value - first);
  });
  const Container container(folder.at("r1cs"), "r1cs", 1);
  const size_t rows = static_cast<size_t>(container.section(2).data() - container.file().data());
  uint8_t* const coefficient = circuit.data() + rows + 8 + last_of_c;  // the first one is behind a count and a wire
  std::memset(coefficient, 0, 32);
  coefficient[0] = 2;
  std::ofstream(folder.at("changed"), std::ios::binary)
      .write(reinterpret_cast<const char*>(circuit.data()), static_cast<std::streamsize>(circuit.size()));
  CHECK(problem("changed", "ptau").find("is not that of the circuit") != std::string::npos);
}

TEST_CASE("a beacon that was not followed is found, and one that nobody would compute is not made") {
  refused("3", [](Pieces& p) { p.record(3).parameters.beacon[0] ^= 1; },
          "contribution 4 of the second phase is not made from its beacon");
  refused("3", [](Pieces& p) { p.record(3).parameters.iterations_exponent = 11; },
          "contribution 4 of the second phase is not made from its beacon");
  // A secret of the forger's own under a beacon's name.
  refused("2", [](Pieces& p) { p.record(2).parameters = beacon_of({0xc0, 0xff, 0xee}, 10); },
          "contribution 3 of the second phase is not made from its beacon");
  const test::TemporaryFolder& folder = ceremony().folder;
  const auto make = [&](const ContributionParameters& parameters) {
    contribute_zkey(folder.at("2"), folder.at("none"), parameters);
  };
  CHECK_THROWS_WITH_AS(make(beacon_of({}, 10)), doctest::Contains("1 to 255 bytes"), ParameterError);
  CHECK_THROWS_WITH_AS(make(beacon_of({1}, 9)), doctest::Contains("2^10 to 2^28"), ParameterError);
  CHECK_THROWS_WITH_AS(make(beacon_of({1}, 29)), doctest::Contains("2^10 to 2^28"), ParameterError);
  CHECK_THROWS_AS(
      [&] { contribute_zkey(folder.at("3"), folder.at("none"), beacon_of({1}, 28)); }(), UnsupportedVersion);
  CHECK_FALSE(std::filesystem::exists(folder.at("none")));
}

TEST_CASE("a beacon's contribution is the same for everybody") {
  const test::TemporaryFolder& folder = ceremony().folder;
  const Blake2bDigest hash =
      contribute_zkey(folder.at("2"), folder.at("again"), beacon_of({0xc0, 0xff, 0xee}, 10));
  CHECK(content_of(folder.at("again")) == content_of(folder.at("3")));
  CHECK(hash == Pieces("3").record(3).hash());
  contribute_zkey(folder.at("2"), folder.at("again"), {});
  CHECK(Pieces("again").record(3).s != Pieces("3").record(3).s);
}

TEST_CASE("nobody contributes to a key whose chain or points do not hold, and the output is not made") {
  const test::TemporaryFolder& folder = ceremony().folder;
  const auto refuse = [&](const std::function<void(Pieces&)>& forge, const char* reason) {
    CAPTURE(reason);
    Pieces pieces("2");
    forge(pieces);
    const std::string path = pieces.write();
    std::string said = "accepted";
    try {
      contribute_zkey(path, folder.at("none"), {.name = "carol"});
    } catch (const ParameterError& error) {
      said = error.what();
    } catch (const DecodeError& error) {
      said = error.what();
    }
    CHECK_MESSAGE(said.find(reason) != std::string::npos, said);
    CHECK_FALSE(std::filesystem::exists(folder.at("none")));
  };
  refuse([](Pieces& p) { p.chain.records.pop_back(); }, "delta is not that of the last contribution");
  refuse([](Pieces& p) { p.record(1).s_x_2 = p.record(0).s_x_2; }, "contribution 2 of the second phase shows no");
  refuse([](Pieces& p) { p.head.delta_2 = mul(G2(p.head.delta_2), Fr::from_u64(2)).to_affine(); }, "delta");
  refuse([](Pieces& p) { p.head.gamma_2 = mul(G2(p.head.gamma_2), Fr::from_u64(2)).to_affine(); }, "gamma");
  refuse([](Pieces& p) { p.l[1].y = p.l[1].y + Fp::one(); }, "L from point 0 on: point 1 is not on the curve");
  refuse([](Pieces& p) { p.h[3].x = p.h[3].x + Fp::one(); }, "H from point 0 on: point 3 is not on the curve");
  CHECK_THROWS_AS(contribute_zkey(folder.at("2"), folder.at("none"), {.name = std::string(65, 'x')}),
                  ParameterError);
  CHECK_THROWS_AS(contribute_zkey(folder.at("ptau"), folder.at("none"), {}), DecodeError);
}

TEST_CASE("a contribution that is interrupted anywhere leaves the input, no output and no remains") {
  const test::TemporaryFolder own;
  std::filesystem::copy_file(ceremony().folder.at("2"), own.at("in"));
  const Bytes before = content_of(own.at("in"));
  size_t reports = 0;
  double last = 0;
  contribute_zkey(own.at("in"), own.at("out"), {}, [&](double fraction) {
    CHECK(fraction >= last);
    last = fraction;
    ++reports;
  });
  CHECK(last == 1.0);
  std::filesystem::remove(own.at("out"));
  for (size_t stop = 0; stop + 1 < reports; ++stop) {
    size_t seen = 0;
    CHECK_THROWS_AS(contribute_zkey(own.at("in"), own.at("out"), {},
                                    [&](double) {
                                      if (seen++ == stop) throw Interrupted("stop");
                                    }),
                    Interrupted);
    CHECK(content_of(own.at("in")) == before);
    size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(own.at("in")).parent_path()))
      files += entry.is_regular_file();
    CHECK(files == 1);
  }
  contribute_zkey(own.at("in"), own.at("in"), {});  // over its input
  CHECK(ceremony().problem(own.at("in")) == std::nullopt);
}
