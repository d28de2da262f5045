// SPDX-License-Identifier: Apache-2.0
// The rounds of a job. A submission passes four stages: format, membership and replay when it is sent; its proof by the
// committee; the aggregate by the committee; and a window in which anyone may show on the chain that the verdict on a proof
// is wrong, or, where there is no verdict, that a proof is false. Submissions are emitted in full, because without the bytes
// nobody could. The sum of commitments is kept as they come. A round without a sum is the committee's business too: the chain
// cannot see whose fault that is. docs/contracts.md has the attacks and the answers.
pragma solidity ^0.8.24;

import {Bn254, G1} from "./Bn254.sol";
import {Facts, IStatement} from "./IStatement.sol";
import {Jobs} from "./Jobs.sol";
import {Reputation} from "./Reputation.sol";
import {Rewards} from "./Rewards.sol";
import {Staking} from "./Staking.sol";
import {ValidatorCommittee} from "./ValidatorCommittee.sol";

contract TrainingRegistry is Jobs {
    // What a proof's check is given; more than any takes, so that too little gas can never pass for a false proof.
    uint256 public constant CHECK_GAS = 1_500_000;
    /// Stands in the place of an aggregate that did not come in time.
    bytes32 public constant NO_AGGREGATE = keccak256("no aggregate");
    /// In the verdict on such a round: the coordinator had what it needed.
    uint256 public constant WITHHELD = 1 << 255;
    // Stands in `submitted` from the start, so that the slot is not empty and the first submission pays what others pay.
    uint256 private constant OPEN = 1 << 255;

    enum Stage {
        None,
        Submitting,
        Attesting,
        Closed
    }

    struct Round {
        Stage stage;
        uint64 startedAt;
        uint64 submitUntil;
        uint64 aggregateUntil;
        uint64 attestUntil;
        uint256 submitted; // a bit for each member
        uint256 survivors;
        bytes32 submissions; // running digest
        bytes32 weightsCommitment; // digest of C(W_t)
        bytes32 nextWeights;
        bytes32 work; // digest of examples and gains
    }

    struct Published {
        uint256 survivors;
        bytes32 sumDigest;
        bytes32 blinder;
        bytes32 nextWeights;
        uint32[] examples; // of each survivor, in order
        uint32[] gains;
    }

    /// Opens the stored digest of a submission.
    struct Entry {
        uint256 index;
        G1 commitment;
        bytes32 publicValues;
        bytes32 proof;
    }

    struct Evidence {
        uint256 index;
        G1 commitment;
        bytes publicValues;
        bytes proof;
        G1 weightsCommitment;
    }

    mapping(bytes32 id => mapping(uint256 round => Round)) public rounds;
    mapping(bytes32 id => mapping(uint256 round => mapping(uint256 index => bytes32))) public entries;
    // Sum of commitments of the open round, plus the generator: so that the two slots are never empty, and the first
    // submission pays what the others pay.
    mapping(bytes32 id => G1) private _sum;
    mapping(bytes32 => uint256) public promised; // challenges to come: block of the promise

    event RoundStarted(bytes32 indexed id, uint256 indexed round, bytes32 weights, G1 weightsCommitment);
    event Submitted(bytes32 indexed id, uint256 indexed round, uint256 indexed index, G1 commitment, bytes publicValues, bytes proof);
    event AggregatePublished(bytes32 indexed id, uint256 indexed round, G1 sum, Published published);
    event AggregateMissing(bytes32 indexed id, uint256 indexed round);
    event Rejected(bytes32 indexed id, uint256 indexed round, uint256 index);
    event Overturned(bytes32 indexed id, uint256 indexed round, uint256 index, bool holds, address challenger);
    event RoundClosed(bytes32 indexed id, uint256 indexed round, bytes32 weights);
    event RoundVoid(bytes32 indexed id, uint256 indexed round, string why);

    error WrongStage(Stage stage);
    error OtherWeights();
    error SubmittedBefore();
    error FormatRefused(string what);
    error OtherEntry(uint256 index);
    error TooFewSurvivors();
    error NotDecided();
    error NotPromised();
    error NotCheckable();
    error VerdictHolds();
    error GasNeeded();

    constructor(Staking staking_, ValidatorCommittee committee_, Reputation reputation_, Rewards rewards_)
        Jobs(staking_, committee_, reputation_, rewards_)
    {}

    function _running(bytes32 id, Stage stage) private view returns (Job storage job, Round storage round) {
        job = jobs[id];
        if (job.phase != Phase.Running) revert WrongPhase(job.phase);
        round = rounds[id][job.rounds];
        if (round.stage != stage) revert WrongStage(round.stage);
    }

    // ---- submitting ----------------------------------------------------------------------------------------------

    function startRound(bytes32 id, bytes32 weights, G1 calldata weightsCommitment) external {
        (Job storage job, Round storage round) = _running(id, Stage.None);
        if (msg.sender != job.coordinator) revert NotCoordinator();
        if (job.weights != 0 && job.weights != weights) revert OtherWeights();
        if (!Bn254.isPoint(weightsCommitment.x, weightsCommitment.y)) revert FormatRefused("weights commitment");
        Terms storage t = termsOf[id];
        job.weights = weights;
        round.stage = Stage.Submitting;
        round.submitted = OPEN;
        round.startedAt = uint64(block.timestamp);
        round.submitUntil = uint64(block.timestamp + t.submitWindow);
        round.aggregateUntil = uint64(block.timestamp + t.submitWindow + t.aggregateWindow);
        round.weightsCommitment = keccak256(abi.encode(weightsCommitment));
        // Whatever can be chosen by a sender is behind what was fixed before it.
        round.submissions = keccak256(abi.encode(id, job.rounds, weights, weightsCommitment, job.beacon));
        _sum[id] = G1(1, 2);
        staking.answer(msg.sender, t.stake, _lastMoment(round, t));
        emit RoundStarted(id, job.rounds, weights, weightsCommitment);
    }

    function _lastMoment(Round storage round, Terms storage t) private view returns (uint256) {
        return uint256(round.aggregateUntil) + t.attestWindow + t.challengeWindow;
    }

    /// Format, membership, replay. The proof is for the committee, and for anyone who challenges.
    function submit(bytes32 id, G1 calldata commitment, bytes calldata publicValues, bytes calldata proof) external {
        (Job storage job, Round storage round) = _running(id, Stage.Submitting);
        if (block.timestamp >= round.submitUntil) revert TooLate(round.submitUntil);
        uint256 index = indexOf(id, msg.sender);
        uint256 submitted = round.submitted;
        if (submitted >> index & 1 == 1) revert SubmittedBefore();
        Terms storage t = termsOf[id];
        if (proof.length != t.proofBytes) revert FormatRefused("proof");
        if (publicValues.length > t.publicBytesMost) revert FormatRefused("public values");
        if (!Bn254.isProofPoint(commitment.x, commitment.y)) revert FormatRefused("commitment");
        staking.answer(msg.sender, t.stake, _lastMoment(round, t));
        bytes32 entry = keccak256(abi.encode(Entry(index, commitment, keccak256(publicValues), keccak256(proof))));
        entries[id][job.rounds][index] = entry;
        round.submitted = submitted | 1 << index;
        round.submissions = keccak256(abi.encode(round.submissions, entry));
        _add(id, commitment);
        emit Submitted(id, job.rounds, index, commitment, publicValues, proof);
    }

    function _add(bytes32 id, G1 memory point) private {
        G1 storage sum = _sum[id];
        G1 memory next = Bn254.add(G1(sum.x, sum.y), point);
        (sum.x, sum.y) = (next.x, next.y);
    }

    /// The sum of the commitments of the open round so far, or of the survivors of the last one.
    function sumOf(bytes32 id) public view returns (G1 memory) {
        return Bn254.add(_sum[id], Bn254.neg(G1(1, 2)));
    }

    // ---- the aggregate -------------------------------------------------------------------------------------------

    /// out: entries of those that submitted and are not in the sum (their masks did not come), in order.
    function publishAggregate(bytes32 id, Published calldata published, Entry[] calldata out) external {
        (Job storage job, Round storage round) = _running(id, Stage.Submitting);
        if (msg.sender != job.coordinator) revert NotCoordinator();
        if (block.timestamp < round.submitUntil && round.submitted != job.active | OPEN) revert TooEarly(round.submitUntil);
        if (block.timestamp >= round.aggregateUntil) revert TooLate(round.aggregateUntil);
        uint256 survivors = published.survivors;
        uint256 n = _bits(survivors);
        if (n < MEMBERS_LEAST) revert TooFewSurvivors();
        if (survivors & (~round.submitted | OPEN) != 0) revert FormatRefused("survivors");
        if (published.examples.length != n || published.gains.length != n) revert FormatRefused("work");
        uint256 left = round.submitted & ~survivors & ~OPEN;
        for (uint256 i = 0; i < out.length; ++i) {
            Entry calldata entry = out[i];
            if (entry.index > 255 || left >> entry.index & 1 == 0) revert OtherEntry(entry.index);
            if (keccak256(abi.encode(entry)) != entries[id][job.rounds][entry.index]) revert OtherEntry(entry.index);
            left ^= 1 << entry.index;
            _add(id, Bn254.neg(entry.commitment));
        }
        if (left != 0) revert FormatRefused("survivors");
        _open(id, job, round, published);
    }

    function _open(bytes32 id, Job storage job, Round storage round, Published calldata published) private {
        G1 memory sum = sumOf(id);
        round.survivors = published.survivors;
        round.nextWeights = published.nextWeights;
        round.work = keccak256(abi.encode(published.examples, published.gains));
        _ask(id, job, round, keccak256(abi.encode(sum, published)));
        emit AggregatePublished(id, job.rounds, sum, published);
    }

    /// The committee decides.
    function _ask(bytes32 id, Job storage job, Round storage round, bytes32 aggregate) private {
        Terms storage t = termsOf[id];
        round.stage = Stage.Attesting;
        round.attestUntil = uint64(block.timestamp + t.attestWindow);
        committee.open(
            id, id, job.rounds, job.beacon, t.seats, round.submissions, aggregate, round.attestUntil,
            uint256(round.attestUntil) + t.challengeWindow
        );
    }

    // ---- the end of a round --------------------------------------------------------------------------------------

    /// A round whose aggregate did not come in time. Members may have kept their masks, or the coordinator the sum: the
    /// committee says which submissions were false, and whether the coordinator had what it needed.
    function voidWithoutAggregate(bytes32 id) external {
        (Job storage job, Round storage round) = _running(id, Stage.Submitting);
        if (block.timestamp < round.aggregateUntil) revert TooEarly(round.aggregateUntil);
        if (_bits(round.submitted & ~OPEN) < MEMBERS_LEAST) return _void(id, job, round, "no aggregate");
        _ask(id, job, round, NO_AGGREGATE);
        emit AggregateMissing(id, job.rounds);
    }

    function _void(bytes32 id, Job storage job, Round storage round, string memory why) private {
        emit RoundVoid(id, job.rounds, why);
        _end(id, job, round);
    }

    function _end(bytes32 id, Job storage job, Round storage round) private {
        round.stage = Stage.Closed;
        ++job.rounds;
        address[] memory coordinator = new address[](1);
        coordinator[0] = job.coordinator;
        staking.release(coordinator);
        staking.release(_accounts(id, round.submitted & ~OPEN));
    }

    /// After the challenge window: rejected submissions cost their stake, the others earn. Where there is no verdict the window
    /// is for showing false proofs: a vote that stalls spares no forger.
    function finalise(bytes32 id, uint32[] calldata examples, uint32[] calldata gains) external {
        (Job storage job, Round storage round) = _running(id, Stage.Attesting);
        uint256 number = job.rounds;
        (ValidatorCommittee.Seat[] memory seats, bool[] memory signed, bytes32 decided, uint256 accepted, uint256 at_) =
            committee.outcome(id, number);
        if (decided == 0) {
            if (block.timestamp < round.attestUntil) revert NotDecided();
            at_ = round.attestUntil;
        }
        if (decided != 0 || address(termsOf[id].statement) != address(0)) {
            if (block.timestamp < at_ + termsOf[id].challengeWindow) revert TooEarly(at_ + termsOf[id].challengeWindow);
        }
        uint256 epoch = epochNow();
        for (uint256 i = 0; i < seats.length; ++i) {
            reputation.record(seats[i].validator, signed[i] ? 1 : 0, signed[i] ? 0 : 1, epoch);
        }
        if (decided == 0) return _void(id, job, round, "no verdict");
        for (uint256 i = 0; i < job.members; ++i) {
            if (round.submitted >> i & 1 == 0 || accepted >> i & 1 == 1) continue;
            _reject(id, number, i, address(0));
        }
        if (round.survivors == 0) {
            if (accepted & WITHHELD != 0) _fault(job.coordinator, termsOf[id].stake, address(0));
            return _void(id, job, round, "no aggregate");
        }
        if (round.survivors & ~accepted != 0) return _void(id, job, round, "a survivor was rejected");
        if (keccak256(abi.encode(examples, gains)) != round.work) revert FormatRefused("work");
        job.weights = round.nextWeights;
        emit RoundClosed(id, number, round.nextWeights);
        _end(id, job, round);
        _reward(id, number, round.survivors, examples, gains, seats, signed);
    }

    function _reject(bytes32 id, uint256 number, uint256 index, address bountyTo) private {
        emit Rejected(id, number, index);
        _fault(members[id][index].account, termsOf[id].stake, bountyTo);
    }

    function _fault(address account, uint256 stake, address bountyTo) private {
        staking.slash(account, stake, bountyTo);
        reputation.record(account, 0, 1, epochNow());
    }

    function _reward(
        bytes32 id,
        uint256 number,
        uint256 survivors,
        uint32[] calldata examples,
        uint32[] calldata gains,
        ValidatorCommittee.Seat[] memory seats,
        bool[] memory signed
    ) private {
        address[] memory accounts = new address[](examples.length);
        uint256[] memory weights = new uint256[](examples.length);
        uint256 n = 0;
        for (uint256 i = 0; survivors >> i != 0; ++i) {
            if (survivors >> i & 1 == 0) continue;
            accounts[n] = members[id][i].account;
            weights[n] = rewards.weight(examples[n], gains[n]);
            reputation.record(accounts[n++], 1, 0, epochNow());
        }
        address[] memory validators = new address[](seats.length);
        uint256[] memory stakes = new uint256[](seats.length);
        for (uint256 i = 0; i < seats.length; ++i) {
            validators[i] = seats[i].validator;
            stakes[i] = signed[i] ? seats[i].stake : 0;
        }
        rewards.distribute(keccak256(abi.encode(id, number)), accounts, weights, validators, stakes);
    }

    function finish(bytes32 id) external {
        (Job storage job,) = _running(id, Stage.None);
        if (msg.sender != job.coordinator) revert NotCoordinator();
        _enter(id, Phase.Finished);
    }

    // ---- challenges ----------------------------------------------------------------------------------------------

    function promiseOf(address challenger, bytes32 id, uint256 number, uint256 index, bytes32 salt)
        public
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(challenger, id, number, index, salt));
    }

    /// A block before a challenge: whoever copies the challenge when it shows has not promised it.
    function promiseChallenge(bytes32 promise_) external {
        if (promised[promise_] == 0) promised[promise_] = block.number;
    }

    /// Shows that the verdict on a proof is wrong, by checking it here. All who signed the verdict lose their stakes, half of
    /// it to the challenger; the round is void. Where the committee did not decide in its time: shows that a proof is false,
    /// and its member pays.
    function challenge(bytes32 id, Evidence calldata evidence, bytes32 salt) external {
        (Job storage job, Round storage round) = _running(id, Stage.Attesting);
        uint256 number = job.rounds;
        (,, bytes32 decided, uint256 accepted, uint256 at_) = committee.outcome(id, number);
        if (decided == 0) {
            if (block.timestamp < round.attestUntil) revert NotDecided();
            (at_, accepted) = (round.attestUntil, type(uint256).max); // nobody is rejected yet
        }
        if (block.timestamp >= at_ + termsOf[id].challengeWindow) revert TooLate(at_ + termsOf[id].challengeWindow);
        uint256 since = promised[promiseOf(msg.sender, id, number, evidence.index, salt)];
        if (since == 0 || since >= block.number) revert NotPromised();
        bool holds = _check(id, job, round, number, evidence);
        if (holds == (accepted >> evidence.index & 1 == 1)) revert VerdictHolds();
        if (decided == 0) {
            delete entries[id][number][evidence.index]; // once
            return _reject(id, number, evidence.index, msg.sender);
        }
        emit Overturned(id, number, evidence.index, holds, msg.sender);
        _void(id, job, round, "the verdict was overturned");
        committee.slashAttesters(id, number, msg.sender);
        if (!holds) _fault(members[id][evidence.index].account, termsOf[id].stake, msg.sender);
    }

    function _check(bytes32 id, Job storage job, Round storage round, uint256 number, Evidence calldata e)
        private
        view
        returns (bool)
    {
        IStatement statement = termsOf[id].statement;
        if (address(statement) == address(0)) revert NotCheckable();
        bytes32 entry =
            keccak256(abi.encode(Entry(e.index, e.commitment, keccak256(e.publicValues), keccak256(e.proof))));
        if (entry != entries[id][number][e.index]) revert OtherEntry(e.index);
        if (keccak256(abi.encode(e.weightsCommitment)) != round.weightsCommitment) revert OtherWeights();
        Member storage m = members[id][e.index];
        Facts memory facts = Facts(
            job.bound, number, e.index, m.name, job.beacon, m.root, m.batches, job.weights, e.weightsCommitment
        );
        if (gasleft() < CHECK_GAS + CHECK_GAS / 32 + 50_000) revert GasNeeded();
        return statement.holds{gas: CHECK_GAS}(facts, e.commitment, e.publicValues, e.proof);
    }
}
