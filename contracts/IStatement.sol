// SPDX-License-Identifier: Apache-2.0
// What decides on a chain whether a submission's proof holds, and what it asks the registry.
pragma solidity ^0.8.24;

import {G1} from "./Bn254.sol";

/// The facts of a submission that do not come from its sender.
struct Facts {
    bytes32 job; // digest of the job with its keys
    uint256 round;
    uint256 member; // its number in the job, from 0
    string name; // the member's
    bytes32 beacon;
    bytes32 datasetRoot;
    uint256 batches;
    bytes32 weights; // digest of W_t
    G1 weightsCommitment; // C(W_t)
}

interface IStatement {
    /// Whether the proof holds for these facts, this C(D) and these public values. False for anything malformed; reverts
    /// only without gas.
    function holds(Facts calldata facts, G1 calldata commitment, bytes calldata publicValues, bytes calldata proof)
        external
        view
        returns (bool);
}
