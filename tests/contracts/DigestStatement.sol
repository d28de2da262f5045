// SPDX-License-Identifier: Apache-2.0
// For tests: a statement whose "proof" is a digest of everything that a statement must bind. Anyone can make one, so it
// proves nothing; it is cheap, and it fails for a copied, moved or changed submission as a real one does.
pragma solidity ^0.8.24;

import {G1} from "Bn254.sol";
import {Facts, IStatement} from "IStatement.sol";

contract DigestStatement is IStatement {
    function holds(Facts calldata facts, G1 calldata commitment, bytes calldata publicValues, bytes calldata proof)
        external
        pure
        returns (bool)
    {
        return keccak256(proof) == keccak256(abi.encode(sha256(abi.encode(facts, commitment, publicValues))));
    }
}
