"""A piece of work: it can run here, or travel as bytes and run elsewhere."""

from __future__ import annotations

import abc
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from numpy.typing import NDArray

from penstock.data.frames import FrameKind
from penstock.data.panel import Panel
from penstock.engines.packet import pack, unpack
from penstock.errors import OptionError
from penstock.options import from_json, to_json
from penstock.values import from_plain, to_plain

__all__ = ["SharedPanel", "Task", "describable"]

Arrays = Mapping[str, NDArray[Any]]

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


class Task(abc.ABC):
    """A model to fit on rows of a panel: a piece of work whose answer depends on nothing but what it holds.

    Attributes
    ----------
    kind
        Its name among :data:`penstock.engines.job.TASKS`.
    name, model
        What messages call the model, and the model, unfitted.
    rows
        The panel, which many tasks read; it travels to each worker once.
    """

    kind: ClassVar[str]

    name: str
    model: Any
    rows: SharedPanel

    @property
    @abc.abstractmethod
    def words(self) -> str:
        """What it is, for messages."""

    @property
    @abc.abstractmethod
    def rows_trained(self) -> int:
        """Training rows of all fits."""

    @property
    def size(self) -> float:
        """About how much work it is, training rows times passes over them: the largest begin first."""
        passes = getattr(self.model, "epochs", 1) * getattr(self.model, "members", 1)
        return float(self.rows_trained) * (1.0 + passes)

    @cached_property
    def obstacle(self) -> str:
        """Why the model cannot travel, in words; empty where it can."""
        if reason := describable(self.model) or self.rows.obstacle:
            return f"{self.name} cannot be given to another process: {reason}"
        return ""

    @property
    def shared(self) -> Sequence[SharedPanel]:
        """What travels beside."""
        return [self.rows]

    @abc.abstractmethod
    def describe(self) -> tuple[dict[str, Any], Arrays]:
        """Return what travels: JSON and arrays."""

    @abc.abstractmethod
    def run(self) -> Any:
        """Do it in this process."""

    @abc.abstractmethod
    def describe_answer(self, answer: Any) -> tuple[dict[str, Any], Arrays]:
        """Return what :meth:`run` gave as JSON and arrays."""

    @abc.abstractmethod
    def read_answer(self, about: Any, arrays: Arrays) -> Any:
        """Return the answer that :meth:`describe_answer` described, here or elsewhere."""

    @cached_property
    def packed(self) -> bytes:
        """The bytes that travel."""
        import jax

        about, arrays = self.describe()
        beside = {"task": self.kind, "shared": [each.key for each in self.shared]}
        return pack({**beside, "x64": jax.dtypes.canonicalize_dtype(float).itemsize == 8, **about}, arrays)

    @cached_property
    def key(self) -> str:
        """A hash of all that the answer depends on."""
        return hashlib.sha256(self.words.encode() if self.obstacle else self.packed).hexdigest()[:24]


@dataclass(frozen=True, eq=False)
class SharedPanel:
    """A panel and the kind of its frame, read by many tasks.

    Attributes
    ----------
    panel, kind
        The panel, and how its frame was read.
    """

    panel: Panel = field(repr=False)
    kind: FrameKind = field(repr=False)

    @cached_property
    def content(self) -> bytes:
        """The bytes that travel."""
        panel = self.panel
        about = {
            "ids": [to_plain(name) for name in panel.ids],
            "static": [[to_plain(value) for value in row] for row in panel.static] if panel.static.size else None,
            "counts_steps": panel.times.dtype.kind != "M",
            "masked": panel.masked,
            "frame": self.kind.to_json(),
        }
        return pack(about, panel.arrays())

    @cached_property
    def key(self) -> str:
        """The hash by which workers know it."""
        return hashlib.sha256(self.content).hexdigest()[:32]

    @cached_property
    def obstacle(self) -> str:
        """Why it cannot travel; empty where it can."""
        try:
            return "" if self.content else "there is nothing"
        except TypeError as error:
            return f"{error}, which JSON cannot hold"
        except ValueError:  # pack writes no number that is not finite
            return "a name or a static value is an infinite number, which JSON cannot hold"

    @classmethod
    def of(cls, content: bytes) -> SharedPanel:
        """Read what :attr:`content` gave."""
        about, arrays = unpack(content)
        static = about["static"] and [[from_plain(value) for value in row] for row in about["static"]]
        ids = tuple(map(from_plain, about["ids"]))
        panel = Panel.of_arrays(arrays, ids, counts_steps=about["counts_steps"], static=static)
        object.__setattr__(panel, "masked", about["masked"])
        return cls(panel, FrameKind.from_json(about["frame"]))


def describable(model: Any) -> str:
    """Say why JSON cannot describe a model; empty where it can.

    Parameters
    ----------
    model
        An estimator.

    Returns
    -------
    The reason, in words.

    Examples
    --------
    >>> from penstock.baselines.naive import Naive
    >>> describable(Naive())
    ''
    """
    try:
        described = to_json(model)
        if theirs := sorted(_foreign(described)):
            return f"it holds {theirs[0]}, a class that workers do not have"
        if to_json(from_json(described)) != described:
            return "JSON does not bring it back"
    except (OptionError, TypeError, ValueError) as error:
        return _ADDRESS.sub("", str(error)).partition(", which no model file can hold")[0].rstrip(".")
    return ""


def _foreign(value: Any) -> set[str]:
    """Name the classes in a description that are not Penstock's own."""
    if isinstance(value, dict):
        given = [value.get(key) for key in ("kind", "model")]  # a search has an option "model", which is no name
        named = {name for name in given if isinstance(name, str) and ":" in name}
        return named.union(*map(_foreign, value.values()))
    return set().union(*map(_foreign, value)) if isinstance(value, list) else set()
