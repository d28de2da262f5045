"""The report of a ledger: what it says, that it needs nothing from elsewhere, and that a browser shows it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from economy_story import DAY, EconomyStory

from pyzkfl import ledger as kinds
from pyzkfl.cli import main
from pyzkfl.report import Report, gather, page

pytest.importorskip("matplotlib", reason="the charts need Matplotlib (the extra 'report')")

HOSTILE = "<script>document.title='ran'</script>"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = os.environ.get("PYZKFL_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)


@pytest.fixture
def world(tmp_path: Path, story, monkeypatch: pytest.MonkeyPatch) -> Iterator[EconomyStory]:
    """Two rounds, the second with a member that was refused and one that the committee rejects; a vote."""
    made = EconomyStory(tmp_path / "e.ledger", story, monkeypatch)
    with made.ledger:
        made.stake_everybody()
        made.append(*story.prologue())
        made.append(made.verdict(0, made.round(0)))
        made.append(story.start(1))
        made.append(*story.round(1)[1:])
        made.append(made.verdict(1, made.ledger.head().block.hash, rejected=("m1",)))
        made.append(story.start(2), kinds.Refusal(story.job, 2, "m2", 0, "ProofInvalid", HOSTILE))
        holder = made.holders[2]
        made.act(holder, kinds.Delegation, holder.public_bytes)
        made.act(holder, kinds.Proposal, "pool", b"", 12345)
        made.act(holder, kinds.Vote, 0, 1)
        made.seconds += 3 * DAY
        yield made


@pytest.fixture
def report(world: EconomyStory) -> Report:
    return gather(world.ledger, {"accuracy_rounds": [0.5, 0.75], "accuracy_central": 0.9})


def test_a_report_says_what_the_ledger_holds(world: EconomyStory, report: Report) -> None:
    assert report.problem == "" and report.records == len(world.ledger)
    (job,) = report.jobs
    assert [one.number for one in job.rounds] == [0, 1, 2]
    assert job.rounds[0].proofs == dict.fromkeys(world.story.members, "accepted")
    assert job.rounds[0].committee == "final, 7 signed"
    assert sum(job.rounds[0].paid.values()) == 1000
    assert job.rounds[1].proofs["m1"] == "rejected by the committee"
    assert job.rounds[2].proofs == {"m2": "ProofInvalid"} and job.rounds[2].reasons == {"m2": HOSTILE}
    assert [one.accuracy for one in job.rounds] == [0.5, 0.75, None]
    rejected = next(account for account in report.accounts if account.name == "m1")
    assert (rejected.bonded, rejected.earned) == (80, 300)


def test_the_page_shows_it_all_and_loads_nothing(report: Report) -> None:
    text = page(report)
    titles = ("Participation", "Accuracy", "Rewards", "Stakes", "Reputation", "Votes")
    for part in (*titles, "ProofInvalid", "pool = 12345"):
        assert part in text, part
    assert text.count("<svg") == 6
    # Nothing to fetch and nothing to run: the only addresses are names of XML's vocabularies.
    outside = re.sub(r'xmlns(:\w+)?="[^"]*"', "", text)
    assert "http" not in outside.replace("http-equiv", "")
    assert not re.search(r"<(script|link|img|iframe|object|embed)\b|@import|url\((?!#)|\son\w+=", outside)
    assert HOSTILE not in text and "&lt;script&gt;" in text


class _Ids(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.uses: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            self.uses.update(re.findall(r"url\(#([^)]+)\)", value or ""))
            if name.endswith("href") and value:
                self.uses.add(value.removeprefix("#"))


def test_charts_of_one_page_share_no_ids_and_point_at_their_own(report: Report) -> None:
    parser = _Ids()
    parser.feed(page(report))
    assert len(parser.ids) == len(set(parser.ids))
    assert parser.uses <= set(parser.ids)


def test_the_same_ledger_gives_the_same_page(report: Report) -> None:
    assert page(report) == page(report)


def test_a_ledger_that_does_not_hold_is_reported_as_such(world: EconomyStory, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as lax:
        lax.setattr("pyzkfl.tokens.Bank._take", lambda self, account, amount: None)
        number = world.numbers.get(world.holders[0].public_bytes, 0)
        transfer = kinds.Transfer(world.terms.digest, number, 0, bytes(32), 10**9)
        world.append(transfer, signer=world.holders[0])
    found = gather(world.ledger)
    assert "transfer" in found.problem and found.economy is None
    assert "does not hold" in page(found)


def test_the_command_writes_the_page_beside_the_ledger(
    world: EconomyStory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.ledger.close()
    (tmp_path / "run.json").write_text(json.dumps({"accuracy_rounds": [0.5]}))
    with pytest.raises(SystemExit) as ended:
        main(["report", str(world.ledger.path), "--html", "--json", "--figures", str(tmp_path / "run.json")])
    assert ended.value.code == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["ok"] is True and printed["rounds"] == 3 and printed["proofs_refused"] == 2
    written = Path(printed["page"])
    assert written == tmp_path / "e.ledger.html"
    assert written.read_text().startswith("<!DOCTYPE html>")


def test_a_ledger_without_an_economy_has_a_report_too(tmp_path: Path, story) -> None:
    with kinds.SqliteLedger.create(tmp_path / "plain.ledger", operator=story.coordinator) as plain:
        assert "no economy" in page(gather(plain))
        plain.append(story.sealed(*story.prologue(), *story.round(0)))
        text = page(gather(plain))
    assert "Participation" in text and "no economy" in text


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (PYZKFL_CHROMIUM names one that is not on the path)")
@pytest.mark.end_to_end
def test_headless_chromium_shows_the_page_and_runs_nothing(report: Report, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    # A script planted past the escaping is what the policy is for.
    file.write_text(page(report).replace("</body>", HOSTILE + "</body>"), encoding="utf-8")
    shown = subprocess.run(
        [
            *(str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"),
            *("--host-resolver-rules=MAP * ~NOTFOUND", "--dump-dom", file.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    assert "<title>pyzkfl: report of a ledger</title>" in shown  # not 'ran'
    assert shown.count("<svg") == 6 and 'id="accounts"' in shown
    picture = tmp_path / "page.png"
    subprocess.run(
        [
            *(str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"),
            *("--window-size=1000,3200", f"--screenshot={picture}", file.as_uri()),
        ],
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert picture.stat().st_size > 20_000
