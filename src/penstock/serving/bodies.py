"""The body of a request: bounded in bytes and in seconds."""

from __future__ import annotations

import asyncio
from typing import Any

from penstock.serving.limits import Limits
from penstock.serving.problems import RequestError

__all__ = ["read_body"]


async def read_body(request: Any, limits: Limits) -> bytes:
    """Receive the body of a request.

    Parameters
    ----------
    request
        The request, of Starlette.
    limits
        How large it may be, and how long it may take.

    Raises
    ------
    RequestError
        413 for one that is too large, without reading the rest; 408 for one that does not come; 415 for one that is
        compressed.
    """
    headers = request.headers
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise RequestError(415, "the body is compressed; send it as it is.")
    too_large = RequestError(
        413, f"the body holds more than {limits.body:,} bytes; send it in several requests.", {"Connection": "close"}
    )
    length = headers.get("content-length", "")
    if length.isdigit() and int(length) > limits.body:
        raise too_large
    parts, size = [], 0
    try:
        async with asyncio.timeout(limits.timeout):
            async for part in request.stream():
                size += len(part)
                if size > limits.body:
                    raise too_large
                parts.append(part)
    except TimeoutError:
        raise RequestError(
            408, f"the request did not come whole within {limits.timeout:g} seconds.", {"Connection": "close"}
        ) from None
    return b"".join(parts)
