// SPDX-License-Identifier: Apache-2.0
// For tests: a token that calls its payer again while it is being paid out.
pragma solidity ^0.8.24;

interface IPayer {
    function withdraw() external returns (uint256);
    function claim() external returns (uint256);
    function bond(uint256 amount) external;
    function unbond(uint256 amount) external;
}

contract ReentrantToken {
    IPayer private _payer;
    bool public again;
    uint256 public paid;

    function attack(IPayer payer, uint256 amount) external {
        _payer = payer;
        payer.bond(amount);
        payer.unbond(amount);
    }

    function takeOut(bool again_) external {
        again = again_;
        _payer.withdraw();
    }

    function transferFrom(address, address, uint256) external pure returns (bool) {
        return true;
    }

    function transfer(address, uint256 amount) external returns (bool) {
        paid += amount;
        if (again) {
            again = false;
            _payer.withdraw();
        }
        return true;
    }
}
