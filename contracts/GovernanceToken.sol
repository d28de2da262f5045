// SPDX-License-Identifier: Apache-2.0
// The token that votes: a fixed supply, delegation, and past balances, so that no unit votes twice. Votes count from the
// moment that their holder delegates them (to itself or to another).
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";

contract GovernanceToken is ERC20, ERC20Permit, ERC20Votes {
    error ListsDiffer();

    constructor(address[] memory holders, uint256[] memory amounts)
        ERC20("pyzkfl governance", "ZKG")
        ERC20Permit("pyzkfl governance")
    {
        if (holders.length != amounts.length) revert ListsDiffer();
        for (uint256 i = 0; i < holders.length; ++i) {
            _mint(holders[i], amounts[i]);
        }
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) {
        super._update(from, to, value);
    }

    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }
}
