"""Whatever docs/soundness.md names as a test exists, and no row of its tables is empty."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "soundness.md").read_text()
SPANS = sorted(set(re.findall(r"`([^`]+)`", PAGE)))
NAMED = [
    s
    for s in SPANS
    if re.match(r"[a-z0-9_/]+\.cpp: |[a-z0-9_/]+\.py::|forgery ", s) and not s.endswith((": title", "::name", " name"))
]


def exists(reference: str) -> bool:
    """Whether there is such a test case, test function or forgery."""
    if reference.startswith("forgery "):
        return f'"{reference[8:]}"' in (ROOT / "csrc/training/network_forgery_list.cpp").read_text()
    if "::" in reference:
        path, name = reference.split("::")
        file = ROOT / "tests/python" / path
        return file.exists() and f"\ndef {name}(" in file.read_text()
    path, title = reference.split(": ", 1)
    file = ROOT / "tests/cpp" / path
    if not file.exists():
        return False
    text, name = re.sub(r"\s+", "", file.read_text()), re.sub(r"\s+", "", f'("{title}"')
    return any(start + name + end in text for start in ("TEST_CASE", "TEST_CASE_TEMPLATE") for end in (")", ",", "*"))


@pytest.mark.parametrize("reference", NAMED)
def test_what_the_page_names_exists(reference: str) -> None:
    assert exists(reference)


def test_what_does_not_exist_is_found() -> None:
    assert not exists("forgery nothing")
    assert not exists("engine/test_network.py::test_nothing")
    assert not exists("wrap/test_gadgets.cpp: nothing")
    assert not exists("wrap/no_file.cpp: nothing")


def test_every_row_names_a_test_or_says_why_there_is_none() -> None:
    heads = ("| what ", "| false step ", "| must ")
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(heads)]
    assert len(rows) > 50
    for row in rows:
        cell = row.strip("|").split(" | ")[-1]
        known = any(span in NAMED for span in re.findall(r"`([^`]+)`", cell))
        assert known or "there is none yet" in cell or "**not built**" in cell, row


def test_every_test_that_marks_secrets_is_one_that_runs_under_valgrind() -> None:
    """make test-deep picks them by name: one of another name would never be run there, and says nothing elsewhere."""
    assert '--test-case="*constant time*"' in (ROOT / "scripts/test_deep.sh").read_text()
    found = 0
    for path in (ROOT / "tests/cpp").rglob("*.cpp"):
        for part in re.split(r"\n(?=TEST_CASE)", path.read_text())[1:]:
            if "make_secret(" in part or "VALGRIND_MAKE_MEM_UNDEFINED" in part:
                title = re.match(r'TEST_CASE(?:_TEMPLATE)?\(\s*"([^"]+)"', part)
                assert title and "constant time" in title[1], f"{path.relative_to(ROOT)}: {part[:90]}"
                found += 1
    assert found >= 10
