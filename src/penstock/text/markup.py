"""HTML in documents: tags go, entities become the characters that they stand for, and all else stays."""

from __future__ import annotations

import html
import re

__all__ = ["without_markup"]

_NAME = r"\s+[A-Za-z:_@][\w:.-]*"
_VALUE = r"""\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'=<>`]+)"""
_ATTRIBUTES = rf"(?:{_NAME}{_VALUE}(?:{_NAME}(?:{_VALUE})?)*)?"  # the first has a value: `<b and c>` is no tag
_TAG = re.compile(
    rf"<!--.*?-->|<!(?:DOCTYPE|\[CDATA\[)[^<>]*>|</[A-Za-z][\w:-]*\s*>|<[A-Za-z][\w:-]*{_ATTRIBUTES}\s*/?>",
    re.DOTALL | re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def without_markup(text: str) -> str:
    """Return a document with a blank for each tag and the character for each entity.

    A tag begins with a letter, ``/`` or ``!`` right behind its bracket, so that ``<8%`` and ``>65%`` are text.

    Examples
    --------
    >>> without_markup("churn (<8%)<br />it&#8217;s &lt;b&gt; &amp; (>65%)")
    'churn (<8%) it’s <b> & (>65%)'
    """
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "&" in text:
        text = _ENTITY.sub(lambda found: html.unescape(found.group()), text)
    return text
