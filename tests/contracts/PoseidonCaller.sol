// SPDX-License-Identifier: Apache-2.0
// For tests: the hash as a function that can be called.
pragma solidity ^0.8.24;

import {Poseidon2} from "Poseidon2.sol";

contract PoseidonCaller {
    function hash(uint256[] calldata inputs) external pure returns (uint256) {
        return Poseidon2.hash(inputs);
    }
}
