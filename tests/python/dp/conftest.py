"""The fixture of parties."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "masked"))

from parties import Party


@pytest.fixture
def make_party() -> type[Party]:
    return Party
