// The circuit of the logistic step: one function a stage, in the order of docs/protocol.md section 1.
#include "training/logistic_circuit.h"

#include <algorithm>
#include <string>

#include "base/errors.h"
#include "r1cs/gadgets_bits.h"
#include "r1cs/gadgets_lookup.h"
#include "training/sigmoid_knots.h"

namespace pyzkfl {
namespace {

// Knots and slopes by segment.
const gadgets::LookupTables& sigmoid_tables() {
  static const gadgets::LookupTables tables = [] {
    std::array<std::vector<int64_t>, 2> out;
    for (size_t j = 0; j + 1 < kSigmoidKnots.size(); ++j) {
      out[0].push_back(kSigmoidKnots[j]);
      out[1].push_back((kSigmoidKnots[j + 1] - kSigmoidKnots[j]) >> LogisticSpec::segment_low_bits);
    }
    return gadgets::LookupTables(LogisticSpec::argument_bits - LogisticSpec::segment_low_bits, out);
  }();
  return tables;
}

unsigned width(int bits) { return static_cast<unsigned>(bits); }

class LogisticCircuit {
 public:
  LogisticCircuit(Builder& builder, const LogisticSpec& spec, const LogisticAssignment& values)
      : b_(builder), spec_(spec), v_(values), d_(spec.features()), batch_(spec.batch()) {}

  void build() {
    allocate();
    features();
    rows();
    logits();
    for (size_t i = 0; i < batch_; ++i) loss_of_row(i);
    gradients();
    norm();
    clip();
  }

 private:
  // Constraints are labelled by their relation alone.
  void constrain(Relation r, const LC& a, const LC& b, const LC& c) {
    b_.constrain(a, b, c, relation_name(r));
  }

  LC product(Relation r, const LC& a, const LC& b) {
    if (const Fr* shift = shift_of(r))
      b_.substitute_private(b_.num_private(), a.value() * b.value() + *shift);
    return b_.product(a, b, relation_name(r));
  }

  // v in [0, 2^bits); its bits, lowest first.
  std::vector<LC> bits(Relation r, const LC& v, int bits) {
    if (const Fr* highest = shift_of(r)) {
      b_.substitute_private(b_.num_private() + static_cast<uint32_t>(bits) - 2, *highest);
    }
    return gadgets::bits(b_, v, width(bits), relation_name(r));
  }

  // v in [-2^(bits-1), 2^(bits-1)); the bit that says v >= 0.
  LC signed_bits(Relation r, const LC& v, int bits_of_v) {
    return bits(r, v + power_of_two(width(bits_of_v - 1)), bits_of_v).back();
  }

  // The forger's change of this use of the relation, if any. Call it once a use.
  const Fr* shift_of(Relation r) {
    const size_t index = uses_[static_cast<size_t>(r)]++;
    for (const LogisticAssignment::Shift& shift : v_.shifts) {
      if (shift.relation == r && shift.index == index) return &shift.amount;
    }
    return nullptr;
  }

  void allocate() {
    b_.public_input(v_.context_low);
    b_.public_input(v_.context_high);
    rows_ = b_.public_input(v_.rows);
    for (const Fr& w : v_.weights) w_.push_back(b_.public_input(w));
    for (const Fr& x : v_.features) x_.push_back(b_.committed(kGroupX, x));
    for (const Fr& y : v_.labels) y_.push_back(b_.committed(kGroupX, y));
    b_.committed_blinder(kGroupX, v_.blinder_x);
    for (const Fr& d : v_.update) update_.push_back(b_.committed(kGroupD, d));
    b_.committed_blinder(kGroupD, v_.blinder_d);
  }

  // Features and labels in range.
  void features() {
    for (const Wire& x : x_)
      signed_bits(Relation::feature_range, x, static_cast<int>(spec_.parameters().x_bits));
    for (const Wire& y : y_) constrain(Relation::label_boolean, y, LC(y) - 1, 0);
  }

