"""`pyzkfl ledger`: verify a ledger, read it, take its head."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pyzkfl.ledger import SignedBlock, StoredRecord, VerifyReport

__all__ = ["register"]

_JSON = typer.Option("--json", help="print one JSON object and nothing else")
_PATH = typer.Argument(help="ledger file")


def _read_head(text: str) -> SignedBlock:
    """A head given as a file's path or in hexadecimal."""
    from pyzkfl.encoding import MAGIC
    from pyzkfl.errors import ParameterError
    from pyzkfl.ledger import SignedBlock

    try:
        return SignedBlock.from_bytes(bytes.fromhex(text))
    except ValueError:  # not hexadecimal; every DecodeError is a ValueError too
        pass
    try:
        data = Path(text).read_bytes()
    except OSError:
        raise ParameterError("--head is neither a head in hexadecimal nor a file that can be read") from None
    if data.startswith(MAGIC):
        return SignedBlock.from_bytes(data)
    try:
        return SignedBlock.from_bytes(bytes.fromhex(data.decode("ascii").strip()))
    except ValueError:
        raise ParameterError(f"{text} holds no head") from None


def _job_digest(text: str) -> bytes:
    """The digest that names a job."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise typer.BadParameter("--job is not hexadecimal") from None


def _report(path: Path, report: VerifyReport) -> dict[str, Any]:
    return {
        "path": str(path),
        "ok": True,
        "ledger": report.ledger_id.hex(),
        "operator": report.operator.hex(),
        "blocks": report.blocks,
        "records": report.records,
        "jobs": report.jobs,
        "head_hash": report.head.block.hash.hex(),
        "head": report.head.to_bytes().hex(),
        "sealed": report.sealed,
    }


def _plain(value: Any) -> Any:
    """A record's field for JSON: bytes in hexadecimal."""
    return value.hex() if isinstance(value, bytes) else list(value) if isinstance(value, tuple) else value


def _row(stored: StoredRecord) -> dict[str, Any]:
    fields = {name: _plain(value) for name, value in stored.record.to_object().items()}
    head = {"sequence": stored.sequence, "kind": stored.record.label(), "hash": stored.hash.hex()}
    return {**head, "signer": stored.signer.hex(), "signature": stored.signature.hex(), "fields": fields}


def _details(stored: StoredRecord) -> str:
    """The fields that have no column of their own, shortened to one line; all of them are in the JSON."""
    from pyzkfl.ledger import Refusal

    record = stored.record
    if isinstance(record, Refusal):
        text = f"{record.check}: {record.reason}"
    else:
        parts = []
        for name, value in record.to_object().items():
            if name in ("job", "round", "member", "message"):
                continue
            if isinstance(value, bytes):
                parts.append(f"{name} {value.hex()[:12]}" if len(value) == 32 else f"{name} {len(value)} bytes")
            else:
                parts.append(f"{name} {', '.join(value) if isinstance(value, tuple) else value}")
        text = "; ".join(parts)
    # What others wrote may hold control characters, which a terminal would obey.
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _selected(records: Iterator[StoredRecord], kind: str | None, round_: int | None) -> Iterator[StoredRecord]:
    for stored in records:
        if kind is not None and stored.record.label() != kind:
            continue
        if round_ is not None and getattr(stored.record, "round", None) != round_:
            continue
        yield stored


