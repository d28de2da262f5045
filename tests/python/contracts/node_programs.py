"""What node runs for the tests of contracts; where node is absent they are skipped, and where CI is set they fail."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any, NoReturn

import pytest


def absent(reason: str) -> NoReturn:
    """As in tests/python/formats: a skip on a developer's machine, a failure where CI is set."""
    if os.environ.get("CI", "") not in ("", "0", "false"):
        pytest.fail(f"{reason}; a test that is skipped where CI is set would never run", pytrace=False)
    pytest.skip(reason)


def contracts_script(repository: Path) -> Any:
    """scripts/contracts.py as a module."""
    place = repository / "scripts" / "contracts.py"
    spec = importlib.util.spec_from_file_location("contracts_script", place)
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def contracts_modules(repository: Path) -> Path:
    """contracts/node_modules, installed if need be; or absent()."""
    try:
        return Path(contracts_script(repository).node_modules())
    except RuntimeError as error:
        absent(str(error))
