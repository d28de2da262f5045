"""Draws docs/images/reliability.svg from docs/images/reliability.json, two lines: what kills and what a queue measured.

    python tests/python/faults/supervisor.py --kills 100 --json a.json
    pyzkfl bench verification-queue --json > b.json
    (cat a.json; echo; cat b.json) > docs/images/reliability.json && python scripts/plot_reliability.py

It takes no dependency.
"""

from __future__ import annotations

import json
from typing import Any

from plot_ladder import GAP_X, IMAGES, LEFT, PANEL_HEIGHT, PANEL_WIDTH, STYLE, TOP, WIDTH

HEIGHT = 310


def bars(title: str, counts: list[int], edges: list[float], unit: str, x0: float) -> list[str]:
    """A histogram: a bar for each bin between two edges, with its count above and the edges below."""
    top, width = max(counts), PANEL_WIDTH / len(counts)
    out = [f'<text class="panel" x="{x0}" y="{TOP}">{title}</text>']
    base = TOP + 20 + PANEL_HEIGHT
    out.append(f'<line class="grid" x1="{x0}" x2="{x0 + PANEL_WIDTH}" y1="{base}" y2="{base}"/>')
    for i, count in enumerate(counts):
        height = PANEL_HEIGHT * 0.9 * count / top
        x = x0 + i * width
        out.append(
            f'<rect class="dot" x="{x + 1:.1f}" y="{base - height:.1f}" width="{width - 2:.1f}" height="{height:.1f}"/>'
        )
        if count:
            middle = f'x="{x + width / 2:.1f}" y="{base - height - 5:.1f}" text-anchor="middle"'
            out.append(f'<text class="value" {middle}>{count}</text>')
    for i, edge in enumerate(edges):
        text = f"{edge:g}" + (f" {unit}" if i == len(edges) - 1 else "")
        out.append(f'<text x="{x0 + i * width:.1f}" y="{base + 18}" text-anchor="middle">{text}</text>')
    return out


def svg(lines: str) -> str:
    """The figure. ValueError if something was lost, or a queue refused a good proof."""
    kills, queue = (json.loads(line) for line in lines.splitlines() if line.strip())
    if kills["lost"] or queue["refused"] or len(kills["recovery"]) != kills["kills"]:
        raise ValueError("the figure is of runs in which nothing was lost or refused")
    times: list[float] = kills["recovery"]
    edges = [round(0.1 * i, 1) for i in range(int(10 * max(times)) + 2)]
    recovery = [sum(low <= t < high for t in times) for low, high in zip(edges, edges[1:], strict=False)]
    first = next(i for i, count in enumerate(recovery) if count)
    recovery, edges = recovery[first:], edges[first:]
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="title">',
        f"<style>{STYLE}</style>",
        f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}"/>',
        '<text class="title" id="title" x="24" y="32">Killed processes, and proofs that come all at once</text>',
        f'<text x="24" y="52">{kills["kills"]} times SIGKILL, {kills["rounds"]} rounds acknowledged, none lost; '
        f"{queue['params']['proofs']:,} proofs queued at once are verified in {queue['drain_seconds']:.2f} s</text>",
        *bars("seconds from the kill until the process is back", recovery, edges, "s", LEFT),
        *_service(queue, LEFT + PANEL_WIDTH + GAP_X),
    ]
    return "\n".join([*out, "</svg>"]) + "\n"


def _service(queue: dict[str, Any], x0: float) -> list[str]:
    limits = queue["service_histogram"]
    title = f"ms from arrival to answer, {queue['params']['rate']} arrivals a second"
    return bars(title, [count for _, count in limits], [0.0, *(edge for edge, _ in limits)], "ms", x0)


if __name__ == "__main__":
    (IMAGES / "reliability.svg").write_text(svg((IMAGES / "reliability.json").read_text()))
