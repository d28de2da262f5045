// SPDX-License-Identifier: Apache-2.0
// The ledger of pyzkfl on a chain: the same blocks of signed records as in a file (docs/formats.md, Ledger block), in events.
// The chain orders and keeps them; who reads checks signatures, Merkle roots and the rules of jobs, as in a file.
pragma solidity ^0.8.24;

contract RecordLog {
    uint256 private constant BLOCK_BYTES = 163;
    uint256 private constant FRAMES_MOST = 65_536;

    address public immutable operator;
    bytes32 public head; // SHA-256 of the newest block
    uint64 public height;
    uint64 public nextSequence;

    event Appended(uint64 indexed height, bytes block_, bytes signature, bytes[] frames);

    error NotOperator();
    error DoesNotFollow(string what);

    constructor() {
        operator = msg.sender;
    }

    /// The genesis block (no frames) first. Previous, height, first sequence and count must be those that follow.
    function append(bytes calldata block_, bytes calldata signature, bytes[] calldata frames) external {
        if (msg.sender != operator) revert NotOperator();
        if (block_.length != BLOCK_BYTES || signature.length != 64) revert DoesNotFollow("length");
        bool genesis = head == 0;
        uint64 next = genesis ? 0 : height + 1;
        if (_little64(block_[7:15]) != next) revert DoesNotFollow("height");
        if (bytes32(block_[15:47]) != head) revert DoesNotFollow("previous");
        if (_little64(block_[47:55]) != nextSequence) revert DoesNotFollow("sequence");
        uint256 count = _little64(block_[55:59]);
        if (count != frames.length || count > FRAMES_MOST || genesis == (count > 0)) revert DoesNotFollow("count");
        if (!genesis) {
            bytes32 last = sha256(abi.encodePacked(uint8(0), frames[count - 1]));
            if (bytes32(block_[91:123]) != last) revert DoesNotFollow("last");
        }
        head = sha256(block_);
        height = next;
        nextSequence += uint64(count);
        emit Appended(next, block_, signature, frames);
    }

    function _little64(bytes calldata data) private pure returns (uint64 v) {
        for (uint256 i = data.length; i > 0; --i) {
            v = (v << 8) | uint8(data[i - 1]);
        }
    }
}
