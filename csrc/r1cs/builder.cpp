// Recording of constraints and collection of values.
#include "r1cs/builder.h"

#include <algorithm>

#include "base/errors.h"

namespace pyzkfl {
namespace {

constexpr uint32_t input_class = 0;
constexpr WireId one_id(input_class, 0, true);

// Events of the trace; wires of class k are event k.
constexpr uint64_t blinder_event = 0x20;
constexpr uint64_t constraint_event = 0x21;

}  // namespace

Builder::Builder(Mode mode, uint32_t num_groups)
    : records_(mode != Mode::witness), computes_(mode != Mode::shape), num_groups_(num_groups) {
  if (num_groups > WireId::max_groups) {
    throw ParameterError("at most " + std::to_string(WireId::max_groups) + " committed groups");
  }
  intern_coefficient(Fr::one());
  intern_coefficient(-Fr::one());
  allocate(input_class, Fr::one());
}

Wire Builder::allocate(uint32_t wire_class, const Fr& value) {
  const uint32_t index = count_[wire_class]++;
  if (index > WireId::max_index) throw ParameterError("a circuit of more than 2^27 wires");
  note(wire_class);
  Wire wire{WireId(wire_class, index, records_), computes_ ? value : Fr()};
  if (!substitutes_.empty() && computes_) {
    const auto found = substitutes_.find(substitute_key(wire_class, index));
    if (found != substitutes_.end()) wire.value = found->second;
  }
  if (computes_) values_[wire_class].push_back(wire.value);
  return wire;
}

Wire Builder::public_input(const Fr& value) { return allocate(input_class, value); }

Wire Builder::committed(uint32_t group, const Fr& value) {
  if (group >= num_groups_) {
    throw ParameterError("committed group " + std::to_string(group) + " was not declared");
  }
  return allocate(1 + group, value);
}

Wire Builder::committed_blinder(uint32_t group, const Fr& value) {
  const Wire wire = committed(group, value);
  note(blinder_event);
  if (records_) blinders_.push_back(wire.id);
  return wire;
}

Wire Builder::private_wire(const Fr& value) {
  return allocate(WireId::private_class, value);
}

std::span<const Fr> Builder::committed_values(uint32_t group) const {
  if (group >= num_groups_) {
    throw ParameterError("committed group " + std::to_string(group) + " was not declared");
  }
  return values_[1 + group];
}

void Builder::constrain(const LC& a, const LC& b, const LC& c, const char* label) {
  if (!left_out_.empty() && std::find(left_out_.begin(), left_out_.end(), label) != left_out_.end()) return;
  const size_t k = num_constraints_++;
  note(constraint_event);
  if (records_) {
    record_row(cs_.matrices_[0], a);
    record_row(cs_.matrices_[1], b);
    record_row(cs_.matrices_[2], c);
    cs_.row_label_.push_back(intern_label(label));
  }
  if (computes_ && !failure_ && a.value() * b.value() != c.value()) failure_.emplace(k, path(label));
}

Wire Builder::product(const LC& a, const LC& b, const char* label) {
  const Wire out = private_wire(computes_ ? a.value() * b.value() : Fr());
  constrain(a, b, out, label);
  return out;
}

Wire Builder::materialise(const LC& a, const char* label) {
  const Wire out = private_wire(a.value());
  constrain(a, 1, out, label);
  return out;
}

Builder::Scope Builder::scope(const char* name, std::optional<size_t> index) {
  scopes_.push_back({name, index});
  return Scope(this);
}

void Builder::leave_scope() {
  if (!scopes_.empty()) scopes_.pop_back();  // take_constraint_system closes them all
}

std::string Builder::path(const char* label) const {
  std::string out;
  for (const ScopeName& scope : scopes_) {
    out += scope.name;
    if (scope.index) out.append(1, '[').append(std::to_string(*scope.index)).append(1, ']');
    out.append(1, '/');
  }
  return out + label;
}

uint32_t Builder::intern_label(const char* label) {
  const auto [found, fresh] =
      label_index_.try_emplace(path(label), static_cast<uint32_t>(cs_.labels_.size()));
  if (fresh) cs_.labels_.push_back(found->first);
  return found->second;
}

uint32_t Builder::intern_coefficient(const Fr& value) {
  const auto [found, fresh] =
      coefficient_index_.try_emplace(value.l, static_cast<uint32_t>(cs_.coefficients_.size()));
  if (fresh) cs_.coefficients_.push_back(value);
  return found->second;
}

// Rows hold WireId's until the final places are known.
void Builder::record_row(SparseMatrix& out, const LC& lc) {
  scratch_ = lc;
  scratch_.normalise();
  const auto add = [&](WireId wire, const Fr& coefficient) {
    out.wire.push_back(wire.wire_class() << 27 | wire.index());
    out.coefficient.push_back(intern_coefficient(coefficient));
  };
  if (!lc.constant().is_zero()) add(one_id, lc.constant());
  for (const LC::Term& term : scratch_.terms()) add(term.wire, term.coefficient);
  out.row_start.push_back(out.wire.size());
}

void Builder::record_identity_row(WireId wire, const char* label) {
  record_row(cs_.matrices_[0], LC(Wire{wire, Fr()}));
  record_row(cs_.matrices_[1], LC());
  record_row(cs_.matrices_[2], LC());
  cs_.row_label_.push_back(intern_label(label));
}

WireLayout Builder::layout() const {
  WireLayout out;
  out.num_public = count_[input_class] - 1;
  for (uint32_t g = 0; g < num_groups_; ++g) out.group_sizes.push_back(count_[1 + g]);
  out.num_private = count_[WireId::private_class];
  return out;
}

uint32_t Builder::final_index(const WireLayout& layout, WireId id) {
  const uint32_t wire_class = id.wire_class();
  uint32_t first = 0;
  uint32_t size = 0;
  if (wire_class == input_class) {
    size = 1 + layout.num_public;
  } else if (wire_class == WireId::private_class) {
    first = layout.first_private();
    size = layout.num_private;
  } else if (wire_class <= layout.num_groups()) {
    first = layout.first_committed(wire_class - 1);
    size = layout.group_sizes[wire_class - 1];
  }
  if (id.index() >= size) throw ParameterError("a wire that this circuit does not have");
  return first + id.index();
}

ConstraintSystem Builder::take_constraint_system() {
  if (!records_) throw ParameterError("a builder in witness mode has no constraint system");
  cs_.layout_ = layout();
  cs_.num_circuit_constraints_ = num_constraints_;
  scopes_.clear();
  for (const WireId blinder : blinders_) record_identity_row(blinder, "blinder");
  for (uint32_t i = 0; i <= cs_.layout_.num_public; ++i) {
    record_identity_row(WireId(input_class, i, true), i == 0 ? "constant wire" : "public input");
  }
  for (SparseMatrix& m : cs_.matrices_) {
    for (uint32_t& wire : m.wire) {
      wire = final_index(cs_.layout_, WireId(wire >> 27, wire & WireId::max_index, true));
    }
  }
  cs_.trace_ = trace_;
  cs_.digest_ = cs_.compute_digest();
  return std::move(cs_);
}

Witness Builder::collect_witness() {
  Witness::Values out;
  size_t total = 0;
  for (const uint32_t count : count_) total += count;
  out.reserve(total);
  for (Witness::Values& values : values_) {
    out.insert(out.end(), values.begin(), values.end());
    Witness::Values().swap(values);
  }
  return Witness(std::move(out));
}

Witness Builder::take_witness(const ConstraintSystem& shape) {
  if (!computes_) throw ParameterError("a builder in shape mode has no witness");
  if (layout() != shape.layout() || trace_ != shape.trace()) {
    throw ParameterError("the circuit built for this witness is not the one of the constraint system");
  }
  return collect_witness();
}

std::pair<ConstraintSystem, Witness> Builder::take_both() {
  if (!computes_) throw ParameterError("a builder in shape mode has no witness");
  Witness witness = collect_witness();
  return {take_constraint_system(), std::move(witness)};
}

}  // namespace pyzkfl
