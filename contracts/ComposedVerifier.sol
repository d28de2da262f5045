// SPDX-License-Identifier: Apache-2.0
// A composed proof: one for all members of a round, or for all rounds of a run (docs/recursion.md, section 1).
//
// Groth16 with one committed group and two public inputs, the statement's hash x and the challenge rho = Poseidon2(x, C_0):
//     e(A, B) = e(alpha, beta) e(IC_0 + x IC_1 + rho IC_2 + C_0, H) e(C, delta)        e(C_0, sigma) = e(P_0, H)
// merged in one product of five pairings with a weight chi on the second, hashed from x and every byte of the proof: without
// a weight, terms of the two would cancel.
pragma solidity ^0.8.24;

import {Bn254, G1, G2} from "./Bn254.sol";
import {Poseidon2} from "./Poseidon2.sol";

struct ComposedKey {
    G1 alpha;
    G2 beta;
    G2 delta;
    G2 sigma;
    G1 ic0;
    G1 ic1;
    G1 ic2;
}

/// What a composed proof says. Whoever asks makes it of its own records: root and sum of the members that it accepted.
struct ComposedStatement {
    uint256 job; // the session: a hash of job and beacon
    uint256 firstRound;
    uint256 lastRound;
    uint256 count;
    uint256 firstClient;
    uint256 lastClient;
    uint256 root;
    G1 update; // the sum of C(D)
    G1 weightsBefore;
    G1 weightsAfter;
}

