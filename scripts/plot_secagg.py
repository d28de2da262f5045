"""Draws docs/images/secagg.svg from docs/images/secagg.json: lines that `pyzkfl bench secagg --json` prints.

    for n in 32 100 320 1000 4000 15000; do
      pyzkfl bench secagg --json --runs 1 --clients $n --dim 10000 --dropout 0.05 --corrupt 0.05 --server active
      pyzkfl bench secagg --json --runs 1 --clients $n --dim 10000 --dropout 0.38 --corrupt 0.05 --server semi-honest
    done > docs/images/secagg.json && python scripts/plot_secagg.py

All lines are of one machine and one length of vectors. It takes no dependency.
"""

from __future__ import annotations

import html
import json
from typing import Any

from plot_ladder import (
    GAP_X,
    GAP_Y,
    HEIGHT,
    IMAGES,
    LEFT,
    PANEL_HEIGHT,
    PANEL_WIDTH,
    STYLE,
    TOP,
    WIDTH,
    decades,
    from_zero,
    panel_svg,
)

CASES = ((0.05, "active", "5 % lost, active server"), (0.38, "semi-honest", "38 % lost, semi-honest server"))


def svg(lines: str) -> str:
    """The figure: for each case the server's and a client's processor time in a steady round, by number of clients."""
    runs = [json.loads(line) for line in lines.splitlines() if line.strip()]
    for key in ("threads", "cpu_kernel", "schema"):
        if len({run[key] for run in runs}) != 1:
            raise ValueError(f"the lines differ in {key}: one figure is of one machine")
    (dim,) = {run["params"]["dim"] for run in runs}
    if not all(run["exact"] for run in runs):
        raise ValueError("a sum was not exact")
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="title">',
        f"<style>{STYLE}</style>",
        f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}"/>',
        '<text class="title" id="title" x="24" y="32">A masked sum, by number of clients</text>',
        f'<text x="24" y="52">{dim:,} values, 5 % corrupt, security 2^-40, correctness 2^-30; a round on a standing '
        f"setup; {runs[0]['threads']} threads, kernel {html.escape(runs[0]['cpu_kernel'])}</text>",
    ]
    for row, (dropout, server, title) in enumerate(CASES):
        chosen = [r for r in runs if (r["params"]["dropout"], r["params"]["server"]) == (dropout, server)]
        chosen.sort(key=lambda run: run["params"]["clients"])
        sizes = [run["params"]["clients"] for run in chosen]
        panels = (
            from_zero(f"server, CPU ms a client: {title}", column(chosen, "server_cpu_seconds_per_client"), 0.5),
            decades(f"client, CPU ms: {title}", column(chosen, "client_cpu_seconds_max")),
        )
        for place, panel in enumerate(panels):
            x0, y0 = LEFT + place * (PANEL_WIDTH + GAP_X), TOP + 18 + row * (PANEL_HEIGHT + GAP_Y)
            out += panel_svg(panel, sizes, x0, y0)
    return "\n".join([*out, "</svg>"]) + "\n"


def column(runs: list[dict[str, Any]], name: str) -> list[float]:
    """Milliseconds of the steady rounds."""
    return [run["steady"][name] * 1e3 for run in runs]


if __name__ == "__main__":
    (IMAGES / "secagg.svg").write_text(svg((IMAGES / "secagg.json").read_text()))
