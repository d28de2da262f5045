// See development_keys.h.
#include "recursion/development_keys.h"

#include "recursion/progress_part.h"

namespace pyzkfl::recursion {

DevelopmentKeys insecure_keys(const ConstraintSystem& leaf, const Progress& progress) {
  groth16::check_groups(leaf);
  const groth16::Trapdoor trapdoor = groth16::Trapdoor::random(leaf.layout().num_groups());
  groth16::ProvingKey leaf_key(groth16::insecure_elements(leaf, trapdoor, part_of(progress, 0, 0.55)));
  const ConstraintSystem node = NodeCircuit(leaf_key.verifying_key()).shape();
  groth16::ProvingKey node_key = insecure_node_setup(node, trapdoor, part_of(progress, 0.55, 0.45));
  return {std::move(leaf_key), std::move(node_key)};
}

}  // namespace pyzkfl::recursion
