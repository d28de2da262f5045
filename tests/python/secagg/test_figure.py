"""The README's figure of masked sums is what the script draws from the data in the tree."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest


def test_the_figure_in_the_tree_is_drawn_from_the_data_in_the_tree(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(repository / "scripts"))
    script = runpy.run_path(str(repository / "scripts" / "plot_secagg.py"))
    images = repository / "docs" / "images"
    data = (images / "secagg.json").read_text()
    assert script["svg"](data) == (images / "secagg.svg").read_text()
    assert "docs/images/secagg.svg" in (repository / "README.md").read_text()
    lines = [json.loads(line) for line in data.splitlines()]
    with pytest.raises(ValueError, match="not exact"):
        script["svg"]("\n".join(json.dumps({**line, "exact": False}) for line in lines))
    with pytest.raises(ValueError, match="differ in threads"):
        script["svg"]("\n".join(json.dumps({**line, "threads": place}) for place, line in enumerate(lines)))
