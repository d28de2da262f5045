"""The ledger on an EVM chain: the same blocks of signed records as in a file, in the events of contracts/RecordLog.sol.

The chain orders and keeps them. Whoever reads trusts neither the chain's node nor the operator: every block that comes
is checked as in a file (signatures, hash chain, Merkle root, the rules of jobs) before it is shown.
"""

from __future__ import annotations

import contextlib
import copy
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from pyzkfl import merkle
from pyzkfl.encoding import Envelope, Kind, Signer
from pyzkfl.errors import (
    ChainError,
    ChainReorganised,
    InsufficientFunds,
    LedgerError,
    NodeUnreachable,
    ParameterError,
    PyzkflError,
    TransactionReverted,
    WrongChain,
)
from pyzkfl.ledger import _framing
from pyzkfl.ledger.blocks import RECORD_HEADER, Block, InclusionProof, SignedBlock, StoredRecord
from pyzkfl.ledger.chain import Chain, Contract, Event, artifact
from pyzkfl.ledger.evm_mirror import Mirror
from pyzkfl.ledger.interface import Ledger, VerifyProgress, VerifyReport
from pyzkfl.ledger.records import RECORD_BYTES_MAX, Record
from pyzkfl.ledger.rules import Entry, Rules, signatures_hold
from pyzkfl.ledger.sqlite import BATCH_MAX

__all__ = ["TRANSACTION_BYTES_MAX", "EvmLedger"]

TRANSACTION_BYTES_MAX = 120_000  # nodes pass on transactions of at most 128 KiB
_RECORD_BYTES = 192  # of a record beside its sealed bytes: frame's header, padding, offset and length in the call
_RACES = 5  # times that another writer may be faster
_PAUSE_S = 0.2

Waiting = Callable[[ChainError], None]


