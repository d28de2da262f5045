// SPDX-License-Identifier: Apache-2.0
// The statement of a consortium's training step, built as every verifier builds it: from its own facts (docs/engine.md,
// section 5; docs/protocol.md, section 8). It takes from the member C(D), and the opening of the batch that the beacon picks.
//
// Public values: rows (32 bytes), C(X) (64), then the audit path in the dataset's Merkle tree (32 bytes a hash).
pragma solidity ^0.8.24;

import {Bn254, G1} from "./Bn254.sol";
import {EngineVerifier} from "./EngineVerifier.sol";
import {Facts, IStatement} from "./IStatement.sol";
import {Poseidon2} from "./Poseidon2.sol";

contract EngineStatement is IStatement {
    // The first 19 bytes of SHA-256 of "pyzkfl/2 statement".
    uint256 private immutable _tag = uint256(sha256("pyzkfl/2 statement")) >> 104; // computed once
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
        if (facts.member >= 1 << 32 || facts.round >= 1 << 32) return false;
        uint256 rows = uint256(bytes32(publicValues[:32]));
        if (rows == 0 || rows > batchRows) return false;
        G1 memory batch = G1(uint256(bytes32(publicValues[32:64])), uint256(bytes32(publicValues[64:96])));
        // Points are hashed as they are: the verifier is given the same ones, and refuses what is no point.

        uint256 index = batchIndex(facts.beacon, facts.round, facts.name, facts.batches);
        bytes32 leaf = sha256(abi.encodePacked(uint8(0), _little32(rows), Bn254.compress(batch.x, batch.y)));
        (bool fits, bytes32 root) = _rootOfPath(leaf, index, facts.batches, publicValues[96:]);
        if (!fits || root != facts.datasetRoot) return false;

        bytes32 context = bytes32(statementContext(facts, index, batch));
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

    /// ctx of statement version 2 (docs/engine.md, section 5), for one step: nine elements, three permutations.
    function statementContext(Facts memory facts, uint256 index, G1 memory batch) public view returns (uint256) {
        uint256[] memory e = new uint256[](9);
        // tag, one step, no velocities, member, round
        e[0] = _tag << 96 | 1 << 80 | facts.member << 32 | facts.round;
        e[1] = _toField(abi.encodePacked("pyzkfl/2 session", facts.job, facts.beacon));
        e[2] = _toField(
            abi.encodePacked(
                "pyzkfl/2 choice", _little64(bytes(facts.name).length), facts.name, facts.datasetRoot, _little64(index)
            )
        );
        (e[3], e[4]) = Bn254.elements(facts.weightsCommitment.x, facts.weightsCommitment.y);
        (e[5], e[6]) = Bn254.elements(_tablesX, _tablesY);
        (e[7], e[8]) = Bn254.elements(batch.x, batch.y);
        return Poseidon2.hash(e);
    }

    function _toField(bytes memory data) private pure returns (uint256) {
        return uint256(sha256(data)) & (type(uint256).max >> 3);
    }

    function _little64(uint256 v) private pure returns (bytes8) {
        v = (v & 0x00ff00ff00ff00ff) << 8 | (v >> 8 & 0x00ff00ff00ff00ff);
        v = (v & 0x0000ffff0000ffff) << 16 | (v >> 16 & 0x0000ffff0000ffff);
        return bytes8(uint64(v << 32 | v >> 32));
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
