// SPDX-License-Identifier: Apache-2.0
// The statement of a consortium's training step, built as every verifier builds it: from its own facts (docs/formats.md,
// Statement; docs/protocol.md, section 8). It takes from the member C(D), and the opening of the batch that the beacon picks.
//
// Public values: rows (32 bytes), C(X) (64), then the audit path in the dataset's Merkle tree (32 bytes a hash).
pragma solidity ^0.8.24;

import {Bn254, G1} from "./Bn254.sol";
import {EngineVerifier} from "./EngineVerifier.sol";
import {Facts, IStatement} from "./IStatement.sol";

contract EngineStatement is IStatement {
    EngineVerifier public immutable verifier;
    uint256 public immutable batchRows; // most rows of a batch
    uint256 private immutable _tablesX;
    uint256 private immutable _tablesY;

    error ShapeRefused();

    /// tables: C(T), which anybody makes from the job.
    constructor(EngineVerifier verifier_, uint256 batchRows_, G1 memory tables) {
        // Weights, tables, one batch, update; one step.
        if (verifier_.known() != 4 || verifier_.steps() != 1 || !Bn254.isPoint(tables.x, tables.y)) revert ShapeRefused();
        if (batchRows_ == 0 || batchRows_ > 1 << 16) revert ShapeRefused();
        (verifier, batchRows) = (verifier_, batchRows_);
        (_tablesX, _tablesY) = (tables.x, tables.y);
    }

    function holds(Facts calldata facts, G1 calldata commitment, bytes calldata publicValues, bytes calldata proof)
        external
        view
        returns (bool)
    {
        uint256 length = publicValues.length;
        if (length < 96 || length % 32 != 0 || length > 96 + 64 * 32 || facts.batches == 0) return false;
        uint256 rows = uint256(bytes32(publicValues[:32]));
        if (rows == 0 || rows > batchRows) return false;
        G1 memory batch = G1(uint256(bytes32(publicValues[32:64])), uint256(bytes32(publicValues[64:96])));
        if (!Bn254.isPoint(batch.x, batch.y) || !Bn254.isPoint(commitment.x, commitment.y)) return false;

        bytes32 opened = Bn254.compress(batch.x, batch.y);
        uint256 index = batchIndex(facts.beacon, facts.round, facts.name, facts.batches);
        bytes32 leaf = sha256(abi.encodePacked(uint8(0), _little32(rows), opened));
        (bool fits, bytes32 root) = _rootOfPath(leaf, index, facts.batches, publicValues[96:]);
        if (!fits || root != facts.datasetRoot) return false;

        bytes32 context = statementDigest(facts, index, rows, opened, Bn254.compress(commitment.x, commitment.y));
        uint256[] memory allRows = new uint256[](1);
        allRows[0] = rows;
        G1[] memory commitments = new G1[](4);
        commitments[0] = facts.weightsCommitment;
        commitments[1] = G1(_tablesX, _tablesY);
        commitments[2] = batch;
        commitments[3] = commitment;
        return verifier.verify(context, allRows, commitments, proof);
    }

    /// The batch that the beacon picks for a member in a round (docs/formats.md, Dataset commitment).
    function batchIndex(bytes32 beacon, uint256 round, string memory name, uint256 batches) public pure returns (uint256) {
        bytes memory data = abi.encodePacked(
            "pyzkfl/1 batch choice", beacon, _little64(round), _little64(bytes(name).length), name
        );
        return (uint256(sha256(data)) >> 128) % batches;
    }

    /// SHA-256 of the canonical statement: header of kind 2, then a map in deterministic CBOR, keys by length and then bytes.
    function statementDigest(Facts memory facts, uint256 index, uint256 rows, bytes32 batch, bytes32 update)
        public
        pure
        returns (bytes32)
    {
        bytes memory head = abi.encodePacked(
            hex"505a4b46010201", uint8(0xaa), "\x63job", hex"5820", facts.job, "\x64rows", _unsigned(rows), "\x65batch", _unsigned(index)
        );
        bytes memory middle = abi.encodePacked(
            "\x65round", _unsigned(facts.round), "\x66beacon", hex"5820", facts.beacon, "\x66client", _text(facts.name)
        );
        bytes memory tail = abi.encodePacked(
            "\x67weights", hex"5820", facts.weights, "\x6cdataset_root", hex"5820", facts.datasetRoot
        );
        bytes memory points = abi.encodePacked(
            "\x70batch_commitment", hex"5820", batch, "\x71update_commitment", hex"5820", update
        );
        return sha256(bytes.concat(head, middle, tail, points));
    }

    function _text(string memory s) private pure returns (bytes memory) {
        uint256 n = bytes(s).length;
        if (n < 24) return abi.encodePacked(uint8(0x60 + n), s);
        return abi.encodePacked(uint8(0x78), uint8(n), s); // names have at most 64 bytes
    }

    function _unsigned(uint256 v) private pure returns (bytes memory) {
        if (v < 24) return abi.encodePacked(uint8(v));
        if (v < 1 << 8) return abi.encodePacked(uint8(0x18), uint8(v));
        if (v < 1 << 16) return abi.encodePacked(uint8(0x19), uint16(v));
        return abi.encodePacked(uint8(0x1a), uint32(v)); // rounds and batches are below 2^32
    }

    function _little64(uint256 v) private pure returns (bytes8) {
        uint256 out;
        for (uint256 i = 0; i < 8; ++i) {
            out = (out << 8) | ((v >> (8 * i)) & 0xff);
        }
        return bytes8(uint64(out));
    }

    function _little32(uint256 v) private pure returns (bytes4) {
        return bytes4(uint32(uint64(_little64(v)) >> 32));
    }

    /// RFC 6962: the root that a leaf and its audit path lead to in a tree of that many leaves; false for a path of another
    /// length than index and size give.
    function _rootOfPath(bytes32 node, uint256 index, uint256 count, bytes calldata path)
        private
        pure
        returns (bool, bytes32)
    {
        uint256 last = count - 1;
        uint256 used = 0;
        while (last > 0) {
            bool right = index & 1 == 1;
            if (right || index < last) {
                if (used + 32 > path.length) return (false, 0);
                bytes32 sibling = bytes32(path[used:used + 32]);
                used += 32;
                node = right
                    ? sha256(abi.encodePacked(uint8(1), sibling, node))
                    : sha256(abi.encodePacked(uint8(1), node, sibling));
            }
            index >>= 1;
            last >>= 1;
        }
        return (used == path.length, node);
    }
}
