// SPDX-License-Identifier: Apache-2.0
// The engine's proof in its EVM encoding (docs/engine.md, section 5; docs/formats.md, Proof and points).
//
// Two equations: Groth16's, and the opening's
//     e(C_G - [i0] - i1 [tau], H) = e(W, [tau^2] - (z + 1/z) [tau] + H)
// split by bilinearity so that nothing in G2 is multiplied, and merged in one product of six pairings with a weight chi on
// the second. Without a weight, keys and powers of one .ptau would be a forgery, so chi is hashed from statement and proof.
pragma solidity ^0.8.24;

import {Bn254, G1, G2} from "./Bn254.sol";
import {Groth16Key} from "./Groth16Verifier.sol";
import {Poseidon2} from "./Poseidon2.sol";

struct EngineKey {
    Groth16Key groth16;
    G1 tau; // [tau]_1
    G2 tau2; // [tau]_2
    G2 tauSquared2; // [tau^2]_2
    uint256 known; // columns that the verifier knows: weights, tables, data of each step, update
    uint256 steps; // local steps, each with its number of rows
    uint256 digits; // columns of digits
}

contract EngineVerifier {
    error KeyRefused(string why);

    // SHA-256 of "pyzkfl/engine/1/public", top 3 bits cleared.
    uint256 private immutable _tag;
    uint256 public immutable known;
    uint256 public immutable steps;
    uint256 public immutable digits;
    uint256 private immutable _alphaX;
    uint256 private immutable _alphaY;
    uint256 private immutable _betaX1;
    uint256 private immutable _betaX0;
    uint256 private immutable _betaY1;
    uint256 private immutable _betaY0;
    uint256 private immutable _deltaX1;
    uint256 private immutable _deltaX0;
    uint256 private immutable _deltaY1;
    uint256 private immutable _deltaY0;
    uint256 private immutable _ic0X;
    uint256 private immutable _ic0Y;
    uint256 private immutable _ic1X;
    uint256 private immutable _ic1Y;
    uint256 private immutable _tauX;
    uint256 private immutable _tauY;
    uint256 private immutable _tau2X1;
    uint256 private immutable _tau2X0;
    uint256 private immutable _tau2Y1;
    uint256 private immutable _tau2Y0;
    uint256 private immutable _tauSquaredX1;
    uint256 private immutable _tauSquaredX0;
    uint256 private immutable _tauSquaredY1;
    uint256 private immutable _tauSquaredY0;

    constructor(EngineKey memory key) {
        Groth16Key memory g = key.groth16;
        if (!Bn254.isProofPoint(g.alpha.x, g.alpha.y)) revert KeyRefused("alpha");
        if (!Bn254.isProofPoint(g.ic0.x, g.ic0.y)) revert KeyRefused("ic0");
        if (!Bn254.isProofPoint(g.ic1.x, g.ic1.y)) revert KeyRefused("ic1");
        if (g.ic0.x == g.ic1.x && g.ic0.y == g.ic1.y) revert KeyRefused("ic0 == ic1");
        if (!Bn254.isProofPoint(key.tau.x, key.tau.y)) revert KeyRefused("tau");
        if (!Bn254.isKeyPoint(g.beta)) revert KeyRefused("beta");
        if (!Bn254.isKeyPoint(g.delta)) revert KeyRefused("delta");
        if (!Bn254.isKeyPoint(key.tau2)) revert KeyRefused("tau2");
        if (!Bn254.isKeyPoint(key.tauSquared2)) revert KeyRefused("tauSquared2");
        // One pairing equation serves both checks, and its H is Groth16's gamma.
        bytes32 h = keccak256(abi.encode(G2(Bn254.G2_X1, Bn254.G2_X0, Bn254.G2_Y1, Bn254.G2_Y0)));
        if (keccak256(abi.encode(g.gamma)) != h) revert KeyRefused("gamma is not the generator");
        if (keccak256(abi.encode(g.delta)) == h) revert KeyRefused("gamma == delta");
        if (!_powersOfOneTau(key)) revert KeyRefused("not the powers of one tau");
        if (key.known < 2 || key.known > 260 || key.steps < 1 || key.steps > 256) revert KeyRefused("shape");
        if (key.digits < 1 || key.digits > 16) revert KeyRefused("shape");
        (known, steps, digits) = (key.known, key.steps, key.digits);
        _tag = uint256(sha256("pyzkfl/engine/1/public")) & (type(uint256).max >> 3);
        (_alphaX, _alphaY) = (g.alpha.x, g.alpha.y);
        (_betaX1, _betaX0, _betaY1, _betaY0) = (g.beta.x1, g.beta.x0, g.beta.y1, g.beta.y0);
        (_deltaX1, _deltaX0, _deltaY1, _deltaY0) = (g.delta.x1, g.delta.x0, g.delta.y1, g.delta.y0);
        (_ic0X, _ic0Y, _ic1X, _ic1Y) = (g.ic0.x, g.ic0.y, g.ic1.x, g.ic1.y);
        (_tauX, _tauY) = (key.tau.x, key.tau.y);
        (_tau2X1, _tau2X0, _tau2Y1, _tau2Y0) = (key.tau2.x1, key.tau2.x0, key.tau2.y1, key.tau2.y0);
        (_tauSquaredX1, _tauSquaredX0) = (key.tauSquared2.x1, key.tauSquared2.x0);
        (_tauSquaredY1, _tauSquaredY0) = (key.tauSquared2.y1, key.tauSquared2.y0);
    }

    /// e([tau], H) = e(G, [tau]_2) and e([tau], [tau]_2) = e(G, [tau^2]_2).
    function _powersOfOneTau(EngineKey memory key) private view returns (bool) {
        G1 memory minus = Bn254.neg(G1(1, 2));
        uint256[] memory w = new uint256[](12);
        (w[0], w[1]) = (key.tau.x, key.tau.y);
        (w[2], w[3], w[4], w[5]) = (Bn254.G2_X1, Bn254.G2_X0, Bn254.G2_Y1, Bn254.G2_Y0);
        (w[6], w[7]) = (minus.x, minus.y);
        (w[8], w[9], w[10], w[11]) = (key.tau2.x1, key.tau2.x0, key.tau2.y1, key.tau2.y0);
        if (!Bn254.pairingIsOne(w)) return false;
        (w[2], w[3], w[4], w[5]) = (key.tau2.x1, key.tau2.x0, key.tau2.y1, key.tau2.y0);
        G2 memory q = key.tauSquared2;
        (w[8], w[9], w[10], w[11]) = (q.x1, q.x0, q.y1, q.y0);
        return Bn254.pairingIsOne(w);
    }

    /// Bytes of a proof: 416 + 64 (digits + 3).
    function proofBytes() public view returns (uint256) {
        return 608 + 64 * digits;
    }

    /// Whether the proof holds. context: ctx of the statement; rows: of each local step; commitments: of the columns
    /// that the verifier knows, in column order, the update's last (infinity is allowed there, as weights may be 0).
    /// False for whatever is malformed. The caller answers for context, rows and commitments being its own.
    function verify(bytes32 context, uint256[] calldata rows, G1[] calldata commitments, bytes calldata proof)
        external
        view
        returns (bool)
    {
        if (rows.length != steps || commitments.length != known || proof.length != proofBytes()) return false;
        // A 2, B 4, C 2, digits .. mask, C_S, W 2 each, rho, z, gamma, i0, i1.
        uint256[] memory p = new uint256[](proof.length / 32);
        assembly ("memory-safe") {
            calldatacopy(add(p, 0x20), proof.offset, proof.length)
        }
        uint256 scalars = p.length - 5;
        for (uint256 i = scalars; i < p.length; ++i) {
            if (p[i] >= Bn254.R) return false;
        }
        if (!Bn254.isProofPoint(p[0], p[1])) return false;
        if ((p[2] | p[3] | p[4] | p[5]) == 0) return false;
        for (uint256 i = 6; i < scalars; i += 2) {
            if (!Bn254.isProofPoint(p[i], p[i + 1])) return false;
        }
        for (uint256 i = 0; i < commitments.length; ++i) {
            if (!Bn254.isPoint(commitments[i].x, commitments[i].y)) return false;
        }
        for (uint256 i = 0; i < rows.length; ++i) {
            if (rows[i] >= Bn254.R) return false;
        }
        uint256 z = p[scalars + 1];
        uint256 zSquared = mulmod(z, z, Bn254.R);
        if (z == 0 || zSquared == 1) return false; // no opening point
        uint256 chi = (uint256(keccak256(abi.encode(context, rows, commitments, proof))) >> 128) | 1;
        uint256 input = _publicInput(context, rows, commitments[known - 1], p);
        return Bn254.pairingIsOne(_pairs(commitments, p, chi, input));
    }

    /// Poseidon2 of [tag, context, rows, points of the transcript, rho, z, gamma, i0, i1].
    function _publicInput(bytes32 context, uint256[] calldata rows, G1 calldata update, uint256[] memory p)
        private
        view
        returns (uint256)
    {
        uint256 points = digits + 3; // update, digits, mask, C_S
        uint256[] memory h = new uint256[](3 + rows.length + 2 * points + 5);
        h[0] = _tag;
        h[1] = uint256(context) >> 128;
        h[2] = uint256(context) & type(uint128).max;
        unchecked { // indices of arrays, which are checked
            uint256 k = 3;
            for (uint256 i = 0; i < rows.length; ++i) {
                h[k++] = rows[i];
            }
            (h[k], h[k + 1]) = Bn254.elements(update.x, update.y);
            k += 2;
            for (uint256 i = 1; i < points; ++i) {
                (h[k], h[k + 1]) = Bn254.elements(p[6 + 2 * i], p[7 + 2 * i]);
                k += 2;
            }
            for (uint256 i = p.length - 5; i < p.length; ++i) {
                h[k++] = p[i];
            }
        }
        return Poseidon2.hash(h);
    }

    function _pairs(G1[] calldata commitments, uint256[] memory p, uint256 chi, uint256 input)
        private
        view
        returns (uint256[] memory w)
    {
        uint256 s = p.length - 5; // rho, z, gamma, i0, i1
        G1 memory quotient = G1(p[s - 2], p[s - 1]);
        uint256 z = p[s + 1];
        w = new uint256[](36);
        (w[0], w[1]) = (p[0], Bn254.P - p[1]);
        (w[2], w[3], w[4], w[5]) = (p[2], p[3], p[4], p[5]);
        (w[6], w[7]) = (_alphaX, _alphaY);
        (w[8], w[9], w[10], w[11]) = (_betaX1, _betaX0, _betaY1, _betaY0);
        (w[12], w[13]) = (p[6], p[7]);
        (w[14], w[15], w[16], w[17]) = (_deltaX1, _deltaX0, _deltaY1, _deltaY0);

        // Beside H: public inputs + chi (C_G - [i0] - i1 [tau] - W).
        G1 memory sum = Bn254.add(_combination(commitments, p), Bn254.neg(quotient));
        sum = Bn254.add(sum, Bn254.mul(G1(1, 2), Bn254.R - p[s + 3]));
        sum = Bn254.add(sum, Bn254.mul(G1(_tauX, _tauY), Bn254.R - p[s + 4]));
        sum = Bn254.mul(sum, chi);
        sum = Bn254.add(sum, G1(_ic0X, _ic0Y));
        sum = Bn254.add(sum, Bn254.mul(G1(_ic1X, _ic1Y), input));
        (w[18], w[19]) = (sum.x, sum.y);
        (w[20], w[21], w[22], w[23]) = (Bn254.G2_X1, Bn254.G2_X0, Bn254.G2_Y1, Bn254.G2_Y0);

        // Beside [tau]: chi (z + 1/z) W; beside [tau^2]: - chi W.
        G1 memory weighted = Bn254.mul(quotient, chi);
        G1 memory neg = Bn254.neg(weighted);
        (w[24], w[25]) = (neg.x, neg.y);
        (w[26], w[27], w[28], w[29]) = (_tauSquaredX1, _tauSquaredX0, _tauSquaredY1, _tauSquaredY0);
        weighted = Bn254.mul(weighted, addmod(z, Bn254.inverse(z), Bn254.R));
        (w[30], w[31]) = (weighted.x, weighted.y);
        (w[32], w[33], w[34], w[35]) = (_tau2X1, _tau2X0, _tau2Y1, _tau2Y0);
    }

    /// C_G = sum rho^c C_c + gamma C_S, by Horner from the mask down.
    function _combination(G1[] calldata commitments, uint256[] memory p) private view returns (G1 memory sum) {
        uint256 rho = p[p.length - 5];
        uint256 mask = 8 + 2 * digits;
        sum = G1(p[mask], p[mask + 1]);
        unchecked { // indices of arrays, which are checked
            for (uint256 i = digits; i > 0; --i) {
                sum = Bn254.add(Bn254.mul(sum, rho), G1(p[6 + 2 * i], p[7 + 2 * i]));
            }
            for (uint256 i = commitments.length; i > 0; --i) {
                sum = Bn254.add(Bn254.mul(sum, rho), commitments[i - 1]);
            }
        }
        sum = Bn254.add(sum, Bn254.mul(G1(p[mask + 2], p[mask + 3]), p[p.length - 3]));
    }
}
