// SPDX-License-Identifier: Apache-2.0
// What a round pays, exact to the unit: a pool is cut at the running sums of weights, so that the shares add up to it and no
// unit is left over or made up. Paid by pull. pyzkfl/tokens.py cuts the same way.
pragma solidity ^0.8.24;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {UtilityToken} from "./UtilityToken.sol";

contract Rewards is AccessControl {
    using SafeERC20 for UtilityToken;

    bytes32 public constant REGISTRY = keccak256("REGISTRY");

    /// What a contribution weighs: base + examples perExample + gain perGain. validators: their part of the pool in 1/10000.
    struct Formula {
        uint128 pool;
        uint32 base;
        uint32 perExample;
        uint32 perGain;
        uint16 validators;
    }

    UtilityToken public immutable token;
    Formula public formula;
    mapping(address => uint256) public owed;
    uint256 public totalOwed;

    event FormulaChanged(Formula formula);
    event Rewarded(bytes32 indexed round, address indexed account, uint256 amount);
    event Claimed(address indexed account, uint256 amount);

    error FormulaRefused();

    constructor(address admin, UtilityToken token_, Formula memory formula_) {
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        token = token_;
        _set(formula_);
    }

    function setFormula(Formula calldata formula_) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _set(formula_);
    }

    function _set(Formula memory formula_) private {
        if (formula_.validators > 10_000) revert FormulaRefused();
        formula = formula_;
        emit FormulaChanged(formula_);
    }

    function weight(uint256 examples, uint256 gain) public view returns (uint256) {
        return formula.base + examples * formula.perExample + gain * formula.perGain;
    }

    /// Mints for the round what is handed out and no more: a side whose weights are all 0 gets nothing.
    function distribute(
        bytes32 round,
        address[] calldata members,
        uint256[] calldata weights,
        address[] calldata validators,
        uint256[] calldata stakes
    ) external onlyRole(REGISTRY) {
        uint256 pool = formula.pool;
        if (pool > token.roundCap()) pool = token.roundCap();
        uint256 forValidators = pool * formula.validators / 10_000;
        uint256 out = _cut(round, pool - forValidators, members, weights) + _cut(round, forValidators, validators, stakes);
        totalOwed += out;
        token.mintForRound(round, address(this), out);
    }

    function _cut(bytes32 round, uint256 pool, address[] calldata accounts, uint256[] calldata weights)
        private
        returns (uint256)
    {
        uint256 sum = 0;
        for (uint256 i = 0; i < weights.length; ++i) {
            sum += weights[i];
        }
        if (sum == 0) return 0;
        uint256 running = 0;
        uint256 before = 0;
        for (uint256 i = 0; i < accounts.length; ++i) {
            running += weights[i];
            uint256 upTo = pool * running / sum;
            owed[accounts[i]] += upTo - before;
            emit Rewarded(round, accounts[i], upTo - before);
            before = upTo;
        }
        return pool;
    }

    function claim() external returns (uint256 amount) {
        amount = owed[msg.sender];
        owed[msg.sender] = 0;
        totalOwed -= amount;
        token.safeTransfer(msg.sender, amount);
        emit Claimed(msg.sender, amount);
    }
}
