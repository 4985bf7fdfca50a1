"""What a request says."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.serving.messages import Request
from penstock.serving.problems import RequestError


async def nothing() -> Any:
    """Give no body."""


def test_a_query_is_read_up_to_its_bound() -> None:
    assert Request("", {}, b"level=80&level=90%2C95", nothing).parameter("level") == "90,95"
    with pytest.raises(RequestError, match="the query has more than 100 fields") as refused:
        Request("", {}, b"a=b&" * 101, nothing).parameter("level")
    assert refused.value.status == 400
