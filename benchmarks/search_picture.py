"""The trade-off of the threshold from which a hit is advice, as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 720, 440, 70, 90, 20, 60
COLOURS = {"advice": "#0072b2", "false advice": "#d55e00"}


def threshold_picture(
    thresholds: npt.NDArray[np.float64],
    curves: Mapping[str, tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]],
    chosen: float,
    model: str,
    *,
    axis: str = "score above the mean of all passages",
) -> str:
    """Return an SVG with two curves for each name: of the questions that chose the threshold (solid), and of those held out (dashed).

    `axis` says what the threshold is compared with.
    """
    shown = [n for n, _ in enumerate(thresholds) if n == 0 or any(pair[0][n - 1] > 0 or pair[1][n - 1] > 0 for pair in curves.values())]
    largest = float(thresholds[shown[-1]]) or 1.0

    def x(threshold: float) -> float:
        return LEFT + threshold / largest * (WIDTH - LEFT - RIGHT)

    def y(share: float) -> float:
        return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{LEFT}" y="24" font-size="16">How often advice is right, and how often false, by threshold</text>',
        f'<text x="{LEFT}" y="44" fill="#555">solid: questions that chose the threshold; dashed: questions held out</text>',
        f'<text x="{LEFT}" y="62" fill="#555">words and the model {model}</text>',
    ]
    for share in (0, 0.25, 0.5, 0.75, 1):
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(share):.1f}" y2="{y(share):.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y(share) + 4:.1f}" text-anchor="end">{share:.0%}</text>')
    steps = [n / 10 for n in range(int(largest * 10) + 1)]
    parts += [f'<text x="{x(step):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{step:.1f}</text>' for step in steps]
    parts.append(f'<text x="{(WIDTH + LEFT) / 2}" y="{HEIGHT - 14}" text-anchor="middle">{axis}</text>')
    for name, pair in curves.items():
        for values, dash in zip(pair, ("", ' stroke-dasharray="6 4"'), strict=True):
            points = " ".join(f"{x(float(thresholds[n])):.1f},{y(float(values[n])):.1f}" for n in shown)
            parts.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"{dash}/>')
        label = shown[len(shown) // 20]
        parts.append(
            f'<text x="{x(float(thresholds[label])) + 6:.1f}" y="{y(float(pair[0][label])) + 18:.1f}" fill="{COLOURS[name]}"'
            f' stroke="white" stroke-width="4" paint-order="stroke">{name}</text>'
        )
    parts.append(
        f'<line x1="{x(chosen):.1f}" x2="{x(chosen):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="#333" stroke-dasharray="2 3"/>'
    )
    parts.append(f'<text x="{x(chosen) + 5:.1f}" y="{TOP + 14}">{chosen:.3f}</text>')
    return "\n".join([*parts, "</svg>", ""])