class EvmLedger(Ledger):
    """A ledger in the events of a contract. Make one with `create`, open it with `open`.

    patience: seconds for which `append` goes on trying while no node answers, the account is out of funds, or the
    chain took blocks back, before it raises the error of that; on_wait: called with the error each time it waits.

    >>> from pyzkfl._core.identity import IdentityKey
    >>> from pyzkfl.ledger.revm import RevmChain
    >>> chain, operator = RevmChain(), IdentityKey.generate()
    >>> with EvmLedger.create(chain, operator, account=chain.account(0)) as ledger:
    ...     len(ledger), ledger.head().block.height, ledger.verify().records
    (0, 0, 0)
    """

    def __init__(self, contract: Contract, operator: Signer | None, account: str | None) -> None:
        """Use `create` or `open`."""
        self.patience = 0.0
        self.on_wait: Waiting = lambda error: None
        self._contract, self._operator, self._account = contract, operator, account
        self._lock = threading.RLock()
        self._mirror: Mirror | None = Mirror(self._name)
        self._rules = Rules()
        self._newest: SignedBlock | None = None
        self._seen_at = 0  # block of the chain with the newest block of the ledger
        # A block that was sent, and nobody knows whether it arrived: what was sealed in it, block, frames.
        self._unsettled: tuple[list[bytes], SignedBlock, list[bytes]] | None = None

    @property
    def address(self) -> str:
        """Of the contract: with the chain, what another party needs to open this ledger."""
        return self._contract.address

    @property
    def _name(self) -> str:
        return f"the ledger at {self._contract.address}"

    @staticmethod
    def create(
        chain: Chain,
        operator: Signer,
        *,
        account: str,
        patience: float = 0.0,
        on_wait: Waiting | None = None,
    ) -> EvmLedger:
        """A new, empty ledger whose blocks `operator` signs; `account` deploys it and pays. Raises as Chain.send."""
        contract = Contract.deploy(chain, artifact("RecordLog"), sender=account)
        genesis = Block(
            height=0, previous=bytes(32), first=0, count=0, root=merkle.root([]), last=secrets.token_bytes(32),
            time_ms=time.time_ns() // 1_000_000, operator=bytes(operator.public_bytes),
        )  # fmt: skip
        signed = SignedBlock.sign(operator, genesis)
        contract.send("append", genesis.to_bytes(), signed.signature, [], sender=account)
        return EvmLedger.open(
            chain, contract.address, operator, account=account, patience=patience, on_wait=on_wait
        )  # fmt: skip

    @staticmethod
    def open(
        chain: Chain,
        address: str,
        operator: Signer | None = None,
        *,
        account: str | None = None,
        patience: float = 0.0,
        on_wait: Waiting | None = None,
    ) -> EvmLedger:
        """An existing ledger: for reading, or with its operator's key and account for appending.

        Every block is read and checked. Raises WrongChain where there is no such contract, LedgerError for blocks that
        do not hold and for another operator's ledger, and as Chain.call.
        """
        if (operator is None) != (account is None):
            raise ParameterError("to append, give the operator's key and the account that pays; to read, neither")
        try:
            owner = Contract(chain, address, artifact("RecordLog")).call("operator")
        except NodeUnreachable:
            raise
        except ChainError as error:
            raise WrongChain(
                f"there is no ledger at {address}: check the address, and that the node serves the chain ({error})"
            ) from None
        if account is not None and owner.lower() != account.lower():
            raise LedgerError(f"the ledger at {address} takes blocks of {owner} alone: open it with that account's key")
        ledger = EvmLedger(Contract(chain, address, artifact("RecordLog")), operator, account)
        ledger.patience, ledger.on_wait = patience, on_wait or ledger.on_wait
        try:
            head = ledger.head()
            if operator is not None and head.block.operator != bytes(operator.public_bytes):
                raise LedgerError(
                    f"{ledger._name} is operated by {head.block.operator.hex()[:16]}..., not by the key given: only "
                    "its operator appends; open it without a key to read"
                )
        except BaseException:
            ledger.close()
            raise
        return ledger

    # -- what the chain has ----------------------------------------------------------------------------------------

    def _copy(self) -> Mirror:
        if self._mirror is None:
            raise LedgerError(f"{self._name}: the ledger is closed")
        return self._mirror

    def _synchronise(self) -> Mirror:
        """Read the blocks that came since, and check them."""
        mirror = self._copy()
        on_chain = self._contract.call("head")
        if self._newest is not None and on_chain == self._newest.block.hash:
            return mirror
        if on_chain == bytes(32):
            if self._newest is None:
                raise LedgerError(f"{self._name} has no first block: its operator did not finish making it")
            raise self._taken_back(self._newest)
        for event in self._news():
            self._take(event)
        return mirror

    def _news(self) -> list[Event]:
        newest = self._newest
        if newest is None:
            return self._contract.events("Appended")
        wanted = newest.block.to_bytes()
        for start in (self._seen_at, 0):  # the chain may have moved a transaction to an earlier block
            events = self._contract.events("Appended", start=start)
            for place, event in enumerate(events):
                if event.values["block_"] == wanted:
                    self._seen_at = event.block
                    return events[place + 1 :]
        raise self._taken_back(newest)

    def _taken_back(self, newest: SignedBlock) -> ChainReorganised:
        return ChainReorganised(
            f"{self._name}: the chain took back blocks of it, block {newest.block.height} among them: its operator "
            "calls restore(), which sends them again as they were; a reader opens the ledger again"
        )

    def _take(self, event: Event) -> None:
        """Check the next block as a verifier does, and keep it."""
        height = self._newest.block.height + 1 if self._newest else 0
        name = f"{self._name}: block {height}"
        try:
            signed = SignedBlock(Block.from_bytes(event.values["block_"]), event.values["signature"])
            stored = [StoredRecord.from_frame(frame) for frame in event.values["frames"]]
            entries = [Entry.read(item.envelope()) for item in stored]
            operator = self._newest.block.operator if self._newest else signed.block.operator
            signed.verify(operator)
        except PyzkflError as error:
            raise LedgerError(f"{name} does not hold: {error}") from None
        if not self._follows(signed.block, stored):
            raise LedgerError(f"{name} does not hold: it does not follow the block before, or its root is another")
        for item, good in zip(stored, signatures_hold(entries), strict=True):
            if not good:
                raise LedgerError(f"{name} does not hold: a signature of {item} does not fit it")
        rules = copy.deepcopy(self._rules)  # after a record that breaks one, the rules are unusable
        rules.begin_block(signed.block.first, signed.block.time_ms)
        for entry in entries:
            rules.apply(entry)
        rules.end_block(signed.block)
        self._need_new_keys(entries)
        self._copy().add(signed, stored)
        self._rules, self._newest, self._seen_at = rules, signed, event.block

    def _follows(self, block: Block, stored: Sequence[StoredRecord]) -> bool:
        before = self._newest.block if self._newest else None
        if before is None:
            return (block.height, block.previous, block.first, block.count, len(stored)) == (0, bytes(32), 0, 0, 0)
        good = (block.height, block.previous, block.first) == (before.height + 1, before.hash, before.next_sequence)
        good = good and block.time_ms >= before.time_ms and block.count == len(stored) > 0
        tip = before.tip
        for number, item in enumerate(stored):
            good = good and (item.sequence, item.previous) == (block.first + number, tip)
            tip = item.hash
        return good and block.last == tip and block.root == merkle.root_of_hashes([item.hash for item in stored])

    # -- reading ---------------------------------------------------------------------------------------------------

    def head(self) -> SignedBlock:
        with self._lock:
            self._synchronise()
            assert self._newest is not None  # synchronised
            return self._newest

    def __len__(self) -> int:
        return self.head().block.next_sequence

    def record(self, sequence: int) -> StoredRecord:
        with self._lock, self._synchronise().reading() as copied:
            return copied.record(sequence)

    def records(self, *, start: int = 0, kind: Kind | None = None, job: bytes | None = None) -> Iterator[StoredRecord]:
        with self._lock:
            mirror = self._synchronise()
        with mirror.reading() as copied:
            yield from copied.records(start=start, kind=kind, job=job)

    def find(self, kind: type[Record], job: bytes, **key: Any) -> StoredRecord | None:
        with self._lock, self._synchronise().reading() as copied:
            return copied.find(kind, job, **key)

    def find_all(self, kind: type[Record], job: bytes, **prefix: Any) -> list[StoredRecord]:
        with self._lock, self._synchronise().reading() as copied:
            return copied.find_all(kind, job, **prefix)

    def prove(self, sequence: int) -> InclusionProof:
        with self._lock, self._synchronise().reading() as copied:
            return copied.prove(sequence)

    def verify(self, *, head: SignedBlock | None = None, progress: VerifyProgress | None = None) -> VerifyReport:
        """Reads everything from the chain again, into a copy of its own. `sealed` in the report is False."""
        self._copy()
        fresh = EvmLedger(self._contract, None, None)
        try:
            with fresh._synchronise().reading() as copied:
                return copied.verify(head=head, progress=progress)
        finally:
            fresh.close()

    # -- appending -------------------------------------------------------------------------------------------------

    def batches(self, records: Sequence[bytes]) -> list[list[bytes]]:
        """Cut so that the block of each part fits into one transaction."""
        out: list[list[bytes]] = []
        size = 0
        for data in records:
            size += len(data) + _RECORD_BYTES
            if not out or size > TRANSACTION_BYTES_MAX - 1024:
                out.append([])
                size = len(data) + _RECORD_BYTES
            out[-1].append(data)
        return out

    def append(self, records: Iterable[bytes]) -> SignedBlock:
        """As in the interface: one block, one transaction, in a block of the chain when this returns.

        Raises ParameterError for more bytes than a transaction takes (`batches` cuts them), and as Chain.send. After
        NodeUnreachable nobody knows whether the block arrived: the next append sends the very same block again if it
        did not, and takes records that were in it as appended, so call it again with the same records.
        """
        sealed = list(records)
        if self._operator is None:
            raise LedgerError(f"{self._name} is open for reading: open it with its operator's key to append")
        entries = [Entry.read(Envelope.from_bytes(data, size_max=RECORD_BYTES_MAX + 1024)) for data in sealed]
        if not 1 <= len(entries) <= BATCH_MAX:
            raise ParameterError(f"a batch has 1 to {BATCH_MAX} records, got {len(entries)}")
        for entry, good in zip(entries, signatures_hold(entries), strict=True):
            if not good:
                raise LedgerError(f"{entry.record}: a signature does not hold; it was refused")
        with self._lock:
            return self._patiently(lambda: self._append(sealed, entries))

    def restore(self) -> SignedBlock:
        """After ChainReorganised: send the blocks that the chain took back again, byte for byte, and return the head.

        LedgerError when the chain has another block in their place: somebody else appends with the operator's account.
        """
        if self._account is None:
            raise LedgerError(f"{self._name} is open for reading: its operator restores it; open it again to read")
        with self._lock:
            mirror = self._copy()
            self._contract.call("head")  # an address without the contract would take any transaction
            kept = [event.values["block_"] for event in self._contract.events("Appended")]
            for height in range(mirror.height + 1):
                block, signature, frames = mirror.block(height)
                if height >= len(kept):
                    self._contract.send("append", block, signature, frames, sender=self._account)
                elif kept[height] != block:
                    raise LedgerError(
                        f"{self._name} has another block {height} now: somebody else appends with the operator's "
                        "account; open the ledger again and append what is missing"
                    )
            self._seen_at = 0
            return self.head()

    def _patiently(self, attempt: Callable[[], SignedBlock]) -> SignedBlock:
        end = time.monotonic() + self.patience
        while True:
            try:
                return attempt()
            except (NodeUnreachable, InsufficientFunds, ChainReorganised) as error:
                if time.monotonic() >= end:
                    raise
                self.on_wait(error)
                time.sleep(_PAUSE_S)
                if isinstance(error, ChainReorganised):
                    with contextlib.suppress(ChainError):  # the next attempt says what is wrong now
                        self.restore()

    def _append(self, sealed: list[bytes], entries: list[Entry]) -> SignedBlock:
        for race in range(_RACES):
            self._synchronise()
            try:
                done = self._settle(sealed)
                if done == len(sealed):
                    return self.head()
                return self._send(sealed[done:], entries[done:])
            except TransactionReverted:
                before = self._newest
                self._synchronise()
                if self._newest == before or race + 1 == _RACES:  # nobody was faster: the contract has a reason
                    self._unsettled = None
                    raise
        raise AssertionError("the last race returns or raises")

    def _settle(self, sealed: list[bytes]) -> int:
        """See to a block of unknown fate; how many of `sealed` are on the ledger by it."""
        if self._unsettled is None:
            return 0
        before, signed, frames = self._unsettled
        height = signed.block.height
        if self._copy().height < height:
            self._transact(signed, frames)
            self._synchronise()
        arrived = self._copy().height >= height and self._copy().block(height)[0] == signed.block.to_bytes()
        self._unsettled = None
        return len(before) if arrived and sealed[: len(before)] == before else 0

    def _send(self, sealed: list[bytes], entries: list[Entry]) -> SignedBlock:
        assert self._newest is not None and self._operator is not None
        trial, before = copy.deepcopy(self._rules), self._newest.block
        now = max(before.time_ms, time.time_ns() // 1_000_000)
        trial.begin_block(before.next_sequence, now)
        for entry in entries:
            trial.apply(entry)
        self._need_new_keys(entries)
        parts = [(e.envelope.signer, e.envelope.signature, e.envelope.artefact) for e in entries]
        frames, hashes = _framing.frame_records(RECORD_HEADER, before.next_sequence, before.tip, parts)
        block = Block(
            height=before.height + 1, previous=before.hash, first=before.next_sequence, count=len(frames),
            root=merkle.root_of_hashes(hashes), last=hashes[-1],
            time_ms=now, operator=before.operator,
        )  # fmt: skip
        size = len(self._contract.encode("append", block.to_bytes(), bytes(64), frames))
        if size > TRANSACTION_BYTES_MAX:
            raise ParameterError(
                f"these {len(frames)} records make a transaction of {size} bytes, and nodes take "
                f"{TRANSACTION_BYTES_MAX}: append fewer at a time (EvmLedger.batches cuts them)"
            )
        signed = SignedBlock.sign(self._operator, block)
        self._unsettled = (sealed, signed, frames)
        self._transact(signed, frames)
        self._synchronise()  # should this fail, the block is still unsettled
        if self._newest.block.height < block.height:
            raise ChainReorganised(f"{self._name}: the chain took block {block.height} back at once: append again")
        self._unsettled = None
        return signed

    def _transact(self, signed: SignedBlock, frames: list[bytes]) -> None:
        assert self._account is not None
        try:
            self._contract.send("append", signed.block.to_bytes(), signed.signature, frames, sender=self._account)
        except InsufficientFunds:
            self._unsettled = None  # nothing was sent
            raise

    def _need_new_keys(self, entries: list[Entry]) -> None:
        """No two records of one key, neither here nor on the ledger."""
        keys = [entry.record.key(entry.envelope.signer) for entry in entries]
        known = self._copy().known(keys)
        for place, (entry, key) in enumerate(zip(entries, keys, strict=True)):
            if key in known or key in keys[:place]:
                raise LedgerError(f"{entry.record}: it is on the ledger already; it was refused")

    def close(self) -> None:
        """Forget what was read; the ledger stays on the chain."""
        with self._lock:
            mirror, self._mirror = self._mirror, None
            if mirror is not None:
                mirror.close()
