"""Databases behind a URL, read and written through ADBC: PostgreSQL, SQLite, and any other that has a driver."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from penstock.errors import DataError, OptionError
from penstock.extras import library

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["connected", "is_url", "read_url", "without_password"]

_DRIVERS = {"postgres": "postgresql"}
_URL = re.compile(r"[a-z][a-z0-9+]*:")


def is_url(text: str) -> bool:
    """Whether a text is the URL of a database, not the name of a file.

    Examples
    --------
    >>> is_url("postgresql://localhost/market"), is_url("sqlite:market.db"), is_url("C:/market.db"), is_url("market.db")
    (True, True, False, False)
    """
    return bool(_URL.match(text)) and text.index(":") > 1  # one letter: a drive


def without_password(url: str) -> str:
    """Return a URL as messages and files may show it.

    Examples
    --------
    >>> without_password("postgresql://me:secret@host/market?password=secret")
    'postgresql://me:***@host/market?password=***'
    """
    url = re.sub(r"(://[^/:@]*):.*@", r"\1:***@", url)
    return re.sub(r"((?:password|token)=)[^&\s]*", r"\1***", url, flags=re.IGNORECASE)


def read_url(url: str, sql: str) -> pd.DataFrame:
    """Read the rows of a query. Nothing that the query may change is committed.

    Parameters
    ----------
    url
        Address of the database, such as ``postgresql://user@host/market`` or ``sqlite:market.db``. Its scheme names the
        driver, ``adbc_driver_postgresql`` here. A password may stand in it, or where the driver looks for one
        (``PGPASSWORD``, ``~/.pgpass``).
    sql
        The query.

    Returns
    -------
    Its rows; exact decimals as floating point numbers.

    Raises
    ------
    DataError
        Where the database cannot be reached, or the query fails or gives no rows.
    OptionError
        Where the driver is not installed, or no query is given.
    """
    if not sql:
        raise OptionError('a database behind a URL needs a query: --sql "SELECT ds, y FROM prices ORDER BY ds".')
    with connected(url) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        if cursor.description is None or not cursor.description:
            raise DataError(f"the query {sql!r} gives no rows; give a SELECT.")
        table = cursor.fetch_arrow_table()
    arrow: Any = library("pyarrow", "db", "a database behind a URL")
    for place, field in enumerate(table.schema):
        numeric = (field.metadata or {}).get(b"ADBC:postgresql:typname") == b"numeric"
        if numeric or arrow.types.is_decimal(field.type):
            values = [None if each is None else float(each) for each in table.column(place).to_pylist()]
            table = table.set_column(place, field.name, arrow.array(values, arrow.float64()))
    frame: pd.DataFrame = table.to_pandas()
    return frame


@contextmanager
def connected(url: str) -> Iterator[Any]:
    """Give a connection to a database; what is not committed within the block is undone.

    Parameters
    ----------
    url
        As in :func:`read_url`.

    Yields
    ------
    A connection of the Python database interface.

    Raises
    ------
    DataError
        For errors of the database, without the password.
    OptionError
        Where the driver is not installed.
    """
    scheme = url.partition(":")[0].partition("+")[0]
    driver = _DRIVERS.get(scheme, scheme)
    module = f"adbc_driver_{driver}"
    if find_spec("adbc_driver_manager") is not None and find_spec(module) is None:
        raise OptionError(
            f"{without_password(url)!r} needs the driver {module.replace('_', '-')}: pip install "
            f"{module.replace('_', '-')}; penstock[db] brings those of postgresql and sqlite."
        )
    manager: Any = library("adbc_driver_manager", "db", "a database behind a URL")
    api: Any = library(f"{module}.dbapi", "db", "a database behind a URL")
    address = url.removeprefix("sqlite:").removeprefix("//") if driver == "sqlite" else url
    try:
        with api.connect(address) as connection:
            yield connection
    except manager.Error as error:
        said = " ".join(str(error).split()).replace(url, without_password(url))
        raise DataError(f"{without_password(url)!r}: {said}.") from None
