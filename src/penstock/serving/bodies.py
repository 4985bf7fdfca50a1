"""The body of a request: bounded in bytes and in seconds."""

from __future__ import annotations

import asyncio

from penstock.serving.limits import Limits
from penstock.serving.messages import Request
from penstock.serving.problems import ClientGoneError, RequestError

__all__ = ["read_body"]


async def read_body(request: Request, limits: Limits) -> bytes:
    """Receive the body of a request.

    Parameters
    ----------
    request
        The request.
    limits
        How large it may be, and how long it may take.

    Raises
    ------
    RequestError
        413 for one that is too large, without reading the rest; 408 for one that does not come; 415 for one that is
        compressed.
    ClientGoneError
        Where the connection ends first.
    """
    headers = request.headers
    if b"content-encoding" in headers and request.header(b"content-encoding").lower() != "identity":
        raise RequestError(415, "the body is compressed; send it as it is.")
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length) > limits.body:
        raise _too_large(limits)
    body = b""
    try:
        async with asyncio.timeout(limits.timeout):
            parts, size, more = [], 0, True
            while more:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise ClientGoneError
                body, more = message.get("body", b""), message.get("more_body", False)
                size += len(body)
                if size > limits.body:
                    raise _too_large(limits)
                parts.append(body)
    except TimeoutError:
        raise RequestError(
            408, f"the request did not come whole within {limits.timeout:g} seconds.", {"Connection": "close"}
        ) from None
    return body if len(parts) == 1 else b"".join(parts)


def _too_large(limits: Limits) -> RequestError:
    return RequestError(
        413, f"the body holds more than {limits.body:,} bytes; send it in several requests.", {"Connection": "close"}
    )
