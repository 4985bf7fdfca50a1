"""Pages in a real browser: what it says of them, and pictures of them."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine to open the page with")

_PROBE = (
    "<script>document.title = JSON.stringify({over: document.documentElement.scrollWidth - innerWidth, "
    "paper: getComputedStyle(document.body).backgroundColor, inner: innerWidth, "
    "small: Math.min(...[...document.querySelectorAll('svg text')].map(t => t.getBoundingClientRect())"
    ".map(r => Math.max(r.width, r.height)).filter(h => h > 0), 99), "  # a letter that lies on its side is as high
    "tables: Math.max(0, ...[...document.querySelectorAll('.scroll')].map(s => s.scrollWidth - s.clientWidth)), "
    "wide: [...document.querySelectorAll('svg.wide')].filter(s => s.getBoundingClientRect().width > 0).length, "
    "narrow: [...document.querySelectorAll('svg.narrow')].filter(s => s.getBoundingClientRect().width > 0).length})"
    "</script></body>"
)


def look(pages: list[Path], folder: Path, width: int, dark: bool, picture: Path | None = None) -> list[dict[str, Any]]:
    """Open pages at a width, light or dark; give for each what the browser measures, and take a picture of all.

    Returns
    -------
    For each page: `over`, the pixels to scroll sideways; `paper`, its background; `inner`, its width; `small`, the
    height of its smallest letters; `tables`, the pixels by which a
    table is cut; how many `wide` and `narrow` pictures are shown.
    """
    frames = []
    for number, page in enumerate(pages):
        (folder / f"inner{number}.html").write_text(page.read_text().replace("</body>", _PROBE))
        # An iframe gives the page the width of a phone, which a browser window cannot be made to have.
        frames.append(
            f'<iframe src="inner{number}.html" style="width:{width}px;height:900px;border:0" '
            'onload="this.dataset.result = this.contentDocument.title"></iframe>'
        )
    (folder / "outer.html").write_text("".join(frames))
    tall = 960 * len(pages)
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--no-first-run", "--allow-file-access-from-files",
        "--enable-logging=stderr", f"--user-data-dir={folder / 'profile'}",
        f"--blink-settings=preferredColorScheme={0 if dark else 1}", f"--window-size=1300,{tall}",
    ]  # fmt: skip
    wanted = [["--dump-dom"]] + ([["--hide-scrollbars", f"--screenshot={picture}"]] if picture else [])
    outputs = []
    for each in wanted:
        done = subprocess.run(
            [*command, *each, f"file://{folder / 'outer.html'}"],
            capture_output=True,
            text=True,
            timeout=180,
            check=True,
        )
        assert "CONSOLE" not in done.stderr, done.stderr
        outputs.append(done.stdout)
    found = re.findall(r'data-result="(.*?)"', outputs[0])
    assert len(found) == len(pages), outputs[0][-2000:]
    return [json.loads(html.unescape(each)) for each in found]
