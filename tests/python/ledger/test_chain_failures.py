"""A chain that fails: every failure has an error that says what to do, and writing goes on where it stood."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyzkfl.errors import (
    ChainError,
    ChainReorganised,
    InsufficientFunds,
    LedgerError,
    NodeUnreachable,
    ParameterError,
    TransactionReverted,
    WrongChain,
)
from pyzkfl.ledger import Block, SignedBlock, records
from pyzkfl.ledger.chain import Chain, Contract, artifact
from pyzkfl.ledger.evm import EvmLedger

for _folder in ("contracts", "protocol"):  # for anvil and consortium
    sys.path.insert(0, str(Path(__file__).parents[1] / _folder))


class Unreliable(Chain):
    """Passes everything on, and loses some transactions on the way there (before) or their answers (after)."""

    def __init__(self, chain: Any) -> None:
        self.chain = chain
        self.sent: list[bytes] = []
        self.lose: list[str] = []  # what happens to the next ones: "before", "after", "" for nothing
        self.gone = False

    def deploy(self, code: bytes, *, sender: str) -> Any:
        return self.chain.deploy(code, sender=sender)

    def send(self, to: str, data: bytes, *, sender: str, value: int = 0) -> Any:
        fate = self.lose.pop(0) if self.lose else ""
        if fate == "before":
            raise NodeUnreachable("no node answers")
        self.sent.append(data)
        receipt = self.chain.send(to, data, sender=sender, value=value)
        self.gone = fate == "gone"
        if fate == "after":
            raise NodeUnreachable("no node answers")
        return receipt

    def call(self, to: str, data: bytes, *, sender: str | None = None) -> bytes:
        if self.gone:
            raise NodeUnreachable("no node answers")
        return self.chain.call(to, data, sender=sender)

    def code(self, address: str) -> bytes:
        return self.chain.code(address)

    def code_after(self, creation: bytes) -> bytes:
        return self.chain.code_after(creation)

    def logs(self, address: str, topic: bytes, *, start: int = 0) -> Any:
        return self.chain.logs(address, topic, start=start)

    def height(self) -> int:
        return self.chain.height()

    def time(self) -> int:
        return self.chain.time()


@pytest.fixture
def unreliable(in_process) -> Any:
    in_process.chain = Unreliable(in_process.chain)
    return in_process


@pytest.fixture(params=["in_process", "on_a_node"])
def chain_store(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def blocks_by_height(sent: list[bytes]) -> dict[int, set[bytes]]:
    """What the operator signed and sent, from the data of its transactions: more than one for a height is two-faced."""
    import eth_abi

    out: dict[int, set[bytes]] = {}
    for data in sent:
        block = eth_abi.decode(["bytes", "bytes", "bytes[]"], data[4:])[0]
        out.setdefault(Block.from_bytes(block).height, set()).add(block)
    return out


# ---- no answer ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fate", ["before", "after", "gone"])
@pytest.mark.parametrize("more", [0, 1])
def test_an_append_without_an_answer_is_called_again_and_stands_once(unreliable, story, fate, more) -> None:
    with unreliable.create(story.coordinator) as ledger:
        prologue = story.sealed(*story.prologue())
        unreliable.chain.lose = [fate]
        with pytest.raises(NodeUnreachable):
            ledger.append(prologue)
        unreliable.chain.gone = False
        ledger.append([*prologue, *story.sealed(story.start(0))[:more]])  # a recorder adds what came meanwhile
        assert len(ledger) == len(prologue) + more
        ledger.append(story.sealed(*([] if more else [story.start(0)]), story.submission("m0", 0)))
        assert ledger.verify().records == len(prologue) + 2
    assert all(len(blocks) == 1 for blocks in blocks_by_height(unreliable.chain.sent).values())


def test_records_given_up_after_no_answer_are_settled_before_others(unreliable, story) -> None:
    with unreliable.create(story.coordinator) as ledger:
        ledger.append(story.sealed(*story.prologue(), story.start(0)))
        unreliable.chain.lose = ["before"]
        with pytest.raises(NodeUnreachable):
            ledger.append(story.sealed(story.submission("m0", 0)))
        ledger.append(story.sealed(story.submission("m1", 0)))
        names = [s.record.member for s in ledger.find_all(records.Submission, story.job, round=0)]
        assert names == ["m0", "m1"]  # its operator signed the first block: it does not sign another of that height
    assert all(len(blocks) == 1 for blocks in blocks_by_height(unreliable.chain.sent).values())


def test_a_ledger_that_is_opened_again_says_where_it_stands(unreliable, story) -> None:
    order = [*story.prologue(), *story.round(0)]
    with unreliable.create(story.coordinator) as ledger:
        ledger.append(story.sealed(*order[:-2]))
        unreliable.chain.lose = ["after"]
        with pytest.raises(NodeUnreachable, match="answers"):
            ledger.append(story.sealed(order[-2]))
    with unreliable.open(story.coordinator) as ledger:  # another process: it looks, and goes on
        assert len(ledger) == len(order) - 1
        ledger.append(story.sealed(*order[len(ledger) :]))
        assert ledger.verify().records == len(order)


def test_patience_waits_for_the_node_and_says_so(unreliable, story) -> None:
    waited: list[ChainError] = []
    with unreliable.create(story.coordinator, patience=60.0, on_wait=waited.append) as ledger:
        unreliable.chain.lose = ["before", "after", "before"]
        ledger.append(story.sealed(*story.prologue()))
        ledger.append(story.sealed(*story.round(0)))
        assert len(waited) == 3 and all(isinstance(error, NodeUnreachable) for error in waited)
        ledger.verify()


def test_a_training_goes_on_where_it_stood_when_the_node_comes_back(unreliable) -> None:
    """Whole rounds, recorded on a chain that fails in the middle of each: no round is void, nothing is there twice."""
    from consortium import make

    from pyzkfl._core.identity import IdentityKey
    from pyzkfl.recorder import Recorder

    key = IdentityKey.generate()
    with unreliable.create(key, patience=60.0) as ledger:
        c = make(rounds=2, members=3, recorder=Recorder(ledger, key), coordinator_key=key).ready()
        for number in range(2):
            unreliable.chain.lose = ["before", "after"]
            assert c.coordinator.run_round(number).aggregate is not None
        c.coordinator.finish()
        report = ledger.verify()
        assert (report.records, report.jobs) == (len(ledger), 1)
        kinds = [type(stored.record) for stored in ledger.records()]
        assert kinds.count(records.Weights) == kinds.count(records.Aggregate) == 2 and records.Void not in kinds
    assert all(len(blocks) == 1 for blocks in blocks_by_height(unreliable.chain.sent).values())


# ---- blocks that are taken back ----------------------------------------------------------------------------------


def test_blocks_that_the_chain_took_back_are_sent_again_as_they_were(chain_store, story) -> None:
    with chain_store.create(story.coordinator) as ledger, chain_store.open() as reader:
        ledger.append(story.sealed(*story.prologue()))
        there = chain_store.chain.snapshot()
        for record in story.round(0):
            ledger.append(story.sealed(record))
        head = ledger.head()
        assert reader.head() == head
        chain_store.chain.revert(there)
        chain_store.chain.advance(1)
        for act in (ledger.head, reader.head, lambda: ledger.append(story.sealed(story.start(1)))):
            with pytest.raises(ChainReorganised, match=r"restore\(\)"):
                act()
        with pytest.raises(LedgerError, match="its operator restores it"):
            reader.restore()
        assert ledger.restore() == head and reader.head() == head
        ledger.append(story.sealed(story.start(1)))
        assert ledger.verify(head=head).records == len(ledger) == len(reader)


def test_patience_restores_and_goes_on(chain_store, story) -> None:
    waited: list[ChainError] = []
    with chain_store.create(story.coordinator, patience=60.0, on_wait=waited.append) as ledger:
        there = chain_store.chain.snapshot()
        ledger.append(story.sealed(*story.prologue()))
        chain_store.chain.revert(there)
        chain_store.chain.advance(1)
        ledger.append(story.sealed(story.start(0)))
        assert [type(error) for error in waited] == [ChainReorganised]
        assert ledger.verify().records == len(story.prologue()) + 1


def test_another_history_in_their_place_is_named_and_not_written_over(in_process, story) -> None:
    with in_process.create(story.coordinator) as ledger:
        there = in_process.chain.snapshot()
        ledger.append(story.sealed(*story.prologue()))
        in_process.chain.revert(there)
        in_process.chain.advance(1)
        with in_process.open(story.coordinator) as other:
            other.append(story.sealed(*story.prologue()[:1]))
        with pytest.raises(ChainReorganised):
            ledger.head()
        with pytest.raises(LedgerError, match="another block 1"):
            ledger.restore()
    with in_process.open() as ledger:
        assert ledger.verify().records == 1


def test_a_contract_that_was_taken_back_itself_is_not_written_to(in_process, story) -> None:
    there = in_process.chain.snapshot()
    with in_process.create(story.coordinator) as ledger:
        ledger.append(story.sealed(*story.prologue()))
        in_process.chain.revert(there)
        with pytest.raises(ChainError, match="no RecordLog"):
            ledger.head()
        height = in_process.chain.height()
        with pytest.raises(ChainError, match="no RecordLog"):
            ledger.restore()
        assert in_process.chain.height() == height  # no transaction


# ---- funds, chain, contract --------------------------------------------------------------------------------------


def test_an_account_without_funds_is_told_and_goes_on_when_it_has_some(on_a_node, story) -> None:
    chain, account = on_a_node.chain, on_a_node.account
    waited: list[ChainError] = []

    def fund(error: ChainError) -> None:
        waited.append(error)
        chain.request("anvil_setBalance", account, hex(10**18))

    with on_a_node.create(story.coordinator) as ledger:
        chain.request("anvil_setBalance", account, "0x1")
        with pytest.raises(InsufficientFunds, match="send it ether"):
            ledger.append(story.sealed(*story.prologue()))
        with pytest.raises(InsufficientFunds):
            EvmLedger.create(chain, story.coordinator, account=account)
        ledger.patience, ledger.on_wait = 60.0, fund
        ledger.append(story.sealed(*story.prologue()))
        assert [type(error) for error in waited] == [InsufficientFunds]
        assert ledger.verify().records == len(story.prologue())


def test_a_node_of_another_chain_is_refused_at_once_and_later(on_a_node, story) -> None:
    from pyzkfl.ledger.node import NodeChain

    with pytest.raises(WrongChain, match="serves chain 31337"):
        NodeChain(on_a_node.chain.url, chain_id=1)
    with on_a_node.create(story.coordinator) as ledger:
        on_a_node.chain.request("anvil_setChainId", 5)
        try:
            with pytest.raises(WrongChain, match="give another node"):
                ledger.append(story.sealed(*story.prologue()))
        finally:
            on_a_node.chain.request("anvil_setChainId", 31337)
        ledger.append(story.sealed(*story.prologue()))
        assert ledger.verify().records == len(story.prologue())


def test_an_address_without_the_ledger_is_the_wrong_one(chain_store, story) -> None:
    chain_store.address = chain_store.account
    with pytest.raises(WrongChain, match="check the address"):
        chain_store.open()
    token = Contract.deploy(
        chain_store.chain, artifact("Reputation"), chain_store.account, 1, sender=chain_store.account
    )
    chain_store.address = token.address
    with pytest.raises(WrongChain, match="check the address"):
        chain_store.open()


def test_nobody_answers(story) -> None:
    from anvil import free_port

    from pyzkfl.ledger.node import NodeChain

    with pytest.raises(NodeUnreachable, match="start it, or give another address"):
        NodeChain(f"http://127.0.0.1:{free_port()}", chain_id=1)


def test_only_the_operators_account_is_taken_and_what_does_not_follow_is_refused(chain_store, story) -> None:
    with pytest.raises(ParameterError, match="neither"):
        EvmLedger.open(chain_store.chain, chain_store.account, story.coordinator)
    with chain_store.create(story.coordinator) as ledger:
        ledger.append(story.sealed(*story.prologue()))
        contract = Contract(chain_store.chain, ledger.address, artifact("RecordLog"))
        block = ledger.head()
        frames = [stored.frame() for stored in ledger.records()]
        good = block.block.to_bytes()
        for changed, why in (
            ((good, block.signature, frames), "height"),
            ((good[:-1], block.signature, frames), "length"),
            ((good, block.signature[1:], frames), "length"),
        ):
            with pytest.raises(TransactionReverted, match=f"DoesNotFollow.*{why}"):
                contract.send("append", *changed, sender=chain_store.account)
    with pytest.raises(LedgerError, match="takes blocks of"):
        EvmLedger.open(
            chain_store.chain, chain_store.address, story.coordinator, account="0x" + "11" * 20
        )  # fmt: skip


def next_block(ledger: Any, story: Any, **changed: Any) -> tuple[SignedBlock, list[bytes]]:
    """A block that the contract takes, with one record, changed and signed by the operator."""
    from pyzkfl import merkle
    from pyzkfl.encoding import Envelope
    from pyzkfl.ledger import _framing
    from pyzkfl.ledger.blocks import RECORD_HEADER

    before = ledger.head().block
    envelope = Envelope.from_bytes(changed.pop("record", None) or story.sealed(story.start(0))[0])
    part = (envelope.signer, envelope.signature, envelope.artefact)
    frames, hashes = _framing.frame_records(RECORD_HEADER, before.next_sequence, before.tip, [part])
    frames[0] = changed.pop("frame", frames[0])
    values = {
        "height": before.height + 1, "previous": before.hash, "first": before.next_sequence, "count": 1,
        "root": merkle.root_of_hashes(hashes), "last": merkle.leaf_hash(frames[0]), "time_ms": before.time_ms,
        "operator": before.operator, **changed,
    }  # fmt: skip
    return SignedBlock.sign(story.coordinator, Block(**values)), frames


def test_an_operator_that_writes_past_the_rules_is_found_by_every_reader(in_process, story) -> None:
    """The contract orders blocks and nothing more: what is in them, readers check."""
    with in_process.create(story.coordinator) as ledger:
        ledger.append(story.sealed(*story.prologue()))
    unsigned = story.sealed(story.start(0))[0]
    cases: list[tuple[dict[str, Any], str]] = [
        ({"root": bytes(32)}, "its root is another"),
        ({"time_ms": 0}, "does not follow"),
        ({"operator": bytes(32)}, "not signed by the operator"),
        ({"record": story.sealed(story.start(1))[0]}, "round start, round 1"),
        ({"record": story.start(0).seal(story.members["m0"])}, "not the job's coordinator"),
        ({"record": unsigned[:-1] + bytes([unsigned[-1] ^ 1])}, "a signature of"),
        ({"frame": b"garbage"}, "does not hold"),
    ]
    start = in_process.chain.snapshot()
    for number, (changed, why) in enumerate(cases):
        there = in_process.chain.snapshot()
        contract = Contract(in_process.chain, in_process.address, artifact("RecordLog"))
        with in_process.open() as reader:
            signed, frames = next_block(reader, story, **changed)
            contract.send("append", signed.block.to_bytes(), signed.signature, frames, sender=in_process.account)
            for _ in range(2):
                with pytest.raises(LedgerError, match=why):
                    reader.head()
            with pytest.raises(LedgerError, match=why):
                reader.verify()
        with pytest.raises(LedgerError, match=why):
            in_process.open()
        in_process.chain.revert(there)
        assert number < len(cases)
    in_process.chain.revert(start)


def test_more_than_a_transaction_takes_is_refused_with_the_way_out(in_process, story) -> None:
    with in_process.create(story.coordinator) as ledger:
        ledger.append(story.sealed(*story.prologue(), story.start(0)))
        many = story.sealed(*(records.Refusal(story.job, 0, "m0", n, "check", "x" * 7900) for n in range(20)))
        with pytest.raises(ParameterError, match=r"EvmLedger\.batches cuts them"):
            ledger.append(many)
        for batch in ledger.batches(many):
            ledger.append(batch)
        assert ledger.verify().records == len(ledger)


# ---- a node that ends and comes back -----------------------------------------------------------------------------


@pytest.fixture
def stopping_node(repository: Path, tmp_path: Path) -> Iterator[Any]:
    from anvil import Node

    node = Node(repository, "--state", str(tmp_path / "state.json"))
    node.start()
    yield node
    node.stop()


@pytest.mark.end_to_end
def test_a_node_that_ends_and_comes_back_finds_the_ledger_going_on(stopping_node, story) -> None:
    from anvil import AnvilChain

    chain = AnvilChain(stopping_node.url, [b"\1" * 32])
    account = chain.addresses[0]
    waited: list[ChainError] = []

    def back(error: ChainError) -> None:
        waited.append(error)
        if len(waited) == 2:
            stopping_node.start()

    with EvmLedger.create(chain, story.coordinator, account=account) as ledger:
        ledger.append(story.sealed(*story.prologue(), story.start(0)))
        stopping_node.stop()
        with pytest.raises(NodeUnreachable, match="open the ledger again and go on"):
            ledger.append(story.sealed(story.submission("m0", 0)))
        ledger.patience, ledger.on_wait = 60.0, back
        ledger.append(story.sealed(story.submission("m0", 0), story.submission("m1", 0)))
        assert len(waited) >= 2 and ledger.verify().records == len(ledger) == len(story.prologue()) + 3