def register(app: typer.Typer) -> None:
    """Add the commands."""
    ledger = typer.Typer(help="Verify and read a ledger.", no_args_is_help=True)
    app.add_typer(ledger, name="ledger")

    @ledger.command()
    def verify(
        path: Annotated[Path, _PATH],
        head: Annotated[
            str | None, typer.Option(help="a head kept from before (file or hexadecimal): the ledger must hold it")
        ] = None,
        json_: Annotated[bool, _JSON] = False,
    ) -> None:
        """Check every byte: chain, Merkle roots, signatures, rules. Where it does not hold, name the record; exit 1."""
        from pyzkfl import build_stamp
        from pyzkfl.errors import LedgerError
        from pyzkfl.ledger import SqliteLedger

        known = None if head is None else _read_head(head)
        try:
            with SqliteLedger.open(path) as opened:
                if json_:
                    report = opened.verify(head=known)
                else:
                    report = _verify_with_progress(opened, known)
        except LedgerError as error:
            if not json_:
                raise
            print(json.dumps({**build_stamp(), "path": str(path), "ok": False, "error": str(error)}))
            sys.exit(1)
        values = _report(path, report)
        if json_:
            print(json.dumps({**build_stamp(), **values}))
        else:
            _show_report(values)

    @ledger.command()
    def setup(
        path: Annotated[Path, _PATH],
        file: Annotated[Path, typer.Argument(help="the setup's transcript, as members keep it (DIGEST.setup)")],
        job: Annotated[str | None, typer.Option(help="terms digest of a job, hexadecimal; default: the first")] = None,
        json_: Annotated[bool, _JSON] = False,
    ) -> None:
        """Check a job's setup: each contribution in the ledger is the file's, every proof in it holds, keys follow."""
        from pyzkfl import build_stamp
        from pyzkfl.errors import SetupInvalid
        from pyzkfl.ledger import SqliteLedger, records
        from pyzkfl.recorded_setup import check_recorded_setup, recorded_terms
        from pyzkfl.setup_files import read_transcript

        given = None if job is None else _job_digest(job)
        with SqliteLedger.open(path) as opened:
            if given is None:
                first = next(opened.records(kind=records.JobTerms.KIND), None)
                if first is None:
                    raise SetupInvalid(f"{path} holds no job")
                digest = first.record.job
            else:
                digest = given
            terms = recorded_terms(opened, digest)
            keys = check_recorded_setup(opened, digest, read_transcript(file, terms))
        bound = keys.bind(terms)
        if json_:
            values = {"job": digest.hex(), "setup": bound.setup.hex(), "members": [m.name for m in terms.members]}
            print(json.dumps({**build_stamp(), "ok": True, **values}))
            return
        print(f"the setup of {terms.name!r} holds: {len(terms.members)} members contributed to each phase")
        print(f"setup {bound.setup.hex()}")

    @ledger.command()
    def show(
        path: Annotated[Path, _PATH],
        kind: Annotated[str | None, typer.Option(help='kind of record, e.g. "submission" or "round start"')] = None,
        round_: Annotated[int | None, typer.Option("--round", help="records of one round")] = None,
        job: Annotated[str | None, typer.Option(help="terms digest of a job, in hexadecimal")] = None,
        start: Annotated[int, typer.Option(min=0, help="first sequence number")] = 0,
        limit: Annotated[int, typer.Option(min=0, help="records to show at most; 0 for all")] = 200,
        json_: Annotated[bool, _JSON] = False,
    ) -> None:
        """Show records. This reads; `verify` checks."""
        from pyzkfl import build_stamp
        from pyzkfl.ledger import SqliteLedger

        digest = None if job is None else _job_digest(job)
        with SqliteLedger.open(path) as opened:
            total = len(opened)
            rows: list[StoredRecord] = []
            more = False
            for stored in _selected(opened.records(start=start, job=digest), kind, round_):
                if limit and len(rows) == limit:
                    more = True
                    break
                rows.append(stored)
        if json_:
            values = {"path": str(path), "total": total, "more": more, "records": [_row(stored) for stored in rows]}
            print(json.dumps({**build_stamp(), **values}))
            return
        _show_rows(path, rows, total, more)

    @ledger.command()
    def head(
        path: Annotated[Path, _PATH],
        json_: Annotated[bool, _JSON] = False,
    ) -> None:
        """Print the signed head. Keep it elsewhere: `verify --head` then finds a ledger that was cut short."""
        from pyzkfl import build_stamp
        from pyzkfl.ledger import SqliteLedger

        with SqliteLedger.open(path) as opened:
            signed = opened.head()
        block = signed.block
        values = {
            "path": str(path),
            "height": block.height,
            "records": block.next_sequence,
            "head": signed.to_bytes().hex(),
        }
        print(json.dumps({**build_stamp(), **values}) if json_ else values["head"])


def _verify_with_progress(opened: Any, known: SignedBlock | None) -> VerifyReport:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("records", total=None)
        report: VerifyReport = opened.verify(
            head=known, progress=lambda done, total: bar.update(task, completed=done, total=total)
        )
    return report


def _show_report(values: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title="every record holds", show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    sealed = "yes: unused bytes were compared too" if values["sealed"] else "no: it is open, or was not closed"
    for name, value in (
        ("path", values["path"]),
        ("records", values["records"]),
        ("blocks", values["blocks"]),
        ("jobs", values["jobs"]),
        ("ledger", values["ledger"]),
        ("operator", values["operator"]),
        ("newest block", values["head_hash"]),
        ("sealed", sealed),
    ):
        table.add_row(name, escape(str(value)))
    Console().print(table)


def _show_rows(path: Path, rows: list[StoredRecord], total: int, more: bool) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    titles = ("record", "kind", "round", "member")
    cells = []
    for stored in rows:
        record = stored.record
        short = (stored.sequence, record.label(), getattr(record, "round", ""), getattr(record, "member", ""))
        cells.append([str(value) for value in short])
    widths = [max(map(len, column)) for column in zip(titles, *cells, strict=True)]
    table = Table(title=escape(str(path)))
    for title, width in zip(titles, widths, strict=True):
        table.add_column(title, no_wrap=True, min_width=width)
    table.add_column("what it says", no_wrap=True)
    room = max(20, console.width - sum(widths) - 16)  # cut here: rich would take the space from the other columns
    for stored, row in zip(rows, cells, strict=True):
        details = _details(stored)
        row.append(details if len(details) <= room else details[: room - 1] + "\u2026")
        table.add_row(*map(escape, row))
    console.print(table)
    console.print(f"{len(rows)} of {total} records" + ("; more with --start or --limit 0" if more else ""))
