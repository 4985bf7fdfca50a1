"""A request as its answer needs it, and the answer: what ASGI says, without a framework."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from penstock.extras import library
from penstock.serving.problems import RequestError
from penstock.serving.tables import JSON

__all__ = ["Answer", "Request", "json_answer", "json_bytes"]

_FIELDS = 100  # of a query, at most


class Request(NamedTuple):
    """A request.

    Attributes
    ----------
    value
        The part of its path that stands where the address has a name in braces; empty where it has none.
    headers
        Values by names in lower case.
    query
        What follows the path after a question mark.
    receive
        Gives the parts of the body, as ASGI says.
    """

    value: str
    headers: Mapping[bytes, bytes]
    query: bytes
    receive: Callable[[], Awaitable[Any]]

    def header(self, name: bytes) -> str:
        """Return the value of a header; empty where there is none."""
        return self.headers.get(name, b"").decode("latin-1")

    def parameter(self, name: str) -> str:
        """Return the last value of a name in the query; empty where there is none.

        Raises
        ------
        RequestError
            400 for a query of more fields than are read.
        """
        try:
            found = parse_qs(self.query.decode("latin-1"), max_num_fields=_FIELDS)
        except ValueError:
            raise RequestError(
                400, f"the query has more than {_FIELDS} fields; leave those out that are none."
            ) from None
        return found.get(name, [""])[-1]


class Answer(NamedTuple):
    """An answer.

    Attributes
    ----------
    status
        HTTP status.
    body
        The bytes that are sent.
    headers
        Names in lower case and values, beside those of the length.
    """

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


@cache
def _encoder() -> Callable[[Any], bytes]:
    encode: Callable[[Any], bytes] = library("msgspec", "serve", "penstock serve").json.Encoder().encode
    return encode


def json_bytes(content: Any) -> bytes:
    """Write JSON that any reader takes: UTF-8, null for NaN."""
    return _encoder()(content)


_JSON = (b"content-type", JSON.encode())
_ALONE = (_JSON,)


def json_answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with JSON.

    Parameters
    ----------
    content
        What is written.
    status
        HTTP status.
    headers
        Further headers.
    """
    if not headers:
        return Answer(status, json_bytes(content), _ALONE)
    more = ((name.lower().encode(), value.encode("latin-1")) for name, value in headers.items())
    return Answer(status, json_bytes(content), (_JSON, *more))
