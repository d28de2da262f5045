"""Draws docs/images/economy.svg from docs/images/economy.json, which `pyzkfl economy --json` prints.

    pyzkfl economy --json > docs/images/economy.json && python scripts/plot_economy.py

It takes no dependency.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
WIDTH, HEIGHT, TOP, PANEL = 880, 430, 92, 280
LEFTS = (56, 510)
STYLE = """
  text { font: 12px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #57606a }
  .title { font-size: 16px; font-weight: 600; fill: #1f2328 }
  .panel { font-size: 13px; font-weight: 600; fill: #1f2328 }
  .grid { stroke: #d0d7de; stroke-width: 1 }
  .line { fill: none; stroke-width: 2 }
  .good { stroke: #1a7f37 } .bad { stroke: #cf222e } .soft { stroke: #8c959f }
  .honest { fill: #1a7f37; fill-opacity: .45 } .dishonest { fill: #cf222e; fill-opacity: .6 }
  .ground { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1 }
    .title, .panel { fill: #f0f6fc }
    .grid { stroke: #3d444d }
    .ground { fill: #0d1117 }
  }
"""


def axes(left: float, title: str, below: str, ticks: Sequence[tuple[float, str]]) -> list[str]:
    """A square panel with shares from 0 to 1 upwards, and these ticks (place from 0 to 1, text) below."""
    out = [f'<text class="panel" x="{left}" y="{TOP - 14}">{title}</text>']
    for i in range(6):
        y = TOP + PANEL * (1 - i / 5)
        out.append(f'<line class="grid" x1="{left}" x2="{left + PANEL + 40}" y1="{y:.1f}" y2="{y:.1f}"/>')
        out.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{i / 5:.1f}</text>')
    for place, text in ticks:
        x = left + (PANEL + 40) * place
        out.append(f'<text x="{x:.1f}" y="{TOP + PANEL + 20}" text-anchor="middle">{text}</text>')
    out.append(f'<text x="{left + (PANEL + 40) / 2}" y="{TOP + PANEL + 40}" text-anchor="middle">{below}</text>')
    return out


def at(left: float, x: float, y: float) -> tuple[float, float]:
    """Where a point of a panel (both from 0 to 1) is drawn."""
    return left + (PANEL + 40) * x, TOP + PANEL * (1 - y)


def svg(data: dict[str, Any]) -> str:
    """Rewards and slashing over the rounds; reputation over true quality."""
    lines, rounds = data["lines"], data["rounds"]
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="title">',
        f"<style>{STYLE}</style>",
        f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}"/>',
        '<text class="title" id="title" x="24" y="32">What honesty earns, and what cheating costs</text>',
        f'<text x="24" y="52">{data["clients"]} clients, {data["dishonest"]:.0%} of them dishonest; '
        f"commit {data['commit'][:12]}</text>",
    ]
    ticks = [(i / 4, str(round(rounds * i / 4))) for i in range(5)]
    out += axes(LEFTS[0], "shares, round by round", "round", ticks)
    for name, colour, text, height in (
        ("reward_share_honest", "good", "rewards to the honest", 0.34),
        ("slashed_share_dishonest", "bad", "stake of the dishonest, slashed", 0.27),
        ("slashed_share_honest", "soft", "stake of the honest, slashed", 0.2),
    ):
        points = [at(LEFTS[0], (one["round"] + 1) / rounds, one[name]) for one in lines if one[name] is not None]
        shown = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        out.append(f'<polyline class="line {colour}" points="{shown}"/>')
        x, y = at(LEFTS[0], 0.36, height)
        out.append(f'<line class="line {colour}" x1="{x:.1f}" x2="{x + 16:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>')
        out.append(f'<text x="{x + 22:.1f}" y="{y + 4:.1f}">{text}: {lines[-1][name]:.2f}</text>')
    title = f"reputation of each client; correlation {data['correlation']:.3f}"
    out += axes(
        LEFTS[1], title, "true quality: share of submissions whose proof holds", [(0, "0"), (0.5, ".5"), (1, "1")]
    )
    for quality, score, honest in data["points"]:
        x, y = at(LEFTS[1], quality, score)
        out.append(f'<circle class="{"honest" if honest else "dishonest"}" cx="{x:.1f}" cy="{y:.1f}" r="2.2"/>')
    return "\n".join([*out, "</svg>"]) + "\n"


if __name__ == "__main__":
    (IMAGES / "economy.svg").write_text(svg(json.loads((IMAGES / "economy.json").read_text())))
