"""The table of what each worker of an engine did."""

from __future__ import annotations

from penstock.engines.work import Work
from penstock.report.table import Table

__all__ = ["work_tables"]


def work_tables(work: Work | None) -> list[Table]:
    """Lay out which worker did what, and how long it waited; nothing where there was none.

    Examples
    --------
    >>> work_tables(None)
    []
    """
    if work is None:
        return []
    columns = {"worker": "", "jobs": ",", "busy s": ".1f", "waited s": ".1f", "programs": ","}
    cells = [
        [name, share.jobs, share.seconds, max(work.seconds - share.seconds, 0.0), share.programs]
        for name, share in work.shares.items()
    ]
    return [Table.of("Workers", columns, cells, work.notes)]
