"""What the commands of both phases of a setup share: their arguments, and how they show contributions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any, TypeAlias

import typer

from pyzkfl.cli.progress import progress_bar
from pyzkfl.contributions import Contribution, beacon_from_hex, expect_beacon, hash_from_hex

__all__ = ["AgreedBeacon", "Beacon", "Iterations", "Name", "Published", "check_beacon", "hashes", "publish", "show"]

Name: TypeAlias = Annotated[str, typer.Option(help="what to call this contribution, for the record")]
Beacon: TypeAlias = Annotated[
    str, typer.Argument(help="public value that nobody could know before, in hexadecimal", show_default=False)
]
Iterations: TypeAlias = Annotated[
    int, typer.Argument(min=10, max=28, help="2^N iterations of SHA-256", metavar="ITERATIONS_LOG", show_default=False)
]
Published: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--contribution", metavar="HASH", help="hash that a contributor published: must be there; repeatable"),
]
AgreedBeacon: TypeAlias = Annotated[
    tuple[str, int] | None,
    typer.Option("--beacon", metavar="HEX ITERATIONS_LOG", help="beacon that was agreed on: must be the last one"),
]


def hashes(texts: Iterable[str] | None) -> list[bytes]:
    """Hashes of contributions, as they were typed."""
    return [hash_from_hex(text) for text in texts or ()]


def check_beacon(found: Iterable[Contribution], agreed: tuple[str, int] | None) -> None:
    """Look for the agreed beacon, if there is one."""
    if agreed is not None:
        expect_beacon(found, beacon_from_hex(agreed[0]), agreed[1])


def show(contributions: Iterable[Contribution]) -> None:
    """Print contributions, their hashes and beacons. Names are whatever a file says: no control characters."""
    for number, contribution in enumerate(contributions, 1):
        print(f"  {number}  {contribution.hash.hex()}  {ascii(contribution.name)[1:-1]}")
        if contribution.beacon is not None:
            print(f"     beacon {contribution.beacon.hex()}, 2^{contribution.iterations_log} iterations")


def publish(title: str, act: Callable[..., bytes], *arguments: Any, name: str) -> None:
    """Contribute, with a progress bar, and print the hash that a contributor publishes."""
    with progress_bar(title) as progress:
        digest = act(*arguments, name=name, progress=progress)
    print(f"hash of this contribution: {digest.hex()}")
