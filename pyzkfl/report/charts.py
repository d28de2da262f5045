"""The charts of a report, as SVG text by Matplotlib: no script, no font and no picture from elsewhere."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

from pyzkfl.errors import ParameterError
from pyzkfl.report.gathering import AccountReport, JobReport, Report
from pyzkfl.reputation import ONE

__all__ = ["charts"]

BLUE, GREEN, RED, GREY = "#0969da", "#1a7f37", "#cf222e", "#8c959f"
SHOWN = 40  # accounts in a bar chart: those with most to show


def _figure(title: str, xlabel: str, ylabel: str) -> tuple[Any, Any]:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ParameterError("the page's charts need Matplotlib: pip install 'pyzkfl[report]'") from None
    figure = Figure(figsize=(7.2, 2.8), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, fontsize=11, loc="left")
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)
    return figure, axes


def _svg(figure: Any, name: str) -> str:
    """The figure's SVG element; ids begin with what `name` gives, so that charts of one page share none."""
    import matplotlib

    out = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "font.family": "sans-serif"}):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    return re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{name}-", text)


def _participation(job: JobReport, name: str) -> str:
    figure, axes = _figure("Participation", "round", "members")
    numbers = [round_.number for round_ in job.rounds]
    bottom = [0] * len(numbers)
    for label, colour, values in (
        ("in the sum", GREEN, [round_.count("accepted") for round_ in job.rounds]),
        ("proof accepted, not in the sum", GREY, [round_.count("submitted") for round_ in job.rounds]),
        ("refused", RED, [round_.refused for round_ in job.rounds]),
    ):
        axes.bar(numbers, values, bottom=bottom, color=colour, label=label, width=0.8)
        bottom = [a + b for a, b in zip(bottom, values, strict=True)]
    axes.axhline(len(job.members), color=GREY, linewidth=0.8, linestyle="--")
    axes.legend(fontsize=8, frameon=False, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.25))
    return _svg(figure, name)


def _accuracy(job: JobReport, name: str) -> str | None:
    points = [(round_.number, round_.accuracy) for round_ in job.rounds if round_.accuracy is not None]
    if not points:
        return None
    figure, axes = _figure("Accuracy on the test rows", "round", "share")
    axes.plot(*zip(*points, strict=True), color=BLUE, marker="o", markersize=3)
    axes.set_ylim(0, 1.02)
    return _svg(figure, name)


def _rewards(job: JobReport, name: str) -> str | None:
    members = set(job.members.values())
    rows = [round_ for round_ in job.rounds if round_.paid]
    if not rows:
        return None
    figure, axes = _figure("Rewards, in all so far", "round", "units")
    for label, colour, inside in (("members", BLUE, True), ("validators", GREY, False)):
        total, points = 0, []
        for round_ in rows:
            total += sum(amount for account, amount in round_.paid.items() if (account in members) is inside)
            points.append((round_.number, total))
        axes.plot(*zip(*points, strict=True), color=colour, label=label)
    axes.legend(fontsize=8, frameon=False)
    return _svg(figure, name)


def _bars(title: str, ylabel: str, rows: Sequence[tuple[str, float, float]], name: str, colour: str) -> str:
    """rows: label, value, deviation."""
    figure, axes = _figure(title, "", ylabel)
    labels, values, deviations = zip(*rows, strict=True)
    errors = list(deviations) if any(deviations) else None
    axes.bar(range(len(rows)), values, yerr=errors, color=colour, error_kw={"ecolor": GREY})
    # Names are the members' own: a dollar sign in one must not begin mathematics.
    texts = [label.replace("$", r"\$") for label in labels]
    axes.set_xticks(range(len(rows)), texts, rotation=60, ha="right", fontsize=7)
    return _svg(figure, name)


def _largest(accounts: Sequence[AccountReport], field: str) -> list[AccountReport]:
    chosen = sorted(accounts, key=lambda account: -getattr(account, field))[:SHOWN]
    return [account for account in accounts if account in chosen and getattr(account, field) > 0]


def _economy_charts(report: Report) -> list[str]:
    economy, out = report.economy, []
    if economy is None:
        return []
    stakes = _largest(report.accounts, "bonded")
    if stakes:
        out.append(_bars("Stakes", "units bonded", [(a.name, a.bonded, 0) for a in stakes], "stakes", BLUE))
    scored = [a for a in report.accounts if a.account in economy.reputation.scores][:SHOWN]
    if scored:
        rows = [(a.name, a.mean / ONE, a.deviation / ONE) for a in scored]
        out.append(_bars("Reputation: mean and what is not known yet", "share", rows, "reputation", GREEN))
    proposals = [proposal for proposal in economy.assembly.proposals.values() if proposal is not None]
    if proposals:
        figure, axes = _figure("Votes", "proposal", "units")
        for offset, (label, colour) in enumerate((("against", RED), ("for", GREEN), ("abstaining", GREY))):
            places = [proposal.number + 0.25 * (offset - 1) for proposal in proposals]
            axes.bar(places, [proposal.tally[offset] for proposal in proposals], 0.25, color=colour, label=label)
        axes.set_xticks([proposal.number for proposal in proposals])
        axes.legend(fontsize=8, frameon=False)
        out.append(_svg(figure, "votes"))
    return out


def charts(report: Report) -> tuple[list[list[str]], list[str]]:
    """SVG elements of each job, and of the economy."""
    jobs = []
    for i, job in enumerate(report.jobs):
        made = [_participation(job, f"participation{i}")] if job.rounds else []
        made += [svg for svg in (_accuracy(job, f"accuracy{i}"), _rewards(job, f"rewards{i}")) if svg]
        jobs.append(made)
    return jobs, _economy_charts(report)
