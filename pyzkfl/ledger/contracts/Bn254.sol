// SPDX-License-Identifier: Apache-2.0
// BN254 by the precompiles of EIP-196 and EIP-197, and the byte forms of docs/formats.md.
//
// Nothing here reverts for bad input: what is malformed is told to the caller, who must be able to count a malformed proof
// as a false one. A precompile burns all the gas it is given when a point is bad, so each is given what it costs and no
// more; whoever calls from a contract that slashes must make sure of the gas first (TrainingRegistry does).
pragma solidity ^0.8.24;

struct G1 {
    uint256 x;
    uint256 y;
}

struct G2 {
    uint256 x1; // imaginary part first, as EIP-197 has it
    uint256 x0;
    uint256 y1;
    uint256 y0;
}

library Bn254 {
    uint256 internal constant P = 21888242871839275222246405745257275088696311157297823662689037894645226208583;
    uint256 internal constant R = 21888242871839275222246405745257275088548364400416034343698204186575808495617;

    uint256 internal constant G2_X1 = 0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2;
    uint256 internal constant G2_X0 = 0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed;
    uint256 internal constant G2_Y1 = 0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b;
    uint256 internal constant G2_Y0 = 0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa;

    /// A point of the curve with canonical coordinates; infinity (zeros) is one. G1 has no cofactor.
    function isPoint(uint256 x, uint256 y) internal pure returns (bool) {
        if (x >= P || y >= P) return false;
        if (x == 0 && y == 0) return true;
        return mulmod(y, y, P) == addmod(mulmod(mulmod(x, x, P), x, P), 3, P);
    }

    /// A point other than infinity: what a proof may hold.
    function isProofPoint(uint256 x, uint256 y) internal pure returns (bool) {
        return (x | y) != 0 && isPoint(x, y);
    }

    /// a + b. Both are points (checked by the caller); reverts only without gas.
    function add(G1 memory a, G1 memory b) internal view returns (G1 memory c) {
        bool good;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mcopy(free, a, 0x40)
            mcopy(add(free, 0x40), b, 0x40)
            good := staticcall(gas(), 6, free, 0x80, c, 0x40)
        }
        require(good, "bn254: not a point");
    }

    /// k a. a is a point; any k.
    function mul(G1 memory a, uint256 k) internal view returns (G1 memory c) {
        bool good;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mcopy(free, a, 0x40)
            mstore(add(free, 0x40), k)
            good := staticcall(gas(), 7, free, 0x60, c, 0x40)
        }
        require(good, "bn254: not a point");
    }

    function neg(G1 memory a) internal pure returns (G1 memory) {
        return G1(a.x, a.y == 0 ? 0 : P - a.y);
    }

    /// Whether the product of pairings is one. words: G1 (2), G2 (4) for each pair. False too for a point that is off
    /// its curve or outside its subgroup, which the precompile checks.
    function pairingIsOne(uint256[] memory words) internal view returns (bool) {
        uint256 allowance = 45_000 + 34_000 * (words.length / 6) + 1_000;
        require(gasleft() > allowance + allowance / 32 + 10_000, "bn254: too little gas");
        bool good;
        uint256 result;
        assembly ("memory-safe") {
            good := staticcall(allowance, 8, add(words, 0x20), mul(mload(words), 0x20), 0x00, 0x20)
            result := mload(0x00)
        }
        return good && result == 1;
    }

    /// Point of G2 in the subgroup of order r, and not infinity.
    function isKeyPoint(G2 memory q) internal view returns (bool) {
        if ((q.x1 | q.x0 | q.y1 | q.y0) == 0) return false;
        uint256[] memory words = new uint256[](6);
        (words[2], words[3], words[4], words[5]) = (q.x1, q.x0, q.y1, q.y0);
        return pairingIsOne(words); // e(infinity, q)
    }

    /// 1 / z modulo r, z not 0.
    function inverse(uint256 z) internal view returns (uint256 result) {
        bool good;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, 0x20)
            mstore(add(free, 0x20), 0x20)
            mstore(add(free, 0x40), 0x20)
            mstore(add(free, 0x60), z)
            mstore(add(free, 0x80), sub(R, 2))
            mstore(add(free, 0xa0), R)
            good := staticcall(gas(), 5, free, 0xc0, 0x00, 0x20)
            result := mload(0x00)
        }
        require(good, "bn254: no gas");
    }

    /// The two field elements that stand for a point in a transcript (csrc/transcript/transcript.h).
    function elements(uint256 x, uint256 y) internal pure returns (uint256 low, uint256 high) {
        if ((x | y) == 0) return (0, 1 << 126);
        low = x & type(uint128).max;
        high = (x >> 128) | (y > (P - 1) / 2 ? 1 << 127 : 0);
    }

    /// The 32 bytes of a point (docs/formats.md, Proof and points).
    function compress(uint256 x, uint256 y) internal pure returns (bytes32) {
        if ((x | y) == 0) return bytes32(uint256(1) << 254);
        return bytes32(x | (y > (P - 1) / 2 ? uint256(3) << 254 : uint256(2) << 254));
    }
}
