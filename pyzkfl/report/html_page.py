"""The page itself: HTML with its style and charts inside, no script, and a policy that lets it load nothing.

Every text that others wrote (names, reasons) is escaped; a browser would refuse to run it in any case.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from pyzkfl._build_info import build_stamp
from pyzkfl.report.charts import charts
from pyzkfl.report.gathering import JobReport, Report
from pyzkfl.reputation import ONE

__all__ = ["page"]

PROOFS_MOST = 2000  # rows of the table of proofs; all of them are on the ledger
STYLE = """
  :root { color-scheme: light }
  body { font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; color: #1f2328;
         background: #fff; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
  h1 { font-size: 1.5rem } h2 { font-size: 1.2rem; margin-top: 2.2rem } h3 { font-size: 1rem }
  table { border-collapse: collapse; margin: .6rem 0; width: 100%; font-variant-numeric: tabular-nums }
  th, td { text-align: left; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid #d0d7de; vertical-align: top;
           overflow-wrap: anywhere }
  td.n, th.n { text-align: right } svg { max-width: 100%; height: auto }
  .good { color: #1a7f37 } .bad { color: #cf222e } .soft { color: #57606a }
  .tablet { overflow: auto; max-height: 30rem }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_Cell = str | int | float


def _text(value: object) -> str:
    """Escaped, with what a reader cannot see (control characters, changes of direction) spelled out."""
    shown = "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in str(value))
    return html.escape(shown)


def _table(titles: Sequence[str], rows: Iterable[Sequence[_Cell]], name: str) -> str:
    def cell(value: _Cell, tag: str = "td") -> str:
        number = isinstance(value, (int, float))
        shown = f"{value:,}" if isinstance(value, int) else f"{value:.4f}" if isinstance(value, float) else _text(value)
        colour = {"accepted": "good", "submitted": "soft"}.get(value, "") if isinstance(value, str) else "n"
        return f'<{tag} class="{colour}">{shown}</{tag}>' if colour or number else f"<{tag}>{shown}</{tag}>"

    head = "".join(f"<th>{_text(title)}</th>" for title in titles)
    body = "".join("<tr>" + "".join(map(cell, row)) + "</tr>\n" for row in rows)
    return f'<div class="tablet"><table id="{name}"><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>'


def _rounds(job: JobReport, name: str) -> str:
    titles = ("round", "in the sum", "only accepted", "refused", "members", "accuracy", "ended", "committee", "paid")
    rows = []
    for one in job.rounds:
        accuracy: _Cell = "" if one.accuracy is None else one.accuracy
        counts = (one.count("accepted"), one.count("submitted"), one.refused, len(job.members))
        rows.append((one.number, *counts, accuracy, one.ended, one.committee, sum(one.paid.values())))
    return _table(titles, rows, name)


def _proofs(job: JobReport, name: str) -> str:
    rows = [
        (one.number, member, verdict, one.proof_bytes.get(member, ""), one.reasons.get(member, ""))
        for one in job.rounds
        for member, verdict in one.proofs.items()
    ]
    table = _table(("round", "member", "verdict", "proof, bytes", "why"), rows[:PROOFS_MOST], name)
    more = len(rows) - PROOFS_MOST
    return table + (f'<p class="soft">{more:,} more are on the ledger.</p>' if more > 0 else "")


def _job(job: JobReport, number: int, pictures: Sequence[str]) -> str:
    title = f"Job {_text(job.name)}" if job.name else "Job"
    return "\n".join(
        [
            f'<h2 id="job{number}">{title}</h2>',
            f'<p class="soft">{_text(job.job.hex())}; {len(job.members)} members, {len(job.rounds)} rounds</p>',
            *pictures,
            "<h3>Rounds</h3>",
            _rounds(job, f"rounds{number}"),
            "<h3>Proofs and their verdicts</h3>",
            _proofs(job, f"proofs{number}"),
        ]
    )


def _economy(report: Report, pictures: Sequence[str]) -> str:
    economy = report.economy
    if economy is None:
        return '<h2 id="economy">Economy</h2><p>This ledger has no economy: no stakes, rewards or votes.</p>'
    bank, assembly = economy.bank, economy.assembly
    accounts = [
        (
            a.name + (" (validator)" if a.validator else ""), a.balance, a.owed, a.bonded, a.unbonding, a.earned,
            a.mean / ONE, a.deviation / ONE, a.votes,
        )
        for a in report.accounts
    ]  # fmt: skip
    titles = ("account", "balance", "owed", "bonded", "unbonding", "earned", "reputation", "deviation", "votes")
    proposals = []
    for one in assembly.proposals.values():
        if one is not None:
            target = f"{one.parameter} {one.subject.hex()[:12]}".strip()
            proposals.append((one.number, f"{target} = {one.value}", *one.tally, assembly.state(one, economy.now)))
    parameters = sorted(economy.parameters.as_dict().items())
    return "\n".join(
        [
            '<h2 id="economy">Economy</h2>',
            f"<p>Supply {bank.supply:,} units; slashed {bank.slashed:,}, of which {bank.burned:,} were burned.</p>",
            *pictures,
            "<h3>Stakes, rewards, reputations</h3>",
            _table(titles, accounts, "accounts"),
            "<h3>Votes</h3>",
            _table(("proposal", "change", "against", "for", "abstaining", "state"), proposals, "votes"),
            "<h3>Parameters in force</h3>",
            _table(("parameter", "value"), parameters, "parameters"),
        ]
    )


def page(report: Report) -> str:
    """The whole page; Matplotlib draws its charts. ParameterError where it is not installed."""
    job_charts, economy_charts = charts(report)
    stamp = build_stamp()
    if report.problem:
        verdict = f'<p class="bad" id="verdict">The ledger does not hold: {_text(report.problem)}</p>'
    else:
        sealed = "sealed" if report.sealed else "not sealed"
        verdict = f'<p class="good" id="verdict">Every record holds ({sealed}).</p>'
    facts: list[tuple[str, _Cell]] = [
        ("newest block", report.ledger),
        ("operator", report.operator),
        ("blocks", report.blocks),
        ("records", report.records),
        *sorted((name, value) for name, value in report.figures.items()),
    ]
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            "<title>pyzkfl: report of a ledger</title>",
            f"<style>{STYLE}</style></head><body>",
            "<h1>Report of a ledger</h1>",
            verdict,
            _table(("", ""), facts, "facts"),
            *(_job(job, number, job_charts[number]) for number, job in enumerate(report.jobs)),
            _economy(report, economy_charts),
            f'<p class="soft">pyzkfl {_text(stamp["version"])} ({_text(stamp["commit"])})</p>',
            "</body></html>",
        ]
    )
