"""The README's examples run, and what it links to exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)\)")


@pytest.mark.end_to_end
def test_the_readme_shows_library_use_in_about_20_lines_that_run(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = BLOCK.findall((repository / "README.md").read_text())
    assert blocks, "the README shows no library use"
    assert len(blocks[0].strip().splitlines()) <= 25
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "readme"}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)


@pytest.mark.parametrize("page", ["README.md", "SECURITY.md", "CONTRIBUTING.md", "benchmarks/README.md"])
def test_what_a_page_links_to_exists(repository: Path, page: str) -> None:
    path = repository / page
    missing = [target for target in LINK.findall(path.read_text()) if not (path.parent / target).exists()]
    assert missing == []
