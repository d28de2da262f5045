"""A job whose rounds stand in the registry of an EVM chain: what member and coordinator do there beside their messages.

    class Member(EvmMember, Client): ...            class Boss(EvmCoordinator, Coordinator): ...

The protocol is the same (docs/protocol.md). On the chain are dataset roots, the beacon, every submission with its
proof, the sum of commitments, the verdicts and the pay (docs/contracts.md). The members are the validators of their
job: whoever sees the sum checks every submission of the round, those outside the sum too, and signs. Where contracts
can check the job's proofs (pyzkfl.integrations.evm_statement), anyone may overturn a verdict; members then join,
submit and sign only where the facts that the contracts would judge by are their own.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pyzkfl import _core, merkle, proofs
from pyzkfl.client import Client
from pyzkfl.coordinator import Coordinator, Round, RoundReport
from pyzkfl.dataset import DatasetCommitment
from pyzkfl.engine_keys import EngineKeys
from pyzkfl.errors import ParameterError, ProtocolError, PyzkflError, RoundVoidOnChain, UnprovableOption
from pyzkfl.evidence import Claim
from pyzkfl.integrations.evm_statement import StatementOnChain, has_statement, proof_from_chain, proof_on_chain
from pyzkfl.integrations.evm_watch import Watcher
from pyzkfl.job import Job
from pyzkfl.ledger.deployment import Deployment
from pyzkfl.ledger.evm_job import JobOnChain, JobTermsOnChain, Published, SubmissionOnChain
from pyzkfl.ledger.evm_points import g1_to_evm
from pyzkfl.messages import Message, Type
from pyzkfl.proofs import Opening, Submission, Submissions
from pyzkfl.recorder import sum_digest
from pyzkfl.statement import batch_index, weights_digest

__all__ = ["Account", "EvmCoordinator", "EvmMember", "EvmRound", "public_values", "terms_on_chain"]


@dataclasses.dataclass(frozen=True)
class Account:
    """A party on a chain. address, key: its account (the key signs verdicts; the chain signs transactions with it).

    coordinator: the account that opens the job. stake: units to bond. patience: as in JobOnChain.
    """

    contracts: Deployment
    chain_id: int
    address: str
    key: bytes = dataclasses.field(repr=False)
    coordinator: str = ""
    stake: int = 0
    patience: float = 60.0

    def job(self, job: Job) -> JobOnChain:
        """The job, bound to its keys, as this party acts on it."""
        return JobOnChain(
            self.contracts, account=self.address, coordinator=self.coordinator or self.address, bound=job.digest,
            names=[member.name for member in job.members], patience=self.patience,
        )  # fmt: skip


def public_values(dataset: DatasetCommitment, index: int) -> bytes:
    """What a verdict takes from the member beside C(D): rows, C(X), the batch's path in the dataset's tree."""
    batch = dataset.batches[index]
    path = merkle.inclusion_proof([merkle.leaf_hash(other.leaf()) for other in dataset.batches], index)
    return batch.rows.to_bytes(32, "big") + g1_to_evm(batch.commitment) + b"".join(path)


def terms_on_chain(proof_bytes: int, most_batches: int, **windows: Any) -> JobTermsOnChain:
    """Terms for proofs of that size, with room for the public values of datasets of that many batches."""
    depth = max(most_batches - 1, 0).bit_length()
    return JobTermsOnChain(proof_bytes=proof_bytes, public_bytes=96 + 32 * depth, **windows)


def _refuse_others(job: Job) -> None:
    """A submission on the chain has no place for C(V'), nor for the batches of later steps: whoever reads it there
    could not make its statement."""
    if job.carries_momentum:
        raise ParameterError(
            "a job that carries momentum over rounds cannot stand on a chain: its submissions have no field for the "
            "next velocity there; set carry_momentum=False"
        )
    if job.network is not None and job.steps > 1:
        raise UnprovableOption(
            f"a job of the engine with {job.steps} local steps a round cannot stand on a chain: the contract builds "
            f"the statement of one step (EngineStatement); set steps=1"
        )


class EvmMember(Client):
    """Mixed in before Client or a subclass of it; call `join` before the first message."""

    on_chain: JobOnChain
    _account: Account | None = None

    def join(self, account: Account) -> None:
        """Put the stake down and join the validators."""
        self._account = account

    def handle(self, data: bytes) -> bytes:
        """As Client.handle; the answer leaves when what belongs to it is on the chain. Raises ChainError too."""
        reply = super().handle(data)
        acts: dict[Type, Callable[[bytes], None]] = {
            Type.JOB: self._register,
            Type.REGISTRATIONS: lambda _: self.on_chain.commit_nonce(),
            Type.BEACON_COMMITMENTS: lambda _: self.on_chain.reveal_nonce(),
            Type.MASK_SHARES: self._submit_on_chain,
            Type.AGGREGATE: self._judge,
            Type.FINISH: lambda _: self._claim(),
        }
        act = acts.get(Message.open(data, signer=self._coordinator).type)
        if act is not None:
            act(reply)
        return reply

    def _register(self, reply: bytes) -> None:
        if self._account is None or self._dataset is None:
            raise ParameterError(f"{self.name}: join the chain first")
        _refuse_others(self.job)
        self.on_chain = self._account.job(self.job)
        self._check_terms()
        self.on_chain.bond(self._account.stake)
        self.on_chain.validate()
        self.on_chain.register(self._dataset.public.root, len(self._dataset))

    def _check_terms(self) -> None:
        """What registering accepts: by these terms this member's stake is judged, as submitter and as validator."""
        self.on_chain.expect_place(self.name)
        terms = self.on_chain.terms()
        if has_statement(self.job) != terms.has_statement:
            raise ProtocolError(
                f"{self.name}: the job's proofs {'can' if has_statement(self.job) else 'cannot'} be checked by a "
                f"contract, and its terms on the chain name {'one' if terms.has_statement else 'none'}"
            )
        if terms.has_statement:
            chain = self.on_chain.contracts.registry.chain
            StatementOnChain(self.job, self.keys).expect(chain, terms.statement)

    def watcher(self, account: Account | None = None, **options: Any) -> Watcher:
        """What challenges false verdicts of this job by this member's account; run it from the registration on.

        account: the same one over a connection of its own, where the watcher runs in a thread. options: as in Watcher.
        ParameterError where no contract checks the job's proofs.
        """
        account = account or self._account
        if account is None:
            raise ParameterError(f"{self.name}: join the chain first")
        return Watcher(account.job(self.job), **options)

    def _claim(self) -> None:
        self.on_chain.claim()

    def _combine(self, roots: Mapping[str, bytes], reveals: Mapping[str, bytes]) -> bytes:
        super()._combine(roots, reveals)  # the messages must be right as well
        for name, root in roots.items():
            if self.on_chain.dataset(name) != (root, len(self._datasets[name].batches)):
                raise ProtocolError(f"{self.name}: {name!r} registered another dataset on the chain")
        return self.on_chain.beacon()

    def _submit_on_chain(self, reply: bytes) -> None:
        own = Message.open(reply, signer=self._identity.public_bytes)
        body = Message.open(own.body["submission"], signer=self._identity.public_bytes).body
        values = self._values(self.name, self._round)
        assert self.weights is not None  # it trained
        self._expect_round(self.weights)
        self.on_chain.submit(self._round, body["commitment"], values, proof_on_chain(self.job, body["proof"]))

    def _expect_round(self, weights: npt.NDArray[np.int64]) -> None:
        point = self.keys.commit_weights(weights) if isinstance(self.keys, EngineKeys) else None
        self.on_chain.expect_round(self._round, weights_digest(weights), point)

    def _values(self, name: str, round_: int) -> bytes:
        dataset = self._datasets[name]
        assert self._beacon is not None  # after registration
        return public_values(dataset, batch_index(self._beacon, round_, name, len(dataset.batches)))

    def _judge(self, reply: bytes) -> None:
        """Check the round as the chain has it, and sign the verdict; ProtocolError where the aggregate is another."""
        assert self._account is not None and self.weights is not None
        if not self.on_chain.has_seat(self._round):
            return
        self._expect_round(self._submissions[0].statement.weights)
        held = self._held()
        published = self.on_chain.published(self._round)
        statements = [s.statement for s in self._submissions]
        names = tuple(s.client for s in statements)
        expected = (
            tuple(self.job.index_of(name) for name in names),
            _core.curves.g1_sum_compressed([s.update_commitment for s in statements]),
            weights_digest(self.weights),
            tuple(s.rows for s in statements),
            (0,) * len(names),
        )
        found = (published.survivors, published.commitment, published.next_weights, published.examples, published.gains)
        if found != expected or not set(names) <= set(held) or self._sum != (published.sum_digest, published.blinder):
            raise ProtocolError(f"{self.name}: the chain's aggregate of round {self._round} is not the opened one")
        accepted = [self.job.index_of(name) for name in held]
        self.on_chain.attest(self._round, accepted, self._account.key, self._account.chain_id)

    def _held(self) -> list[str]:
        """Whose submission on the chain holds. Where a contract can be asked too, ProtocolError if it disagrees: this
        member's stake would answer for the difference."""
        held = []
        for name, sent in self.on_chain.submissions(self._round).items():
            holds = self._holds(name, sent)
            if has_statement(self.job) and self.on_chain.holds(self._round, name, sent) != holds:
                raise ProtocolError(f"{self.name}: chain and member disagree about the proof of {name!r}: not signed")
            if holds:
                held.append(name)
        return held

    def _holds(self, name: str, sent: SubmissionOnChain) -> bool:
        statement = self.statement_of(name, sent.commitment, weights=self._submissions[0].statement.weights)
        try:
            proofs.verify(statement, proof_from_chain(self.job, sent.proof), self.keys)
        except PyzkflError:
            return False
        return sent.public_values == self._values(name, self._round)

    def _on_aggregate(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        answer = super()._on_aggregate(request)
        total = np.array(request.body["total"], dtype=np.int64)
        self._sum = (sum_digest(total), request.body["blinder"])
        return answer


class EvmRound(Round):
    """A round that begins and ends on the chain. Mixed in before Round or a subclass of it."""

    @property
    def on_chain(self) -> JobOnChain:
        """The coordinator's view of the job there."""
        assert isinstance(self.c, EvmCoordinator)
        return self.c.on_chain

    def run(self) -> RoundReport:
        keys = self.c._need_keys()
        point = keys.commit_weights(self.c.weights) if isinstance(keys, EngineKeys) else None
        self.on_chain.start_round(self.round, weights_digest(self.c.weights), point)
        return super().run()

    def publish(self, opening: Opening, entries: list[list[Any]]) -> RoundReport:
        """The sum goes to the chain before the members, who judge it there; then windows pass and the round is paid."""
        c, chain = self.c, self.on_chain
        assert isinstance(c, EvmCoordinator)
        items = tuple(submission for submission, _ in self.accepted.values())
        checked = proofs.aggregate(self.job, Submissions(items, opening, c._need_keys()))
        examples = tuple(item.statement.rows for item in items)
        published = Published(
            survivors=tuple(self.job.index_of(name) for name in checked.survivors), commitment=checked.commitment,
            sum_digest=sum_digest(checked.total), blinder=opening.blinder,
            next_weights=weights_digest(checked.weights), examples=examples, gains=(0,) * len(items),
        )  # fmt: skip
        submissions = chain.submissions(self.round)
        if len(submissions) < len(self.job.members):
            c.let_pass(chain.round_state(self.round)["submit_until"])
        chain.publish(self.round, published, submissions)
        report = super().publish(opening, entries)
        outcome = chain.end_round(self.round, c.let_pass)
        rejected = chain.rejected(self.round)
        c._event("round_on_chain", {"round": self.round, "outcome": outcome, "rejected": rejected})
        if outcome != "closed":
            c.void_on_chain = RoundVoidOnChain(
                f"round {self.round} is void on the chain: {outcome}; members and chain have other weights, open a new "
                f"job"
            )
            raise c.void_on_chain
        return report

    def void(self, error: PyzkflError) -> RoundReport:
        report = super().void(error)
        assert isinstance(self.c, EvmCoordinator)
        self.on_chain.end_round(self.round, self.c.let_pass)
        return report


class EvmCoordinator(Coordinator):
    """Mixed in before Coordinator or a subclass of it; call `use` before the registration."""

    on_chain: JobOnChain
    _account: Account | None = None
    _let_pass: Callable[[int], None] | None = None
    void_on_chain: RoundVoidOnChain | None = None  # why no further round can be

    def use(
        self,
        account: Account,
        terms: JobTermsOnChain,
        accounts: Sequence[str],
        *,
        let_pass: Callable[[int], None] | None = None,
    ) -> None:
        """account: the coordinator's; accounts: of the members, in order. let_pass: waits until the chain's clock shows
        a time (seconds); default: sleeps and looks. Where contracts can check the job's proofs, the coordinator deploys
        them, and the terms name them in place of what they say of statement and size of a proof."""
        self._account, self._terms, self._accounts, self._let_pass = account, terms, tuple(accounts), let_pass

    @property
    def round_type(self) -> type[Round]:
        """Rounds on the chain."""
        return EvmRound

    def run_round(self, round_: int) -> RoundReport:
        if self.void_on_chain is not None:
            raise self.void_on_chain
        return super().run_round(round_)

    def run_registration(self) -> None:
        if self._account is None:
            raise ParameterError("give the coordinator its account on the chain first: use()")
        _refuse_others(self.job)
        self.on_chain = self._account.job(self.job)
        self.on_chain.bond(self._account.stake)
        if has_statement(self.job):
            contracts = StatementOnChain(self.job, self._need_keys())
            address = contracts.deploy(self.on_chain.contracts.registry.chain, sender=self._account.address)
            self._terms = dataclasses.replace(self._terms, statement=address, proof_bytes=contracts.proof_bytes)
        self.on_chain.open(self._terms, self._accounts)
        super().run_registration()

    def _combine(
        self, roots: Mapping[str, bytes], commitments: Mapping[str, bytes], reveals: Mapping[str, bytes]
    ) -> bytes:
        super()._combine(roots, commitments, reveals)
        return self.on_chain.beacon()

    def check_claim(self, claim: Claim) -> Submission:
        submission, name = super().check_claim(claim), claim.statement.client
        sent = self.on_chain.submissions(claim.statement.round).get(name)
        proof = proof_on_chain(self.job, submission.proof.to_bytes())
        ours = (submission.statement.update_commitment, proof)
        if sent is None or (sent.commitment, sent.proof) != ours:
            raise ProtocolError(f"{name} submitted something else on the chain")
        return submission

    def let_pass(self, until: int) -> None:
        """Wait until the chain's clock shows this."""
        if self._let_pass is not None:
            return self._let_pass(until)
        assert self._account is not None
        while self._account.contracts.registry.chain.time() < until:
            time.sleep(1.0)
        return None

    def finish(self) -> None:
        self.on_chain.finish()
        super().finish()
