// SPDX-License-Identifier: Apache-2.0
// Who validates a round, and what they said. Seats are drawn without replacement, weighed by stake and reputation, from the
// job's beacon and a set of validators that was frozen before anyone could know the beacon: stake that moves later changes
// no draw. A verdict stands when more than two thirds of the seats' stake signed it. Two signatures under different verdicts
// on the same facts are evidence, and cost the whole stake; from then on that seat counts neither for a verdict nor in the
// whole. docs/contracts.md has the attacks and the answers.
pragma solidity ^0.8.24;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Reputation} from "./Reputation.sol";
import {Staking} from "./Staking.sol";

/// What a validator signs (EIP-712). submissions, aggregate: the registry's digests; accepted: a bit for each member.
struct Verdict {
    bytes32 job;
    uint256 round;
    bytes32 submissions;
    bytes32 aggregate;
    uint256 accepted;
}

contract ValidatorCommittee is AccessControl, EIP712 {
    bytes32 public constant REGISTRY = keccak256("REGISTRY");
    uint256 public constant VALIDATORS_MOST = 64; // bounds the gas of a draw
    uint256 public constant SEATS_MOST = 16;
    bytes32 private constant VERDICT_TYPE =
        keccak256("Verdict(bytes32 job,uint256 round,bytes32 submissions,bytes32 aggregate,uint256 accepted)");

    struct Seat {
        address validator;
        uint96 stake;
    }

    struct Poll {
        bytes32 submissions;
        bytes32 aggregate;
        uint64 until; // attestations
        uint64 answersUntil; // how long an attester's stake is held
        uint64 decidedAt;
        uint128 totalStake;
        bytes32 decided; // digest of the verdict
        uint256 accepted;
    }

    Staking public immutable staking;
    Reputation public immutable reputation;
    uint256 public stakeLeast; // of a validator
    address[] public validators;
    mapping(address => uint256) private _place; // in the list, plus one

    mapping(bytes32 set => Seat[]) private _frozen; // of a job: address and weight
    mapping(bytes32 poll => Seat[]) private _seats;
    mapping(bytes32 poll => Poll) public polls;
    mapping(bytes32 poll => mapping(address => bytes32)) public votes;
    mapping(bytes32 poll => mapping(bytes32 verdict => uint256)) public tally;
    mapping(bytes32 poll => mapping(address => bool)) public convicted;
    mapping(bytes32 poll => mapping(address => uint256)) private _counted; // of a vote, in the tally

    event Registered(address indexed validator);
    event Left(address indexed validator);
    event Frozen(bytes32 indexed set, Seat[] weights);
    event Drawn(bytes32 indexed job, uint256 indexed round, Seat[] seats);
    event Attested(bytes32 indexed job, uint256 indexed round, address indexed validator, bytes32 verdict);
    event Decided(bytes32 indexed job, uint256 indexed round, bytes32 verdict, uint256 accepted);
    event Equivocated(bytes32 indexed job, uint256 indexed round, address indexed validator);

    error StakeTooSmall(uint256 bonded, uint256 needed);
    error NotAValidator(address account);
    error ListFull();
    error NoValidators();
    error PollClosed();
    error OtherFacts();
    error NoSeat(address signer);
    error VotedOtherwise(address signer);
    error NoEvidence();

    constructor(address admin, Staking staking_, Reputation reputation_, uint256 stakeLeast_) EIP712("pyzkfl", "1") {
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        (staking, reputation, stakeLeast) = (staking_, reputation_, stakeLeast_);
    }

    function setStakeLeast(uint256 amount) external onlyRole(DEFAULT_ADMIN_ROLE) {
        stakeLeast = amount;
    }

    // ---- the list ------------------------------------------------------------------------------------------------

    /// Join the list. In a full one a newcomer takes the place of `instead`, which must have less stake: many small stakes
    /// keep nobody out.
    function register(address instead) external {
        uint256 stake = staking.bonded(msg.sender);
        if (stake < stakeLeast) revert StakeTooSmall(stake, stakeLeast);
        if (_place[msg.sender] != 0) return;
        if (validators.length >= VALIDATORS_MOST) {
            if (_place[instead] == 0 || staking.bonded(instead) >= stake) revert ListFull();
            _remove(instead);
        }
        validators.push(msg.sender);
        _place[msg.sender] = validators.length;
        emit Registered(msg.sender);
    }

    function deregister() external {
        if (_place[msg.sender] == 0) revert NotAValidator(msg.sender);
        _remove(msg.sender);
    }

    function _remove(address account) private {
        uint256 place = _place[account];
        address last = validators[validators.length - 1];
        validators[place - 1] = last;
        _place[last] = place;
        validators.pop();
        delete _place[account];
        emit Left(account);
    }

    function count() external view returns (uint256) {
        return validators.length;
    }

    // ---- drawing -------------------------------------------------------------------------------------------------

    /// Fix weights for a job, before its beacon can be known; once more for each attempt at a beacon.
    function freeze(bytes32 set, uint256 epoch) external onlyRole(REGISTRY) {
        delete _frozen[set];
        uint256 one = reputation.ONE();
        for (uint256 i = 0; i < validators.length; ++i) {
            address account = validators[i];
            uint256 stake = staking.bonded(account);
            if (stake < stakeLeast) continue;
            uint256 weight = stake * reputation.score(account, epoch) / one;
            if (weight > type(uint96).max) weight = type(uint96).max;
            if (weight > 0) _frozen[set].push(Seat(account, uint96(weight)));
        }
        if (_frozen[set].length == 0) revert NoValidators();
        emit Frozen(set, _frozen[set]);
    }

    /// Which places of a list of weights get the seats: seat s at x = SHA-256(seed, s) / 2^128 modulo the sum of the weights
    /// left, in the first place whose running sum is above x.
    function places(bytes32 seed, uint256[] memory weights, uint256 seats) public pure returns (uint256[] memory drawn) {
        uint256 sum = 0;
        for (uint256 i = 0; i < weights.length; ++i) {
            sum += weights[i];
        }
        drawn = new uint256[](seats);
        uint256 n = 0;
        while (n < seats && sum > 0) {
            uint256 x = (uint256(sha256(abi.encodePacked(seed, uint32(n)))) >> 128) % sum;
            uint256 i = 0;
            while (x >= weights[i]) {
                x -= weights[i++];
            }
            drawn[n++] = i;
            sum -= weights[i];
            weights[i] = 0;
        }
        assembly ("memory-safe") {
            mstore(drawn, n)
        }
    }

    /// The seats of a round, and the facts that its verdict must name. A seat's stake is what is bonded now: what was slashed
    /// or is on its way out since the freeze does not count.
    function open(bytes32 set, bytes32 job, uint256 round, bytes32 beacon, uint256 seats, bytes32 submissions, bytes32 aggregate, uint256 until, uint256 answersUntil)
        external
        onlyRole(REGISTRY)
    {
        bytes32 key = pollOf(job, round);
        uint256[] memory weights = new uint256[](_frozen[set].length);
        for (uint256 i = 0; i < weights.length; ++i) {
            weights[i] = _frozen[set][i].stake;
        }
        bytes32 seed = sha256(abi.encodePacked("pyzkfl/1 committee", job, beacon, uint64(round)));
        uint256[] memory drawn = places(seed, weights, seats < SEATS_MOST ? seats : SEATS_MOST);
        uint256 sum = 0;
        for (uint256 i = 0; i < drawn.length; ++i) {
            address account = _frozen[set][drawn[i]].validator;
            uint256 stake = staking.bonded(account);
            if (stake > type(uint96).max) stake = type(uint96).max;
            if (stake == 0) continue;
            _seats[key].push(Seat(account, uint96(stake)));
            sum += stake;
        }
        Poll storage poll = polls[key];
        (poll.submissions, poll.aggregate, poll.totalStake) = (submissions, aggregate, uint128(sum));
        (poll.until, poll.answersUntil) = (uint64(until), uint64(answersUntil));
        emit Drawn(job, round, _seats[key]);
    }

    function pollOf(bytes32 job, uint256 round) public pure returns (bytes32) {
        return keccak256(abi.encode(job, round));
    }

    function seatsOf(bytes32 job, uint256 round) external view returns (Seat[] memory) {
        return _seats[pollOf(job, round)];
    }

    // ---- verdicts ------------------------------------------------------------------------------------------------

    function digestOf(Verdict calldata v) public view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(abi.encode(VERDICT_TYPE, v.job, v.round, v.submissions, v.aggregate, v.accepted))
        );
    }

    /// Signatures of seats under one verdict, brought by anyone. A signature that is known already changes nothing; with none
    /// the votes are counted again, which decides where a conviction has made fewer enough.
    function attest(Verdict calldata v, bytes[] calldata signatures) external {
        bytes32 key = pollOf(v.job, v.round);
        Poll storage poll = polls[key];
        if (poll.until == 0 || block.timestamp >= poll.until) revert PollClosed();
        if (v.submissions != poll.submissions || v.aggregate != poll.aggregate) revert OtherFacts();
        bytes32 digest = digestOf(v);
        uint256 sum = tally[key][digest];
        for (uint256 i = 0; i < signatures.length; ++i) {
            address signer = ECDSA.recover(digest, signatures[i]);
            bytes32 vote = votes[key][signer];
            if (vote == digest) continue;
            if (vote != 0) revert VotedOtherwise(signer);
            if (convicted[key][signer]) continue;
            uint256 stake = _stakeOf(key, signer);
            if (stake == 0) revert NoSeat(signer);
            uint256 now_ = staking.bonded(signer); // what left since does not vote
            if (now_ < stake) stake = now_;
            sum += stake;
            (votes[key][signer], _counted[key][signer]) = (digest, stake);
            staking.lock(signer, poll.answersUntil);
            emit Attested(v.job, v.round, signer, digest);
        }
        tally[key][digest] = sum;
        if (poll.decided == 0 && 3 * sum > 2 * uint256(poll.totalStake)) {
            (poll.decided, poll.accepted, poll.decidedAt) = (digest, v.accepted, uint64(block.timestamp));
            emit Decided(v.job, v.round, digest, v.accepted);
        }
    }

    function _stakeOf(bytes32 key, address signer) private view returns (uint256) {
        Seat[] storage seats = _seats[key];
        for (uint256 i = 0; i < seats.length; ++i) {
            if (seats[i].validator == signer) return seats[i].stake;
        }
        return 0;
    }

    /// Two signatures of one seat under two verdicts on the facts of one round: the whole stake, half of it to whoever shows
    /// them. A verdict on other submissions or another aggregate counts nowhere: it was signed before the chain took blocks
    /// back, by a seat that had to sign again.
    function equivocation(Verdict calldata a, bytes calldata signatureA, Verdict calldata b, bytes calldata signatureB)
        external
    {
        bytes32 digestA = digestOf(a);
        bytes32 digestB = digestOf(b);
        address signer = ECDSA.recover(digestA, signatureA);
        bytes32 key = pollOf(a.job, a.round);
        if (a.job != b.job || a.round != b.round || digestA == digestB) revert NoEvidence();
        Poll storage poll = polls[key];
        if (a.submissions != poll.submissions || b.submissions != poll.submissions) revert NoEvidence();
        if (a.aggregate != poll.aggregate || b.aggregate != poll.aggregate) revert NoEvidence();
        if (signer != ECDSA.recover(digestB, signatureB) || convicted[key][signer]) revert NoEvidence();
        uint256 stake = _stakeOf(key, signer);
        if (stake == 0) revert NoSeat(signer);
        convicted[key][signer] = true;
        // Dishonest stake below a third stays below a third of what is left.
        if (poll.decided == 0) {
            poll.totalStake -= uint128(stake);
            tally[key][votes[key][signer]] -= _counted[key][signer];
        }
        emit Equivocated(a.job, a.round, signer);
        staking.slash(signer, type(uint256).max, msg.sender);
    }

    // ---- for the registry ----------------------------------------------------------------------------------------

    /// Seats, whether each signed the verdict that stands, and the stake that it signed with.
    function outcome(bytes32 job, uint256 round)
        external
        view
        returns (Seat[] memory seats, bool[] memory signed, bytes32 decided, uint256 accepted, uint256 decidedAt)
    {
        bytes32 key = pollOf(job, round);
        Poll storage poll = polls[key];
        seats = _seats[key];
        signed = new bool[](seats.length);
        (decided, accepted, decidedAt) = (poll.decided, poll.accepted, poll.decidedAt);
        for (uint256 i = 0; i < seats.length; ++i) {
            address v = seats[i].validator;
            signed[i] = decided != 0 && votes[key][v] == decided && !convicted[key][v];
        }
    }

    /// The verdict was false: whoever signed it loses the whole stake.
    function slashAttesters(bytes32 job, uint256 round, address bountyTo) external onlyRole(REGISTRY) {
        bytes32 key = pollOf(job, round);
        bytes32 decided = polls[key].decided;
        for (uint256 i = 0; i < _seats[key].length; ++i) {
            address v = _seats[key][i].validator;
            if (votes[key][v] == decided) staking.slash(v, type(uint256).max, bountyTo);
        }
    }
}
