// SPDX-License-Identifier: Apache-2.0
// Reputation as a beta distribution over "the next fact will be good" (Josang and Ismail 2002), with a uniform prior, decay
// by epoch, and the standard deviation as what is not known yet. Facts come from the registry and the committee alone, and
// nothing here can be transferred. pyzkfl/reputation.py computes the same integers.
pragma solidity ^0.8.24;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

contract Reputation is AccessControl {
    bytes32 public constant REPORTER = keccak256("REPORTER");
    uint256 public constant ONE = 1e9;
    uint256 public constant MOST = 1e15; // of good or bad facts, in units of 1 / ONE: a million

    struct Score {
        uint96 good;
        uint96 bad;
        uint64 epoch;
    }

    uint256 public immutable decay; // of a fact in an epoch, in units of 1 / ONE
    mapping(address => Score) public scores;

    event Recorded(address indexed account, uint256 good, uint256 bad, uint256 epoch);

    error DecayRefused();

    constructor(address admin, uint256 decay_) {
        if (decay_ > ONE) revert DecayRefused();
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        decay = decay_;
    }

    /// good, bad: numbers of facts. An epoch before the last one counts as the last one.
    function record(address account, uint256 good, uint256 bad, uint256 epoch) external onlyRole(REPORTER) {
        Score storage s = scores[account];
        uint256 now_ = epoch > s.epoch ? epoch : s.epoch;
        (uint256 a, uint256 b) = _decayed(s, now_);
        s.good = uint96(Math.min(a + Math.min(good, 1e6) * ONE, MOST));
        s.bad = uint96(Math.min(b + Math.min(bad, 1e6) * ONE, MOST));
        s.epoch = uint64(now_);
        emit Recorded(account, good, bad, now_);
    }

    function _decayed(Score storage s, uint256 epoch) private view returns (uint256 a, uint256 b) {
        uint256 f = power(decay, epoch > s.epoch ? epoch - s.epoch : 0);
        return (s.good * f / ONE, s.bad * f / ONE);
    }

    /// base^n in units of 1 / ONE, rounded down at each step of square and multiply, from the lowest bit up.
    function power(uint256 base, uint256 n) public pure returns (uint256 f) {
        f = ONE;
        while (n > 0 && f > 0) {
            if (n & 1 == 1) f = f * base / ONE;
            base = base * base / ONE;
            n >>= 1;
        }
    }

    /// Mean and standard deviation, in units of 1 / ONE, at an epoch.
    function estimate(address account, uint256 epoch) public view returns (uint256 mean, uint256 deviation) {
        (uint256 a, uint256 b) = _decayed(scores[account], epoch);
        (a, b) = (a + ONE, b + ONE);
        uint256 sum = a + b;
        mean = a * ONE / sum;
        deviation = Math.sqrt(a * b * ONE * ONE * ONE / (sum * sum * (sum + ONE)));
    }

    /// What counts: the mean less one deviation, at least 0.
    function score(address account, uint256 epoch) external view returns (uint256) {
        (uint256 mean, uint256 deviation) = estimate(account, epoch);
        return mean > deviation ? mean - deviation : 0;
    }
}
