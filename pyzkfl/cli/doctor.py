"""`pyzkfl doctor`: what is installed, what the machine has, what is wrong; it works when the core does not."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import platform
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pyzkfl.cache_folder import cache_folder

__all__ = ["diagnose", "register"]

# Extra -> the distributions that it brings.
EXTRAS = {
    "torch": ["torch"],
    "flower": ["flwr"],
    "evm": ["web3"],
    "he": ["phe"],
    "demo": ["scikit-learn"],
}
REQUIRED = ["numpy", "cbor2", "rich", "typer"]


def folder_bytes(folder: Path) -> int:
    """The bytes of the files in a folder; 0 where there is none. Files that vanish meanwhile count nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size
            except OSError:
                continue
    return total


# Folders in the cache: what `--json` calls them, the files' ending, what they are.
CACHES = {
    "setups": (".setup", "setups of jobs, by digest"),
    "insecure-keys": (".insecure", "INSECURE keys, for development: whoever made them can forge proofs"),
}


def cache_contents(folder: Path) -> dict[str, dict[str, int]]:
    """Files and bytes of each cache, without the core; zeros where there is none."""
    found = {}
    for name, (ending, _) in CACHES.items():
        sizes = []
        for path in (folder / name).glob(f"*{ending}"):
            try:
                sizes.append(path.stat().st_size)
            except OSError:
                continue
        found[name] = {"files": len(sizes), "bytes": sum(sizes)}
    return found


def installed(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def native_core() -> dict[str, Any]:
    """Whether the core loads, and what it says of itself and of the processor."""
    try:
        core = importlib.import_module("pyzkfl._core")
    except ImportError as error:
        return {"loads": False, "error": str(error)}
    found: dict[str, Any] = {"loads": True, "error": None, "modules": list(core.MODULES), **core.build_info()}
    base = getattr(core, "base", None)
    for name in ("cpu_kernel", "cpu_features", "thread_count"):
        if hasattr(base, name):
            found[name] = getattr(base, name)()
    return found


def diagnose() -> dict[str, Any]:
    """Everything the command shows, as the JSON object that `--json` prints."""
    from pyzkfl import build_stamp

    core = native_core()
    missing = [name for name in REQUIRED if installed(name) is None]
    problems = []
    if not core["loads"]:
        problems.append(f"the native core does not load ({core['error']}); build it: make dev, or pip install .")
    problems += [f"{name} is not installed: pip install {name}" for name in missing]
    folder = cache_folder()
    return {
        **build_stamp(),
        "ok": not problems,
        "problems": problems,
        "package_folder": str(Path(__file__).resolve().parents[1]),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "core": core,
        "packages": {name: installed(name) for name in REQUIRED},
        "extras": {extra: {name: installed(name) for name in names} for extra, names in EXTRAS.items()},
        "cache_folder": str(folder),
        "cache_bytes": folder_bytes(folder),
        "caches": cache_contents(folder),
    }


def _show(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    core = found["core"]
    table = Table(title="pyzkfl doctor", show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    rows: list[tuple[str, object]] = [
        ("version", f"{found['version']} ({found['commit']})"),
        ("installed in", found["package_folder"]),
        ("Python", f"{found['python']} on {found['platform']}"),
        ("native core", f"loads, {core['compiler']}" if core["loads"] else "DOES NOT LOAD"),
        ("CPU kernel", core.get("cpu_kernel", "-")),
        ("CPU features", core.get("cpu_features") or "none known"),
        ("threads", f"{core.get('thread_count', '-')} of {found['processors']} processors"),
        ("OpenSSL", core.get("openssl", "-")),
        *((name, version or "MISSING") for name, version in found["packages"].items()),
        *(
            (f"extra [{extra}]", ", ".join(f"{name} {version or 'not installed'}" for name, version in parts.items()))
            for extra, parts in found["extras"].items()
        ),
        ("cache", f"{found['cache_folder']}, {found['cache_bytes'] / 1e6:.1f} MB"),
        *(
            (f"cache {name}", f"{one['files']} files, {one['bytes'] / 1e6:.1f} MB: {CACHES[name][1]}")
            for name, one in found["caches"].items()
            if one["files"]
        ),
    ]
    for name, value in rows:
        table.add_row(escape(name), escape(str(value)))
    console = Console()
    console.print(table)
    for problem in found["problems"]:
        console.print(f"[red]problem:[/red] {escape(problem)}")


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def doctor(
        json_: Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")] = False,
    ) -> None:
        """Show version, CPU kernel, OpenSSL, packages and caches; exit 1 if something is broken."""
        found = diagnose()
        if json_:
            print(json.dumps(found))
        else:
            _show(found)
        if not found["ok"]:
            sys.exit(1)
