// SPDX-License-Identifier: Apache-2.0
// The token that pays and that is at stake. New units come only as the reward of a round, once for each round, and never
// more than the round's cap, which governance may move below a ceiling that nobody moves.
pragma solidity ^0.8.24;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

contract UtilityToken is ERC20, ERC20Permit, ERC20Burnable, AccessControl {
    bytes32 public constant MINTER = keccak256("MINTER");
    uint256 public immutable capCeiling;
    uint256 public roundCap;
    mapping(bytes32 round => bool) public minted;

    error OverCap(uint256 amount, uint256 cap);
    error MintedBefore(bytes32 round);

    constructor(address admin, uint256 supply, uint256 cap, uint256 ceiling)
        ERC20("pyzkfl utility", "ZKU")
        ERC20Permit("pyzkfl utility")
    {
        if (cap > ceiling) revert OverCap(cap, ceiling);
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        (roundCap, capCeiling) = (cap, ceiling);
        _mint(admin, supply);
    }

    function setRoundCap(uint256 cap) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (cap > capCeiling) revert OverCap(cap, capCeiling);
        roundCap = cap;
    }

    function mintForRound(bytes32 round, address to, uint256 amount) external onlyRole(MINTER) {
        if (amount > roundCap) revert OverCap(amount, roundCap);
        if (minted[round]) revert MintedBefore(round);
        minted[round] = true;
        _mint(to, amount);
    }
}
