"""What a server answers where it cannot do what was asked: a status, and an error in words."""

from __future__ import annotations

from collections.abc import Mapping

from penstock.errors import PenstockError, WriteError

__all__ = ["ClientGoneError", "RequestError", "problem_of"]


class ClientGoneError(Exception):
    """A connection that ended before its request was whole: nobody waits for an answer."""


class RequestError(Exception):
    """A request that is refused.

    Parameters
    ----------
    status
        HTTP status.
    message
        What was given, what is allowed, and the nearest fix; it goes to the client alone and is never logged.
    headers
        Headers of the answer.
    """

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, dict(headers or {})


def problem_of(error: Exception) -> RequestError:
    """Return the answer to an error: one that Penstock raises on purpose is the client's, any other the server's.

    Examples
    --------
    >>> from penstock.errors import DataError
    >>> problem_of(DataError("y is missing.")).status, problem_of(ZeroDivisionError("x")).message
    (422, 'the server failed at this request; its log names the place. The request was not carried out.')
    """
    if isinstance(error, RequestError):
        return error
    if isinstance(error, PenstockError) and not isinstance(error, WriteError):
        return RequestError(422, str(error))
    return RequestError(
        500, "the server failed at this request; its log names the place. The request was not carried out."
    )
