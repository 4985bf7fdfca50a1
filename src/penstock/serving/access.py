"""Who may ask: a bearer token, and the loopback without one."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from pathlib import Path

from penstock.errors import OptionError
from penstock.serving.problems import RequestError

__all__ = ["VARIABLE", "Access", "is_loopback", "read_token"]

VARIABLE = "PENSTOCK_TOKEN"
"""Environment variable that holds the token where no file does."""

_FEWEST = 16
_OPEN = ("localhost", "127.0.0.1", "[::1]")


def read_token(path: Path | None, environment: Mapping[str, str]) -> str | None:
    """Read the token from a file, or from the environment.

    Parameters
    ----------
    path
        File whose first line is the token.
    environment
        Variables of the process.

    Returns
    -------
    The token; None where neither is given.

    Raises
    ------
    OptionError
        Where the file cannot be read, or the token is too short to be none that is guessed.

    Examples
    --------
    >>> read_token(None, {"PENSTOCK_TOKEN": "0123456789abcdef"}), read_token(None, {})
    ('0123456789abcdef', None)
    """
    if path is not None:
        try:
            token, source = path.read_text(encoding="utf-8").strip(), f"--token-file {str(path)!r}"
        except (OSError, UnicodeDecodeError) as error:
            raise OptionError(f"--token-file {str(path)!r} cannot be read: {error}.") from None
    elif VARIABLE in environment:
        token, source = environment[VARIABLE].strip(), VARIABLE
    else:
        return None
    if len(token) < _FEWEST or not token.isascii() or not token.isprintable() or " " in token:
        raise OptionError(
            f"{source} holds {len(token)} characters that make no token; allowed: one line of at least {_FEWEST} "
            "printable ASCII characters without blanks, such as `openssl rand -hex 32` prints."
        )
    return token


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Access:
    """Decides whether a request is let in.

    Parameters
    ----------
    token
        The bearer token; None: requests that name this machine as their host are let in, so that a page of another
        site, whose name was pointed to this machine, is not.
    host
        Address to listen at.

    Raises
    ------
    OptionError
        For an address beyond the loopback without a token.
    """

    def __init__(self, token: str | None, host: str) -> None:
        if token is None and not is_loopback(host):
            raise OptionError(
                f"--host {host}: the server listens beyond this machine only with a token: --token-file FILE, or the "
                f"environment variable {VARIABLE}."
            )
        self._digest = None if token is None else hashlib.sha256(token.encode()).digest()

    def check(self, headers: Mapping[bytes, bytes]) -> None:
        """Let a request in, or raise.

        Parameters
        ----------
        headers
            Headers of the request, by their names in lower case.

        Raises
        ------
        RequestError
            401 without the token or with another; 403 for another host name.
        """
        if self._digest is None:
            host = headers.get(b"host", b"").decode("latin-1").lower()
            name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
            if name not in _OPEN:
                raise RequestError(
                    403, "without a token the server answers to the host names localhost and 127.0.0.1 alone."
                )
            return
        scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
        right = hmac.compare_digest(hashlib.sha256(given.strip()).digest(), self._digest)
        if scheme.lower() != b"bearer" or not right:
            raise RequestError(
                401,
                "the token is missing or wrong; send the header 'Authorization: Bearer TOKEN'.",
                {"WWW-Authenticate": "Bearer"},
            )