  // s = 1, .., 1, 0, .., 0 with `rows` ones, the first of them constant; rows with s = 0 are zero.
  void rows() {
    real_.push_back(1);
    LC sum = 1;
    for (size_t i = 1; i < batch_; ++i) {
      const Wire s = b_.private_wire(v_.real[i - 1]);
      constrain(Relation::row_boolean, s, LC(s) - 1, 0);
      if (i > 1) constrain(Relation::row_order, s, 1 - real_.back(), 0);
      real_.push_back(s);
      sum += s;
    }
    constrain(Relation::row_count, sum - rows_, 1, 0);
    // Signed digits of x_bits bits, x_bits apart: their sum is zero only if all are. Labels are such digits
    // too.
    const auto apart = static_cast<unsigned>(spec_.parameters().x_bits);
    for (size_t i = 1; i < batch_; ++i) {
      for (size_t first = 0; first <= d_; first += spec_.paddings_per_pack()) {
        LC packed;
        const size_t end = std::min(first + spec_.paddings_per_pack(), d_ + 1);
        for (size_t j = first; j < end; ++j) {
          packed.add_scaled(j < d_ ? x_[i * d_ + j] : y_[i],
                            power_of_two(apart * static_cast<unsigned>(j - first)));
        }
        constrain(Relation::row_padding, packed, 1 - real_[i], 0);
      }
    }
  }

  // t, q + 2048 - t and rem of every row, against U: several rows' logits in one sum.
  void logits() {
    const auto apart = static_cast<unsigned>(spec_.logit_slot_bits());
    const auto shift = width(spec_.logit_shift());
    for (size_t first = 0; first < batch_; first += spec_.logits_per_pack()) {
      const size_t end = std::min(first + spec_.logits_per_pack(), batch_);
      LC sum;
      for (size_t j = 0; j < d_; ++j) {
        LC packed;
        for (size_t i = first; i < end; ++i) {
          packed.add_scaled(x_[i * d_ + j], power_of_two(apart * static_cast<unsigned>(i - first)));
        }
        sum += product(Relation::logit_product, packed, w_[j]);
      }
      for (size_t i = first; i < end; ++i) {
        const unsigned slot = apart * static_cast<unsigned>(i - first);
        sum.add_scaled(w_[d_], power_of_two(slot) * Fr::from_i64(spec_.bias_feature()));
        sum += power_of_two(slot + shift - 1);  // half
        sum.add_shifted(-logit(i), slot);
      }
      constrain(Relation::logit_sum, sum, 1, 0);
    }
  }

  // q 2^s + rem of row i from its ranged parts.
  LC logit(size_t i) {
    const Wire t = b_.private_wire(v_.argument[i]);
    const Wire excess = b_.private_wire(v_.excess[i]);
    const Wire remainder = b_.private_wire(v_.logit_remainder[i]);
    argument_.push_back(t);
    argument_bits_.push_back(bits(Relation::argument_range, t, LogisticSpec::argument_bits));
    const LC not_negative = signed_bits(Relation::excess_range, excess, spec_.excess_bits());
    bits(Relation::logit_remainder, remainder, spec_.logit_shift());
    // Above the table only at its upper end, below it only at 0.
    constrain(Relation::clamp_ends, excess, LC(t) - not_negative * LogisticSpec::argument_max, 0);
    return (LC(t) + excess - LogisticSpec::argument_offset) * power_of_two(width(spec_.logit_shift())) +
           remainder;
  }

  // Z = s (p - 2^20 y), p by interpolation.
  void loss_of_row(size_t i) {
    const std::vector<LC>& t = argument_bits_[i];
    LC low = argument_[i];
    for (size_t k = LogisticSpec::segment_low_bits; k < t.size(); ++k)
      low.add_shifted(-t[k], static_cast<unsigned>(k));
    if (const Fr* shift = shift_of(Relation::segment)) {  // the last product of the lookup: the slope's
      const uint32_t last = b_.num_private() + static_cast<uint32_t>(sigmoid_tables().num_constraints()) - 1;
      b_.substitute_private(last, *shift);
    }
    const std::span<const LC> segment = std::span(t).subspan(LogisticSpec::segment_low_bits);
    const std::vector<LC> entry =
        gadgets::lookup(b_, segment, sigmoid_tables(), relation_name(Relation::segment));
    const LC p = entry[0] + product(Relation::interpolation, entry[1], low);
    const Wire z = b_.private_wire(v_.loss[i]);
    constrain(Relation::loss, real_[i], p - LC(y_[i]) * power_of_two(LogisticSpec::probability_frac), z);
    loss_.push_back(z);
  }

