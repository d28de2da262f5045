"""Draws docs/images/ladder.svg from docs/images/ladder.json, which `pyzkfl bench ladder --json` prints.

    pyzkfl bench ladder --json > docs/images/ladder.json && python scripts/plot_ladder.py

The data may be several lines, of runs over parts of the ladder on one machine. It takes no dependency.
"""

from __future__ import annotations

import html
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
WIDTH, HEIGHT = 880, 560
LEFT, TOP, PANEL_WIDTH, PANEL_HEIGHT, GAP_X, GAP_Y = 62, 84, 350, 160, 86, 84
STYLE = """
  text { font: 12px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #57606a }
  .title { font-size: 16px; font-weight: 600; fill: #1f2328 }
  .panel { font-size: 13px; font-weight: 600; fill: #1f2328 }
  .value { font-size: 11px; fill: #1f2328; stroke: #ffffff; stroke-width: 3px; paint-order: stroke }
  .grid { stroke: #d0d7de; stroke-width: 1 }
  .line { fill: none; stroke: #0969da; stroke-width: 2; stroke-linejoin: round }
  .dot { fill: #0969da }
  .ground { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1 }
    .title, .panel, .value { fill: #f0f6fc }
    .value { stroke: #0d1117 }
    .grid { stroke: #3d444d }
    .line { stroke: #4493f8 }
    .dot { fill: #4493f8 }
    .ground { fill: #0d1117 }
  }
"""


@dataclass(frozen=True)
class Panel:
    """One figure over the number of parameters: its title, its values, and its axis from `low` to `high`."""

    title: str
    values: Sequence[float]
    low: float
    high: float
    ticks: Sequence[float]
    logarithmic: bool
    text: Callable[[float], str]


def merged(lines: str) -> dict[str, Any]:
    """The lines as one object: all rungs, by size. ValueError when they are not of one machine and commit."""
    objects = [json.loads(line) for line in lines.splitlines() if line.strip()]
    for key in ("cpu", "commit", "threads", "cpu_kernel", "schema"):
        if len({one[key] for one in objects}) != 1:
            raise ValueError(f"the lines differ in {key}: one figure is of one machine and one commit")
    rungs = {rung["parameters"]: rung for one in objects for rung in one["rungs"]}
    return {**objects[0], "rungs": [rungs[size] for size in sorted(rungs)]}


def number(value: float) -> str:
    """Two digits, or all of a number beyond 100; no exponent.

    >>> number(0.2049), number(22.96), number(1234)
    ('0.2', '23', '1234')
    """
    return f"{value:.2g}" if value < 99.5 else f"{value:.0f}"


def decades(title: str, values: Sequence[float]) -> Panel:
    """A panel whose axis is logarithmic and begins and ends at powers of ten."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    ticks = [10.0**k for k in range(low, high + 1)]
    return Panel(title, values, ticks[0], ticks[-1], ticks, True, number)


def from_zero(title: str, values: Sequence[float], step: float) -> Panel:
    """A panel whose axis is linear and begins at zero."""
    high = step * math.ceil(max(values) * 1.25 / step)
    return Panel(title, values, 0.0, high, [step * i for i in range(round(high / step) + 1)], False, number)


def panel_svg(panel: Panel, sizes: Sequence[float], x0: float, y0: float) -> list[str]:
    """The panel with its upper left corner there: grid, axis, line, and a dot with its value for each size."""
    left, right = math.floor(math.log10(min(sizes))), math.log10(max(sizes)) + 0.1

    def x(size: float) -> float:
        return x0 + PANEL_WIDTH * (math.log10(size) - left + 0.08) / (right - left + 0.08)

    def y(value: float) -> float:
        low, high, at = panel.low, panel.high, value
        if panel.logarithmic:
            low, high, at = math.log10(low), math.log10(high), math.log10(value)
        return y0 + PANEL_HEIGHT * (1 - (at - low) / (high - low))

    out = [f'<text class="panel" x="{x0}" y="{y0 - 14}">{panel.title}</text>']
    for tick in panel.ticks:
        out.append(f'<line class="grid" x1="{x0}" x2="{x0 + PANEL_WIDTH}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
        out.append(f'<text x="{x0 - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{panel.text(tick)}</text>')
    for power in range(left, math.floor(right) + 1):
        raised = f'10<tspan dy="-5" font-size="9">{power}</tspan>'
        out.append(f'<text x="{x(10.0**power):.1f}" y="{y0 + PANEL_HEIGHT + 20}" text-anchor="middle">{raised}</text>')
    points = [(x(size), y(value)) for size, value in zip(sizes, panel.values, strict=True)]
    out.append('<polyline class="line" points="' + " ".join(f"{px:.1f},{py:.1f}" for px, py in points) + '"/>')
    for (px, py), value in zip(points, panel.values, strict=True):
        out.append(f'<circle class="dot" cx="{px:.1f}" cy="{py:.1f}" r="3.5"/>')
        out.append(f'<text class="value" x="{px:.1f}" y="{py - 9:.1f}" text-anchor="middle">{panel.text(value)}</text>')
    return out


def svg(data: dict[str, Any]) -> str:
    """The figure: four panels over the number of parameters."""
    rungs = data["rungs"]
    sizes = [rung["parameters"] for rung in rungs]

    def column(name: str, unit: float = 1.0) -> list[float]:
        return [rung[name] / unit for rung in rungs]

    panels = [
        decades("prove, seconds", column("seconds_median")),
        decades("peak memory of the process, setup included, GB", column("peak_rss_bytes", 1e9)),
        from_zero("verify, milliseconds", column("verify_seconds", 1e-3), 1),
        from_zero("proof, bytes", column("proof_bytes"), 200),
    ]
    commit = data["commit"][:12]
    machine = f"{html.escape(data['cpu'])}, {data['threads']} threads, kernel {data['cpu_kernel']}"
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="title">',
        f"<style>{STYLE}</style>",
        f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}"/>',
        '<text class="title" id="title" x="24" y="32">One proven training step, by number of parameters</text>',
        f'<text x="24" y="52">perceptrons, batch {data["params"]["batch"]}; {machine}; commit {commit}</text>',
    ]
    for place, panel in enumerate(panels):
        x0 = LEFT + (place % 2) * (PANEL_WIDTH + GAP_X)
        y0 = TOP + 18 + (place // 2) * (PANEL_HEIGHT + GAP_Y)
        out += panel_svg(panel, sizes, x0, y0)
    return "\n".join([*out, "</svg>"]) + "\n"


if __name__ == "__main__":
    (IMAGES / "ladder.svg").write_text(svg(merged((IMAGES / "ladder.json").read_text())))
