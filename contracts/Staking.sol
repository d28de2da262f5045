// SPDX-License-Identifier: Apache-2.0
// Stakes in the utility token. Bonded units give weight; units on their way out (unbonding) give none, and can be slashed
// like the others until they are withdrawn. A lock keeps them in for a time; what an account answers for keeps them in until
// it is settled, however late somebody calls what settles it.
pragma solidity ^0.8.24;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {UtilityToken} from "./UtilityToken.sol";

contract Staking is AccessControl, ReentrancyGuardTransient {
    using SafeCast for uint256;
    using SafeERC20 for UtilityToken;

    bytes32 public constant SLASHER = keccak256("SLASHER");
    uint256 public constant LOCK_MOST = 90 days; // a lock by mistake ends; so does what is never settled, so long after

    struct Position {
        uint128 bonded;
        uint128 unbonding;
        uint64 releaseAt;
        uint64 lockedUntil;
        uint32 open; // what it answers for
    }

    UtilityToken public immutable token;
    uint256 public immutable unbondingPeriod;
    mapping(address => Position) public positions;
    uint256 public total; // units held for all

    event Bonded(address indexed account, uint256 amount);
    event Unbonding(address indexed account, uint256 amount, uint256 releaseAt);
    event Withdrawn(address indexed account, uint256 amount);
    event Slashed(address indexed account, uint256 amount, address indexed bountyTo, uint256 bounty);

    error NotBonded(uint256 bonded, uint256 asked);
    error NotYet(uint256 until);
    error StakeNeeded(uint256 slashable, uint256 needed);

    constructor(address admin, UtilityToken token_, uint256 unbondingPeriod_) {
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        (token, unbondingPeriod) = (token_, unbondingPeriod_);
    }

    function bonded(address account) external view returns (uint256) {
        return positions[account].bonded;
    }

    function slashable(address account) external view returns (uint256) {
        Position storage p = positions[account];
        return uint256(p.bonded) + p.unbonding;
    }

    function open(address account) external view returns (uint256) {
        return positions[account].open;
    }

    function bond(uint256 amount) external nonReentrant {
        Position storage p = positions[msg.sender];
        p.bonded = (uint256(p.bonded) + amount).toUint128();
        total += amount;
        token.safeTransferFrom(msg.sender, address(this), amount);
        emit Bonded(msg.sender, amount);
    }

    /// The period begins anew for all that is unbonding.
    function unbond(uint256 amount) external {
        Position storage p = positions[msg.sender];
        if (amount > p.bonded) revert NotBonded(p.bonded, amount);
        p.bonded -= uint128(amount);
        p.unbonding = (uint256(p.unbonding) + amount).toUint128();
        p.releaseAt = uint64(block.timestamp + unbondingPeriod);
        emit Unbonding(msg.sender, amount, p.releaseAt);
    }

    function withdraw() external nonReentrant returns (uint256 amount) {
        Position storage p = positions[msg.sender];
        uint256 until = p.open == 0 ? p.lockedUntil : p.lockedUntil + LOCK_MOST;
        if (p.releaseAt > until) until = p.releaseAt;
        if (block.timestamp < until) revert NotYet(until);
        amount = p.unbonding;
        p.unbonding = 0;
        total -= amount;
        token.safeTransfer(msg.sender, amount);
        emit Withdrawn(msg.sender, amount);
    }

    /// lock, if that much can be slashed at all.
    function hold(address account, uint256 least, uint256 until) public {
        Position storage p = positions[account];
        uint256 there = uint256(p.bonded) + p.unbonding;
        if (there < least) revert StakeNeeded(there, least);
        lock(account, until);
    }

    function lock(address account, uint256 until) public onlyRole(SLASHER) {
        uint256 most = block.timestamp + LOCK_MOST;
        if (until > most) until = most;
        Position storage p = positions[account];
        if (until > p.lockedUntil) p.lockedUntil = uint64(until);
    }

    /// hold, and keep the stake in until `release`.
    function answer(address account, uint256 least, uint256 until) external {
        hold(account, least, until);
        ++positions[account].open;
    }

    /// One thing less that each answers for.
    function release(address[] calldata accounts) external onlyRole(SLASHER) {
        for (uint256 i = 0; i < accounts.length; ++i) {
            --positions[accounts[i]].open;
        }
    }

    /// At most what is there; bonded units first. Half goes to bountyTo, if any: whoever slashes itself loses the other half,
    /// which is burned, like everything without a bounty.
    function slash(address account, uint256 amount, address bountyTo)
        external
        onlyRole(SLASHER)
        nonReentrant
        returns (uint256 taken)
    {
        Position storage p = positions[account];
        uint256 fromBonded = amount < p.bonded ? amount : p.bonded;
        uint256 rest = amount - fromBonded;
        uint256 fromUnbonding = rest < p.unbonding ? rest : p.unbonding;
        p.bonded -= uint128(fromBonded);
        p.unbonding -= uint128(fromUnbonding);
        taken = fromBonded + fromUnbonding;
        total -= taken;
        uint256 bounty = bountyTo == address(0) ? 0 : taken / 2;
        if (bounty > 0) token.safeTransfer(bountyTo, bounty);
        if (taken > bounty) token.burn(taken - bounty);
        emit Slashed(account, taken, bountyTo, bounty);
    }
}
