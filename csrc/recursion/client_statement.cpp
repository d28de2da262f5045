// See client_statement.h.
#include "recursion/client_statement.h"

#include "transcript/transcript.h"

namespace pyzkfl::recursion {
namespace {

constexpr const char* leaf_name = "pyzkfl/recursion/leaf/1";

void append(std::vector<Fr>& out, const G1Affine& point) {
  for (const Fr& element : transcript::point_elements(point)) out.push_back(element);
}

}  // namespace

Fr ClientStatement::context(const Fr& tag) const {
  std::vector<Fr> out = {tag + power_of_two(32) * Fr::from_u64(client) + Fr::from_u64(round), session, choice};
  append(out, weights);
  append(out, tables);
  for (const G1Affine& point : data) append(out, point);
  return poseidon2_hash(out);
}

wrap::Statement ClientStatement::engine_statement(const Fr& tag) const {
  wrap::Statement out;
  out.context = context(tag).to_bytes_be();
  out.rows = rows;
  out.commitments = {weights, tables};
  out.commitments.insert(out.commitments.end(), data.begin(), data.end());
  out.commitments.push_back(update);
  return out;
}

ComposedStatement ClientStatement::composed(const G1Affine& new_weights) const {
  ComposedStatement out;
  out.job = session;
  out.first_round = out.last_round = round;
  out.count = 1;
  out.first_client = out.last_client = client;
  out.root = client_leaf(*this);
  out.sum = update;
  out.old_weights = weights;
  out.new_weights = new_weights;
  return out;
}

Fr client_leaf(const ClientStatement& statement) {
  std::vector<Fr> out = {Fr::from_u64(statement.client), statement.choice};
  for (const uint64_t rows : statement.rows) out.push_back(Fr::from_u64(rows));
  for (const G1Affine& point : statement.data) append(out, point);
  append(out, statement.update);
  return named_hash(leaf_name, out);
}

LC client_leaf(Builder& b, std::vector<LC> elements) { return named_hash(b, leaf_name, elements); }

}  // namespace pyzkfl::recursion
