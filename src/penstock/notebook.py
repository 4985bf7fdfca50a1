"""What a notebook shows of models and results: HTML, every text escaped, for light and dark pages."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from html import escape
from typing import Any

__all__ = ["ShownInNotebooks", "notebook_html"]

_STYLE = (
    "<style>.penstock table{border-collapse:collapse;font-size:.9em;font-variant-numeric:tabular-nums}"
    ".penstock th,.penstock td{padding:.15em .6em;text-align:right;white-space:nowrap}"
    ".penstock th:first-child,.penstock td:first-child,.penstock .text,.penstock .words{text-align:left}"
    ".penstock .words{white-space:normal}.penstock .minor{opacity:.65}.penstock .changed{font-weight:bold}"
    ".penstock{overflow-x:auto}.penstock summary{cursor:pointer;font-family:monospace}</style>"
)


def notebook_html(body: str, sentences: Iterable[str] = ()) -> str:
    """Return what a notebook shows: a body that is HTML already, and sentences below it.

    Parameters
    ----------
    body
        HTML, escaped by whoever made it.
    sentences
        Plain text; it is escaped here.

    Examples
    --------
    >>> notebook_html("<table></table>", ["a < b"]).endswith('<table></table><p>a &lt; b</p></div>')
    True
    """
    return f'{_STYLE}<div class="penstock">{body}{"".join(f"<p>{escape(each)}</p>" for each in sentences)}</div>'


class ShownInNotebooks:
    """Shows itself in a notebook as its call, with every option below it; those other than their default are bold."""

    def _repr_html_(self) -> str:
        fields = [field for field in dataclasses.fields(self) if field.init]  # type: ignore[arg-type]
        rows = "".join(_row(field, getattr(self, field.name)) for field in fields)
        fitted = any(name.endswith("_") and not name.startswith("_") for name in vars(self))
        state = "fitted" if fitted else "not fitted"
        return notebook_html(
            f"<details><summary>{escape(repr(self))} ({state})</summary>\n<table><thead><tr><th>option</th>"
            f'<th class="text">value</th></tr></thead>\n<tbody>{rows}</tbody></table></details>'
        )


def _row(field: dataclasses.Field[Any], value: Any) -> str:
    """Return the row of an option."""
    default = field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default
    mark = "" if repr(value) == repr(default) else ' class="changed"'
    return f'<tr{mark}><td>{escape(field.name)}</td><td class="text">{escape(repr(value))}</td></tr>'
