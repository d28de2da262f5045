// SPDX-License-Identifier: Apache-2.0
// For tests: what adding one commitment to a stored sum costs.
pragma solidity ^0.8.24;

import {Bn254, G1} from "Bn254.sol";

contract CommitmentSumCaller {
    G1 public sum = G1(1, 2);
    uint256 public spent = 1;

    function add(G1 calldata point) external {
        uint256 before = gasleft();
        G1 memory next = Bn254.add(G1(sum.x, sum.y), point);
        (sum.x, sum.y) = (next.x, next.y);
        spent = before - gasleft();
    }
}
