"""Pictures as SVG that takes its colours from the page, so that one picture reads well in light and in dark."""

from __future__ import annotations

import html
import io
import re
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["GRID", "INK", "MUTED", "SERIES", "Picture", "draw", "standalone", "with_unique_ids"]

# Stand-ins that matplotlib can draw with; in the SVG each becomes a CSS variable of the page.
INK, MUTED, GRID = "#010101", "#020202", "#030303"
SERIES = ("#110001", "#110002", "#110003", "#110004", "#110005", "#110006")
_VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    GRID: "--line",
    **{c: f"--c{n}" for n, c in enumerate(SERIES, start=1)},
}

# The page's colours, for a picture that stands alone: ink, muted, grid, then the series.
_LIGHT = ("#1d2326", "#5d686d", "#dcdfd8", "#0b7fa5", "#d0570b", "#5b8a1c", "#8a4fbf", "#b8336a", "#7a6a2b")
_DARK = ("#e8ebe6", "#a3aeb2", "#343c40", "#4fb8e0", "#ff9248", "#9ccf52", "#c197f0", "#f07aa9", "#d3c06a")

_STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": GRID,
    "axes.grid": True,
    "axes.labelcolor": MUTED,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "font.family": "sans-serif",
    "font.size": 9.5,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.3,
    "svg.fonttype": "none",  # text stays text: it takes the page's font and can be searched
    "svg.hashsalt": "penstock",  # equal pictures have equal bytes
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
}


@dataclass(frozen=True)
class Picture:
    """One picture in two shapes: for a wide page and for a phone."""

    title: str
    caption: str
    wide: str
    narrow: str


def draw(
    title: str,
    caption: str,
    plot: Callable[[Figure, bool], None],
    height: float = 3.0,
    narrow_height: float | None = None,
) -> Picture:
    """Draw a picture twice, wide and narrow.

    Parameters
    ----------
    title, caption
        What it shows, and how to read it; the caption is also what a screen reader says.
    plot
        Draws on the figure it is given; the second argument says whether the figure is narrow.
    height, narrow_height
        Height in inches of the wide shape, which is 8 inches wide, and of the narrow one, which is 3.9 wide; the same
        if not given.
    """
    tall = narrow_height or height
    return Picture(
        title,
        caption,
        _svg(plot, caption, (8.0, height), narrow=False),
        _svg(plot, caption, (3.9, tall), narrow=True),
    )


def with_unique_ids(svg: str, seen: Counter[str]) -> str:
    """Return a picture whose element ids differ from those of the pictures counted in `seen`, by their captions."""
    found = re.search(r'\bid="([wn][0-9a-f]+)-', svg)
    if found is None:
        return svg
    prefix = found[1]
    seen[prefix] += 1
    return svg if seen[prefix] == 1 else svg.replace(f"{prefix}-", f"{prefix}.{seen[prefix]}-")


def standalone(picture: Picture) -> str:
    """Give the wide shape as a file of its own, with the colours of a page, light and dark, inside."""
    light, dark = (
        "".join(f"{name}:{color};" for name, color in zip(_VARIABLES.values(), colors, strict=True))
        for colors in (_LIGHT, _DARK)
    )
    style = (
        f"<style>:root{{{light}font-family:system-ui,sans-serif}}"
        f"@media(prefers-color-scheme:dark){{:root{{{dark}}}}}</style>"
    )
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    opening, rest = picture.wide.split(">", 1)
    return f"{opening.replace('<svg ', f'<svg {spaces}', 1)}>{style}{rest}\n"


def _svg(plot: Callable[[Figure, bool], None], caption: str, size: tuple[float, float], *, narrow: bool) -> str:
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        plot(figure, narrow)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'<svg [^>]*?viewBox="([^"]+)"[^>]*>', _opening(caption, narrow), svg, count=1)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    for stand_in, variable in _VARIABLES.items():
        svg = svg.replace(stand_in, f"var({variable})")
    svg = re.sub(r"font: ([\d.]+px)[^;\"]*", r"font-size: \1", svg)
    # Ids of the two shapes, and of several pictures on one page, must not meet.
    prefix = f"{'n' if narrow else 'w'}{zlib.crc32(caption.encode()):x}"
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\1{prefix}-", svg)
    return svg.strip()


def _opening(caption: str, narrow: bool) -> str:
    kind = "narrow" if narrow else "wide"
    label = html.escape(caption).replace("\\", r"\\")
    return rf'<svg class="{kind}" viewBox="\g<1>" role="img" aria-label="{label}">'
