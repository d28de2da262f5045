// SPDX-License-Identifier: Apache-2.0
// Groth16 (Groth 2016) with one public input. A key that anybody could forge with is refused at construction.
pragma solidity ^0.8.24;

import {Bn254, G1, G2} from "./Bn254.sol";

struct Groth16Key {
    G1 alpha;
    G2 beta;
    G2 gamma;
    G2 delta;
    G1 ic0;
    G1 ic1;
}

contract Groth16Verifier {
    error KeyRefused(string why);

    uint256 private constant PROOF_BYTES = 256;

    // In the code, not in storage: a cold slot costs 2100 gas, and there are 18 words.
    uint256 private immutable _alphaX;
    uint256 private immutable _alphaY;
    uint256 private immutable _betaX1;
    uint256 private immutable _betaX0;
    uint256 private immutable _betaY1;
    uint256 private immutable _betaY0;
    uint256 private immutable _gammaX1;
    uint256 private immutable _gammaX0;
    uint256 private immutable _gammaY1;
    uint256 private immutable _gammaY0;
    uint256 private immutable _deltaX1;
    uint256 private immutable _deltaX0;
    uint256 private immutable _deltaY1;
    uint256 private immutable _deltaY0;
    uint256 private immutable _ic0X;
    uint256 private immutable _ic0Y;
    uint256 private immutable _ic1X;
    uint256 private immutable _ic1Y;

    constructor(Groth16Key memory key) {
        if (!Bn254.isProofPoint(key.alpha.x, key.alpha.y)) revert KeyRefused("alpha");
        if (!Bn254.isProofPoint(key.ic0.x, key.ic0.y)) revert KeyRefused("ic0");
        if (!Bn254.isProofPoint(key.ic1.x, key.ic1.y)) revert KeyRefused("ic1");
        if (key.ic0.x == key.ic1.x && key.ic0.y == key.ic1.y) revert KeyRefused("ic0 == ic1");
        if (!Bn254.isKeyPoint(key.beta)) revert KeyRefused("beta");
        if (!Bn254.isKeyPoint(key.gamma)) revert KeyRefused("gamma");
        if (!Bn254.isKeyPoint(key.delta)) revert KeyRefused("delta");
        // A second phase that was skipped: anyone forges.
        if (keccak256(abi.encode(key.gamma)) == keccak256(abi.encode(key.delta))) revert KeyRefused("gamma == delta");
        (_alphaX, _alphaY) = (key.alpha.x, key.alpha.y);
        (_betaX1, _betaX0, _betaY1, _betaY0) = (key.beta.x1, key.beta.x0, key.beta.y1, key.beta.y0);
        (_gammaX1, _gammaX0, _gammaY1, _gammaY0) = (key.gamma.x1, key.gamma.x0, key.gamma.y1, key.gamma.y0);
        (_deltaX1, _deltaX0, _deltaY1, _deltaY0) = (key.delta.x1, key.delta.x0, key.delta.y1, key.delta.y0);
        (_ic0X, _ic0Y, _ic1X, _ic1Y) = (key.ic0.x, key.ic0.y, key.ic1.x, key.ic1.y);
    }

    /// Whether the proof (A, B, C: 256 bytes) holds for the input. False for whatever is malformed: another length, an
    /// input of r or more, coordinates of p or more, points off the curve, outside the subgroup or at infinity.
    function verify(uint256 input, bytes calldata proof) external view returns (bool) {
        if (proof.length != PROOF_BYTES || input >= Bn254.R) return false;
        uint256[] memory w = new uint256[](24);
        assembly ("memory-safe") {
            calldatacopy(add(w, 0x20), proof.offset, 0xc0) // A, B
            calldatacopy(add(w, 0x260), add(proof.offset, 0xc0), 0x40) // C, the fourth pair
        }
        if (!Bn254.isProofPoint(w[0], w[1]) || !Bn254.isProofPoint(w[18], w[19])) return false;
        if ((w[2] | w[3] | w[4] | w[5]) == 0) return false;
        w[1] = Bn254.P - w[1]; // y is not 0: the order of the group is odd
        (w[6], w[7]) = (_alphaX, _alphaY);
        (w[8], w[9], w[10], w[11]) = (_betaX1, _betaX0, _betaY1, _betaY0);
        G1 memory public_ = Bn254.add(G1(_ic0X, _ic0Y), Bn254.mul(G1(_ic1X, _ic1Y), input));
        (w[12], w[13]) = (public_.x, public_.y);
        (w[14], w[15], w[16], w[17]) = (_gammaX1, _gammaX0, _gammaY1, _gammaY0);
        (w[20], w[21], w[22], w[23]) = (_deltaX1, _deltaX0, _deltaY1, _deltaY0);
        return Bn254.pairingIsOne(w);
    }
}
