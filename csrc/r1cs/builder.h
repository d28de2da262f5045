// Builds a constraint system, computes its witness, or both, by running one circuit function.
//
//   void circuit(Builder& b, inputs...) {
//     Wire x = b.private_wire(value_of_x);
//     Wire y = b.product(x, x + 1, "square");
//     b.constrain(y, 1, out, "result");
//   }
//   Builder shape(Builder::Mode::shape);   circuit(shape, zeros...);   cs = shape.take_constraint_system();
//   Builder run(Builder::Mode::witness);      circuit(run, inputs...);    w = run.take_witness(cs);
//
// The circuit function must make the same calls in the same order whatever the values are: it never
// branches on a value. The builder holds it to that (take_witness). In shape mode all values are zero, so
// hints must be total functions.
//
// Time: variable in the values; a witness is computed by its owner, on its own machine.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "r1cs/constraint_system.h"
#include "r1cs/linear_combination.h"
#include "r1cs/witness.h"

namespace pyzkfl {

class Builder {
 public:
  // shape: constraints only. witness: values only (fast: no term is stored). both: for tests.
  enum class Mode { shape, witness, both };

  // num_groups: how many committed groups the circuit uses (at most 14); they may stay empty.
  explicit Builder(Mode mode, uint32_t num_groups = 0);
  Builder(const Builder&) = delete;
  Builder& operator=(const Builder&) = delete;

  bool records() const { return records_; }
  bool computes() const { return computes_; }

  // New wires. Values are ignored in shape mode.
  Wire public_input(const Fr& value = Fr());
  Wire committed(uint32_t group, const Fr& value = Fr());
  // A committed wire that only blinds: it gets a row of its own, b * 0 = 0.
  Wire committed_blinder(uint32_t group, const Fr& value = Fr());
  Wire private_wire(const Fr& value = Fr());

  // The constraint a * b = c. `label` must live as long as the builder (a literal). A violated one is
  // remembered (failure()), never thrown: whether that is an error is the caller's business.
  void constrain(const LC& a, const LC& b, const LC& c, const char* label);
  // A new private wire a * b, with its constraint.
  Wire product(const LC& a, const LC& b, const char* label);
  // A private wire equal to `a`, one constraint a * 1 = wire; keeps later combinations short.
  Wire materialise(const LC& a, const char* label);

  // Names what is built until the returned object goes: constraints inside are called "outer/name/label" or
  // "outer/name[index]/label". `name` must live as long as the builder (a literal).
  class [[nodiscard]] Scope {
   public:
    Scope(Scope&& other) noexcept : builder_(std::exchange(other.builder_, nullptr)) {}
    Scope& operator=(Scope&&) = delete;
    ~Scope() {
      if (builder_ != nullptr) builder_->leave_scope();
    }

   private:
    friend class Builder;
    explicit Scope(Builder* builder) : builder_(builder) {}
    Builder* builder_;
  };
  Scope scope(const char* name, std::optional<size_t> index = std::nullopt);

  // "outer/inner[3]/label", for error messages.
  std::string path(const char* label) const;

  // Circuit constraints made so far (without the rows that take_constraint_system adds).
  size_t num_constraints() const { return num_constraints_; }
  uint32_t num_private() const { return count_[WireId::private_class]; }

  // The label of the first constraint that the values violate, with its number; none in shape mode.
  const std::optional<std::pair<size_t, std::string>>& failure() const { return failure_; }

  // The values of a group's wires made so far, in order: what a challenge that depends on their commitment is computed
  // from while the circuit is built. None in shape mode. Valid until the next wire of the group is made.
  std::span<const Fr> committed_values(uint32_t group) const;

  // For tests of soundness: the private wire made n-th (from 0) takes `value` instead of the honest one,
  // and everything made after it is computed from that: a prover that cheats in one place and is consistent
  // elsewhere.
  void substitute_private(uint32_t n, const Fr& value) { substitutes_[substitute_key(WireId::private_class, n)] = value; }
  // The same for the n-th committed wire of a group.
  void substitute_committed(uint32_t group, uint32_t n, const Fr& value) {
    substitutes_[substitute_key(1 + group, n)] = value;
  }

  // For tests of soundness: constraints made from now on under this label (without scopes) are left out, wires stay:
  // the circuit without one of its checks.
  void leave_out(std::string_view label) { left_out_.emplace_back(label); }

  // Where a wire ends up; throws ParameterError for a wire of a builder in another state than `layout`
  // describes.
  static uint32_t final_index(const WireLayout& layout, WireId id);

  // The finished system; the builder is used up. Throws ParameterError in witness mode.
  ConstraintSystem take_constraint_system();
  // The finished values in final order; the builder is used up. Throws ParameterError in shape mode, and
  // when the calls made here are not those that made `shape` (another number or order of wires or
  // constraints).
  Witness take_witness(const ConstraintSystem& shape);
  // Mode::both: the two at once.
  std::pair<ConstraintSystem, Witness> take_both();

 private:
  struct ScopeName {
    const char* name;
    std::optional<size_t> index;
  };
  struct CoefficientHash {
    size_t operator()(const Limbs& l) const {
      return static_cast<size_t>(l[0] ^ l[1] * 0x9e3779b97f4a7c15u ^ l[2] << 17 ^ l[3] * 0xff51afd7ed558ccdu);
    }
  };

  static constexpr uint32_t substitute_key(uint32_t wire_class, uint32_t n) { return wire_class << 27 | n; }
  Wire allocate(uint32_t wire_class, const Fr& value);
  void leave_scope();
  uint32_t intern_label(const char* label);
  uint32_t intern_coefficient(const Fr& value);
  void record_row(SparseMatrix& out, const LC& lc);
  void record_identity_row(WireId wire, const char* label);
  WireLayout layout() const;
  Witness collect_witness();
  void note(uint64_t event) { trace_ = (trace_ ^ event) * 0x100000001b3u; }

  bool records_, computes_;
  uint32_t num_groups_;
  std::array<uint32_t, 16> count_{};               // wires of each class
  std::array<Witness::Values, 16> values_;         // their values, if computed
  std::vector<WireId> blinders_;
  size_t num_constraints_ = 0;
  uint64_t trace_ = 0xcbf29ce484222325u;

  std::vector<ScopeName> scopes_;
  std::unordered_map<std::string, uint32_t> label_index_;
  std::unordered_map<Limbs, uint32_t, CoefficientHash> coefficient_index_;
  LC scratch_;
  ConstraintSystem cs_;

  std::optional<std::pair<size_t, std::string>> failure_;
  std::unordered_map<uint32_t, Fr> substitutes_;
  std::vector<std::string> left_out_;
};

}  // namespace pyzkfl