contract ComposedVerifier {
    error KeyRefused(string why);

    uint256 private constant PROOF_BYTES = 384;
    uint256 private constant LOW_BITS = 225; // of a coordinate, in an element of K's hash

    /// K, the digest of this key: in every statement that it verifies, so that no node below had another.
    uint256 public immutable nodeKey;
    uint256 private immutable _tag; // of a statement's hash
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
    uint256 private immutable _sigmaX1;
    uint256 private immutable _sigmaX0;
    uint256 private immutable _sigmaY1;
    uint256 private immutable _sigmaY0;
    uint256 private immutable _ic0X;
    uint256 private immutable _ic0Y;
    uint256 private immutable _ic1X;
    uint256 private immutable _ic1Y;
    uint256 private immutable _ic2X;
    uint256 private immutable _ic2Y;

    constructor(ComposedKey memory key) {
        if (!Bn254.isProofPoint(key.alpha.x, key.alpha.y)) revert KeyRefused("alpha");
        if (!Bn254.isProofPoint(key.ic0.x, key.ic0.y)) revert KeyRefused("ic0");
        if (!Bn254.isProofPoint(key.ic1.x, key.ic1.y)) revert KeyRefused("ic1");
        if (!Bn254.isProofPoint(key.ic2.x, key.ic2.y)) revert KeyRefused("ic2");
        if (_equal(key.ic0, key.ic1) || _equal(key.ic0, key.ic2) || _equal(key.ic1, key.ic2)) {
            revert KeyRefused("two points of ic are one");
        }
        if (!Bn254.isKeyPoint(key.beta)) revert KeyRefused("beta");
        if (!Bn254.isKeyPoint(key.delta)) revert KeyRefused("delta");
        if (!Bn254.isKeyPoint(key.sigma)) revert KeyRefused("sigma");
        // A second phase that was skipped: anyone forges, or opens a commitment as anything.
        bytes32 h = keccak256(abi.encode(G2(Bn254.G2_X1, Bn254.G2_X0, Bn254.G2_Y1, Bn254.G2_Y0)));
        if (keccak256(abi.encode(key.delta)) == h) revert KeyRefused("gamma == delta");
        if (keccak256(abi.encode(key.sigma)) == h) revert KeyRefused("sigma is the generator");
        nodeKey = _digest(key);
        _tag = _name("pyzkfl/recursion/statement/1");
        (_alphaX, _alphaY) = (key.alpha.x, key.alpha.y);
        (_betaX1, _betaX0, _betaY1, _betaY0) = (key.beta.x1, key.beta.x0, key.beta.y1, key.beta.y0);
        (_deltaX1, _deltaX0, _deltaY1, _deltaY0) = (key.delta.x1, key.delta.x0, key.delta.y1, key.delta.y0);
        (_sigmaX1, _sigmaX0, _sigmaY1, _sigmaY0) = (key.sigma.x1, key.sigma.x0, key.sigma.y1, key.sigma.y0);
        (_ic0X, _ic0Y, _ic1X, _ic1Y) = (key.ic0.x, key.ic0.y, key.ic1.x, key.ic1.y);
        (_ic2X, _ic2Y) = (key.ic2.x, key.ic2.y);
    }

    /// x, the hash of a statement under this key. Reverts for numbers of 2^64 or more, elements of r or more, and points that
    /// are none or infinity: there would be two statements of one hash.
    function statementHash(ComposedStatement calldata s) public view returns (uint256) {
        uint256 numbers = s.firstRound | s.lastRound | s.count | s.firstClient | s.lastClient;
        require(numbers >> 64 == 0 && s.job < Bn254.R && s.root < Bn254.R, "statement: a number is too large");
        uint256[] memory h = new uint256[](15);
        (h[0], h[1], h[2], h[3], h[4]) = (_tag, nodeKey, s.job, s.firstRound, s.lastRound);
        (h[5], h[6], h[7], h[8]) = (s.count, s.firstClient, s.lastClient, s.root);
        _residues(h, 9, s.update);
        _residues(h, 11, s.weightsBefore);
        _residues(h, 13, s.weightsAfter);
        return Poseidon2.hash(h);
    }

    /// Whether the proof (A, B, C, C_0, P_0: 384 bytes) holds for the statement. Reverts as statementHash does.
    function verifyStatement(ComposedStatement calldata statement, bytes calldata proof) external view returns (bool) {
        return _holds(statementHash(statement), proof);
    }

    /// The same for a statement's hash, which the caller has made or had made by statementHash. False for whatever is malformed:
    /// another length, a hash of r or more, coordinates of p or more, points off the curve, outside the subgroup, infinity.
    function verify(uint256 x, bytes calldata proof) external view returns (bool) {
        return _holds(x, proof);
    }

    function _holds(uint256 x, bytes calldata proof) private view returns (bool) {
        if (proof.length != PROOF_BYTES || x >= Bn254.R) return false;
        uint256[] memory p = new uint256[](12); // A 2, B 4, C 2, C_0 2, P_0 2
        assembly ("memory-safe") {
            calldatacopy(add(p, 0x20), proof.offset, 0x180)
        }
        if (!Bn254.isProofPoint(p[0], p[1]) || !Bn254.isProofPoint(p[6], p[7])) return false;
        if (!Bn254.isProofPoint(p[8], p[9]) || !Bn254.isProofPoint(p[10], p[11])) return false;
        if ((p[2] | p[3] | p[4] | p[5]) == 0) return false;
        uint256 rho;
        {
            uint256[] memory h = new uint256[](3);
            (h[0], h[1], h[2]) = (x, p[8] % Bn254.R, p[9] % Bn254.R);
            rho = Poseidon2.hash(h);
        }
        uint256 chi = (uint256(keccak256(abi.encode(x, proof))) >> 128) | 1;
        uint256[] memory w = new uint256[](30);
        (w[0], w[1]) = (p[0], Bn254.P - p[1]); // y is not 0: the order of the group is odd
        (w[2], w[3], w[4], w[5]) = (p[2], p[3], p[4], p[5]);
        (w[6], w[7]) = (_alphaX, _alphaY);
        (w[8], w[9], w[10], w[11]) = (_betaX1, _betaX0, _betaY1, _betaY0);
        (w[12], w[13]) = (p[6], p[7]);
        (w[14], w[15], w[16], w[17]) = (_deltaX1, _deltaX0, _deltaY1, _deltaY0);
        G1 memory sum = Bn254.add(G1(_ic0X, _ic0Y), G1(p[8], p[9]));
        sum = Bn254.add(sum, Bn254.mul(G1(_ic1X, _ic1Y), x));
        sum = Bn254.add(sum, Bn254.mul(G1(_ic2X, _ic2Y), rho));
        sum = Bn254.add(sum, Bn254.neg(Bn254.mul(G1(p[10], p[11]), chi)));
        (w[18], w[19]) = (sum.x, sum.y);
        (w[20], w[21], w[22], w[23]) = (Bn254.G2_X1, Bn254.G2_X0, Bn254.G2_Y1, Bn254.G2_Y0);
        sum = Bn254.mul(G1(p[8], p[9]), chi);
        (w[24], w[25]) = (sum.x, sum.y);
        (w[26], w[27], w[28], w[29]) = (_sigmaX1, _sigmaX0, _sigmaY1, _sigmaY0);
        return Bn254.pairingIsOne(w);
    }

    function _residues(uint256[] memory h, uint256 start, G1 calldata point) private pure {
        require(Bn254.isProofPoint(point.x, point.y), "statement: not a point");
        (h[start], h[start + 1]) = (point.x % Bn254.R, point.y % Bn254.R);
    }

    function _equal(G1 memory a, G1 memory b) private pure returns (bool) {
        return a.x == b.x && a.y == b.y;
    }

    /// The element that stands for a name: SHA-256, top 3 bits cleared.
    function _name(string memory name) private pure returns (uint256) {
        return uint256(sha256(bytes(name))) & (type(uint256).max >> 3);
    }

    /// K: a hash of all bits of all coordinates of delta, sigma and ic (csrc/recursion/hashed_points.h).
    function _digest(ComposedKey memory key) private pure returns (uint256) {
        uint256[] memory h = new uint256[](20);
        h[0] = _name("pyzkfl/recursion/key/1");
        _pack2(h, 1, key.delta);
        _pack2(h, 6, key.sigma);
        _pack1(h, 11, key.ic0);
        _pack1(h, 14, key.ic1);
        _pack1(h, 17, key.ic2);
        return Poseidon2.hash(h);
    }

    /// The low 225 bits of each coordinate, then the high 30 of all.
    function _pack2(uint256[] memory h, uint256 start, G2 memory q) private pure {
        uint256[4] memory c = [q.x0, q.x1, q.y0, q.y1];
        for (uint256 i = 0; i < 4; ++i) {
            h[start + i] = c[i] & ((1 << LOW_BITS) - 1);
            h[start + 4] |= (c[i] >> LOW_BITS) << (30 * i);
        }
    }

    function _pack1(uint256[] memory h, uint256 start, G1 memory q) private pure {
        (h[start], h[start + 1]) = (q.x & ((1 << LOW_BITS) - 1), q.y & ((1 << LOW_BITS) - 1));
        h[start + 2] = (q.x >> LOW_BITS) | ((q.y >> LOW_BITS) << 30);
    }
}