  // R and rem of every coordinate against G: several features of a row in one sum.
  void gradients() {
    const auto apart = static_cast<unsigned>(spec_.raw_slot_bits());
    const auto k = static_cast<unsigned>(spec_.parameters().eta_shift);
    const Fr minus_eta = Fr::from_i64(-spec_.parameters().eta);
    for (size_t first = 0; first < d_; first += spec_.raws_per_pack()) {
      const size_t end = std::min(first + spec_.raws_per_pack(), d_);
      LC sum;
      for (size_t i = 0; i < batch_; ++i) {
        LC packed;
        for (size_t j = first; j < end; ++j) {
          packed.add_scaled(x_[i * d_ + j], power_of_two(apart * static_cast<unsigned>(j - first)));
        }
        sum.add_scaled(product(Relation::gradient_product, packed, loss_[i]), minus_eta);
      }
      for (size_t j = first; j < end; ++j) {
        const unsigned slot = apart * static_cast<unsigned>(j - first);
        sum += power_of_two(slot + k - 1);  // half
        sum.add_shifted(-raw(j), slot);
      }
      constrain(Relation::update_sum, sum, 1, 0);
    }
    LC sum = power_of_two(k - 1);
    for (const Wire& z : loss_) sum.add_scaled(z, minus_eta * Fr::from_i64(spec_.bias_feature()));
    constrain(Relation::update_sum, sum - raw(d_), 1, 0);
  }

  // R 2^k + rem of coordinate j from its ranged parts.
  LC raw(size_t j) {
    const Wire r = b_.private_wire(v_.raw[j]);
    const Wire remainder = b_.private_wire(v_.raw_remainder[j]);
    const auto k = static_cast<int>(spec_.parameters().eta_shift);
    signed_bits(Relation::update_quotient, r, spec_.raw_bits());
    bits(Relation::update_remainder, remainder, k);
    raw_.push_back(r);
    return LC(r) * power_of_two(width(k)) + remainder;
  }

  // n = isqrt(sum R^2). The two ranges make 2 n an integer in [0, 2^(bits + 1)), and N2 - n^2 an integer; an
  // odd 2 n would make it a quarter off one. So n needs no range of its own.
  void norm() {
    LC norm_squared;
    for (const Wire& r : raw_) norm_squared += product(Relation::norm_square, r, r);
    root_ = b_.private_wire(v_.root);
    const LC rest = norm_squared - product(Relation::root_square, root_, root_);
    bits(Relation::root_rest, rest, spec_.root_rest_bits());
    bits(Relation::root_rest, LC(root_) * 2 - rest, spec_.root_rest_bits());
  }

  // m = max(n + 1, c), D = floor(R c / m).
  void clip() {
    const int64_t c = spec_.clip_target();
    const LC difference = LC(root_) + 1 - c;
    const LC not_negative = signed_bits(Relation::clip_difference, difference, spec_.clip_difference_bits());
    const LC m = c + product(Relation::clip_maximum, not_negative, difference);
    for (size_t j = 0; j <= d_; ++j) {
      const LC remainder = LC(raw_[j]) * c - product(Relation::clip_product, update_[j], m);
      bits(Relation::clip_remainder, remainder, spec_.divisor_bits());
      bits(Relation::clip_remainder, m - 1 - remainder, spec_.divisor_bits());
      signed_bits(Relation::update_range, update_[j], spec_.update_bits());
    }
  }

  Builder& b_;
  const LogisticSpec& spec_;
  const LogisticAssignment& v_;
  const size_t d_, batch_;
  std::array<size_t, kRelationCount> uses_{};

  Wire rows_, root_;
  std::vector<Wire> w_, x_, y_, update_, argument_, loss_, raw_;
  std::vector<LC> real_;
  std::vector<std::vector<LC>> argument_bits_;
};

}  // namespace

Relation find_relation(std::string_view name) {
  for (size_t i = 0; i < kRelationCount; ++i) {
    const auto relation = static_cast<Relation>(i);
    if (name == relation_name(relation)) return relation;
  }
  throw ParameterError("no relation is called '" + std::string(name) + "'");
}

void logistic_circuit(Builder& builder, const LogisticSpec& spec, const LogisticAssignment& values,
                      RelationSet omit) {
  for (size_t i = 0; i < kRelationCount; ++i) {
    const auto relation = static_cast<Relation>(i);
    if (omit.contains(relation)) builder.leave_out(relation_name(relation));
  }
  LogisticCircuit(builder, spec, values).build();
}

ConstraintSystem logistic_constraint_system(const LogisticSpec& spec, RelationSet omit) {
  Builder shape(Builder::Mode::shape, 2);
  logistic_circuit(shape, spec, LogisticAssignment(spec), omit);
  return shape.take_constraint_system();
}

Witness logistic_witness(const ConstraintSystem& shape, const LogisticSpec& spec,
                         const LogisticAssignment& values, RelationSet omit) {
  Builder run(Builder::Mode::witness, 2);
  logistic_circuit(run, spec, values, omit);
  return run.take_witness(shape);
}

}  // namespace pyzkfl
