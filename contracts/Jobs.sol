// SPDX-License-Identifier: Apache-2.0
// A job from its terms to its beacon: members accept by registering a dataset root; when all roots are fixed, they commit to
// nonces and reveal them. The committee's weights are frozen between the last commitment and the first reveal. A member that
// lets a deadline pass is out; one that does not reveal what it committed to loses its stake, since it may have looked first.
pragma solidity ^0.8.24;

import {IStatement} from "./IStatement.sol";
import {Reputation} from "./Reputation.sol";
import {Rewards} from "./Rewards.sol";
import {Staking} from "./Staking.sol";
import {ValidatorCommittee} from "./ValidatorCommittee.sol";

abstract contract Jobs {
    uint256 public constant MEMBERS_LEAST = 3; // a sum over fewer would speak about single ones
    uint256 public constant MEMBERS_MOST = 128; // bounds the gas of a round's end
    uint256 public constant EPOCH = 1 days; // of reputation

    enum Phase {
        None,
        Joining,
        Committing,
        Revealing,
        Running,
        Finished,
        Void
    }

    /// Seconds for joining (and each step of the beacon), submitting, aggregating, attesting, challenging.
    struct Terms {
        uint32 joinWindow;
        uint32 submitWindow;
        uint32 aggregateWindow;
        uint32 attestWindow;
        uint32 challengeWindow;
        uint16 seats;
        uint32 proofBytes;
        uint32 publicBytesMost;
        uint128 stake; // at risk with each submission
        IStatement statement; // address 0: proofs are the committee's business alone
    }

    struct Job {
        address coordinator;
        Phase phase;
        uint64 deadline;
        uint16 members;
        uint16 attempt;
        bytes32 bound; // digest of the job with its keys
        bytes32 beacon;
        uint256 active; // a bit for each member
        uint256 done; // who did what the phase waits for
        uint64 rounds; // finished ones
        bytes32 weights; // digest of W_t
    }

    struct Member {
        address account;
        uint64 batches;
        bytes32 root;
        bytes32 commitment;
        bytes32 nonce;
        string name;
    }

    Staking public immutable staking;
    ValidatorCommittee public immutable committee;
    Reputation public immutable reputation;
    Rewards public immutable rewards;

    mapping(bytes32 id => Job) public jobs;
    mapping(bytes32 id => Terms) public termsOf;
    mapping(bytes32 id => mapping(uint256 index => Member)) public members;
    mapping(bytes32 id => mapping(address => uint256)) internal _indexOf; // plus one

    event JobOpened(bytes32 indexed id, address indexed coordinator, bytes32 bound, address[] members, string[] names);
    event DatasetRegistered(bytes32 indexed id, address indexed member, bytes32 root, uint256 batches);
    event BeaconCommitted(bytes32 indexed id, uint256 attempt, address indexed member, bytes32 commitment);
    event BeaconRevealed(bytes32 indexed id, uint256 attempt, address indexed member, bytes32 nonce);
    event BeaconKnown(bytes32 indexed id, uint256 attempt, bytes32 beacon);
    event Expelled(bytes32 indexed id, address indexed member, Phase phase);
    event PhaseChanged(bytes32 indexed id, Phase phase);

    error TermsRefused(string why);
    error WrongPhase(Phase phase);
    error NotAMember(address account);
    error TooEarly(uint256 until);
    error TooLate(uint256 until);
    error DoneBefore();
    error NotCommitted();
    error NotCoordinator();

    constructor(Staking staking_, ValidatorCommittee committee_, Reputation reputation_, Rewards rewards_) {
        (staking, committee, reputation, rewards) = (staking_, committee_, reputation_, rewards_);
    }

    function epochNow() public view returns (uint256) {
        return block.timestamp / EPOCH;
    }

    /// The id names the coordinator too: nobody can take another's job by opening it first.
    function idOf(bytes32 bound, address coordinator) public pure returns (bytes32) {
        return sha256(abi.encodePacked("pyzkfl/1 chain job", bound, coordinator));
    }

    /// bound: digest of the job with its keys, which members know from the setup; who registers a dataset accepts it.
    function openJob(bytes32 bound, Terms calldata t, address[] calldata accounts, string[] calldata names)
        external
        returns (bytes32 id)
    {
        id = idOf(bound, msg.sender);
        Job storage job = jobs[id];
        if (job.phase != Phase.None) revert WrongPhase(job.phase);
        if (accounts.length != names.length) revert TermsRefused("names");
        if (accounts.length < MEMBERS_LEAST || accounts.length > MEMBERS_MOST) revert TermsRefused("members");
        if (t.joinWindow == 0 || t.submitWindow == 0 || t.aggregateWindow == 0 || t.attestWindow == 0 || t.challengeWindow == 0) {
            revert TermsRefused("windows");
        }
        if (t.seats == 0 || t.seats > committee.SEATS_MOST()) revert TermsRefused("seats");
        uint256 whole = uint256(t.submitWindow) + t.aggregateWindow + t.attestWindow + t.challengeWindow;
        // Whoever bonded when it acted can still be slashed when its act is judged.
        if (whole > staking.unbondingPeriod() || whole > staking.LOCK_MOST()) revert TermsRefused("windows");
        if (t.proofBytes == 0 || t.proofBytes > 4096 || t.publicBytesMost > 8192) revert TermsRefused("sizes");
        for (uint256 i = 0; i < accounts.length; ++i) {
            uint256 length = bytes(names[i]).length;
            if (length == 0 || length > 64) revert TermsRefused("names");
            if (accounts[i] == address(0) || _indexOf[id][accounts[i]] != 0) revert TermsRefused("members");
            _indexOf[id][accounts[i]] = i + 1;
            members[id][i].account = accounts[i];
            members[id][i].name = names[i];
        }
        termsOf[id] = t;
        (job.coordinator, job.members, job.bound) = (msg.sender, uint16(accounts.length), bound);
        job.active = (1 << accounts.length) - 1;
        emit JobOpened(id, msg.sender, bound, accounts, names);
        _enter(id, Phase.Joining);
    }

    function indexOf(bytes32 id, address account) public view returns (uint256 index) {
        index = _indexOf[id][account];
        if (index == 0) revert NotAMember(account);
        --index;
        if (jobs[id].active >> index & 1 == 0) revert NotAMember(account);
    }

    function registerDataset(bytes32 id, bytes32 root, uint64 batches) external {
        uint256 index = _act(id, Phase.Joining);
        if (batches == 0) revert TermsRefused("batches");
        staking.hold(msg.sender, termsOf[id].stake, block.timestamp + 2 * uint256(termsOf[id].joinWindow));
        (members[id][index].root, members[id][index].batches) = (root, batches);
        emit DatasetRegistered(id, msg.sender, root, batches);
        _advanceIfDone(id);
    }

    /// commitment: SHA-256 of "pyzkfl/1 chain nonce", job, attempt (2 bytes), account, nonce. The account is in it, so that a
    /// copied commitment cannot be revealed.
    function commitBeacon(bytes32 id, bytes32 commitment) external {
        uint256 index = _act(id, Phase.Committing);
        members[id][index].commitment = commitment;
        staking.answer(msg.sender, 0, block.timestamp + 2 * uint256(termsOf[id].joinWindow)); // for showing it
        emit BeaconCommitted(id, jobs[id].attempt, msg.sender, commitment);
        _advanceIfDone(id);
    }

    function revealBeacon(bytes32 id, bytes32 nonce) external {
        uint256 index = _act(id, Phase.Revealing);
        bytes32 commitment = commitmentOf(id, jobs[id].attempt, msg.sender, nonce);
        if (commitment != members[id][index].commitment) revert NotCommitted();
        members[id][index].nonce = nonce;
        emit BeaconRevealed(id, jobs[id].attempt, msg.sender, nonce);
        _advanceIfDone(id);
    }

    function commitmentOf(bytes32 id, uint16 attempt, address account, bytes32 nonce) public pure returns (bytes32) {
        return sha256(abi.encodePacked("pyzkfl/1 chain nonce", id, attempt, account, nonce));
    }

    /// Once a deadline has passed, anyone may go on without those that did not act.
    function expel(bytes32 id) external {
        Job storage job = jobs[id];
        Phase phase = job.phase;
        if (phase != Phase.Joining && phase != Phase.Committing && phase != Phase.Revealing) revert WrongPhase(phase);
        if (block.timestamp < job.deadline) revert TooEarly(job.deadline);
        uint256 absent = job.active & ~job.done;
        if (phase != Phase.Joining) staking.release(_accounts(id, phase == Phase.Committing ? job.done : job.active));
        job.active &= job.done;
        for (uint256 i = 0; i < job.members; ++i) {
            if (absent >> i & 1 == 0) continue;
            address account = members[id][i].account;
            emit Expelled(id, account, phase);
            if (phase == Phase.Revealing) {
                staking.slash(account, termsOf[id].stake, address(0));
                reputation.record(account, 0, 1, epochNow());
            }
        }
        if (_bits(job.active) < MEMBERS_LEAST) return _enter(id, Phase.Void);
        if (phase == Phase.Joining) return _enter(id, Phase.Committing);
        ++job.attempt; // nonces that were revealed are known: all commit anew
        _enter(id, Phase.Committing);
    }

    function _act(bytes32 id, Phase phase) private returns (uint256 index) {
        Job storage job = jobs[id];
        if (job.phase != phase) revert WrongPhase(job.phase);
        if (block.timestamp >= job.deadline) revert TooLate(job.deadline);
        index = indexOf(id, msg.sender);
        if (job.done >> index & 1 == 1) revert DoneBefore();
        job.done |= 1 << index;
    }

    function _advanceIfDone(bytes32 id) private {
        Job storage job = jobs[id];
        if (job.done != job.active) return;
        if (job.phase == Phase.Joining) {
            _enter(id, Phase.Committing);
        } else if (job.phase == Phase.Committing) {
            committee.freeze(id, epochNow());
            _enter(id, Phase.Revealing);
        } else {
            bytes memory all = abi.encodePacked("pyzkfl/1 chain beacon", id, job.attempt);
            for (uint256 i = 0; i < job.members; ++i) {
                Member storage m = members[id][i];
                if (job.active >> i & 1 == 1) all = abi.encodePacked(all, m.account, m.root, m.batches, m.nonce);
            }
            job.beacon = sha256(all);
            emit BeaconKnown(id, job.attempt, job.beacon);
            staking.release(_accounts(id, job.active));
            _enter(id, Phase.Running);
        }
    }

    function _enter(bytes32 id, Phase phase) internal {
        Job storage job = jobs[id];
        (job.phase, job.done) = (phase, 0);
        job.deadline = uint64(block.timestamp + termsOf[id].joinWindow);
        emit PhaseChanged(id, phase);
    }

    /// Of the members in a set.
    function _accounts(bytes32 id, uint256 set) internal view returns (address[] memory accounts) {
        accounts = new address[](_bits(set));
        uint256 n = 0;
        for (uint256 i = 0; set >> i != 0; ++i) {
            if (set >> i & 1 == 1) accounts[n++] = members[id][i].account;
        }
    }

    function _bits(uint256 v) internal pure returns (uint256 n) {
        for (; v != 0; v &= v - 1) {
            ++n;
        }
    }
}
