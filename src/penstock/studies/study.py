"""What a study is: a published experiment that runs under two protocols and says what came of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.errors import OptionError, nearest
from penstock.options import Description

if TYPE_CHECKING:
    from penstock.studies.result import StudyResult

__all__ = ["PROTOCOLS", "NoOptions", "Request", "Study"]

PROTOCOLS = ("honest", "published")


@dataclass(frozen=True, repr=False)
class NoOptions(Description):
    """The options of a study that has none."""


@dataclass(frozen=True)
class Request:
    """What was asked of a study.

    Attributes
    ----------
    protocol
        ``"honest"``, or ``"published"``: as the source did it, leaks included.
    edition
        Edition of the source.
    members, seed
        Networks to train, and the seed they derive from; members left out: as many as the study wants.
    data
        A data file, or a folder of data files, to read instead of the usual ones.
    epochs
        Most epochs to train, where fewer than the source's are wanted.
    options
        The study's own options: a description, or values by name; left out: as the study declares them.
    progress
        Show progress bars; None: on a terminal only.
    """

    protocol: str = "honest"
    edition: int = 1
    members: int | None = None
    seed: int = 0
    data: Path | None = None
    epochs: int | None = None
    options: Any = dataclasses.field(default_factory=dict)
    progress: bool | None = None

    @property
    def leaking(self) -> bool:
        """Whether the published protocol was asked for."""
        return self.protocol == "published"

    @property
    def networks(self) -> int:
        """Members, as a number; known once a study has read the request."""
        assert self.members is not None  # noqa: S101 - the study fills it in
        return self.members

    def training(self, epochs: int, *, seed: int = 0) -> dict[str, Any]:
        """Return what every network is trained with: at most so many epochs, and `seed` added to the request's."""
        return {
            "epochs": self.epochs or epochs, "members": self.networks, "seed": self.seed + seed,
            "progress": self.progress,
        }  # fmt: skip

    @property
    def given(self) -> dict[str, Any]:
        """The study's own options by name."""
        if isinstance(self.options, dict):
            return self.options
        return {field.name: getattr(self.options, field.name) for field in dataclasses.fields(self.options)}

    @property
    def changed(self) -> dict[str, Any]:
        """The study's own options that differ from their defaults."""
        if isinstance(self.options, dict):
            return self.options
        defaults = {field.name: field.default for field in dataclasses.fields(self.options)}
        return {name: value for name, value in self.given.items() if value != defaults[name]}

    def stem(self, study: str) -> str:
        """Name the files of a study's result, without their endings; to be asked of a request that was completed.

        Examples
        --------
        >>> Request(edition=2, options={"vectors": "data/glove.txt"}).stem("yelp")
        'yelp-2-honest-vectors-glove.txt'
        """
        options = "".join(
            f"-{name.replace('_', '-')}-{Path(value).name if isinstance(value, str) else value}"  # of a file, its name
            for name, value in self.changed.items()
        )
        return f"{study}-{self.edition}-{self.protocol}{options}"


@dataclass(frozen=True)
class Study:
    """A published experiment.

    Attributes
    ----------
    name, summary
        Its name on the command line, and one line that says what it is.
    function
        Runs it as requested; left out: the function ``run`` of the module of its name, which is imported then.
    editions
        Editions of the source that it can follow.
    protocols
        Protocols that it has.
    members
        Networks to train where the request does not say.
    options
        A :class:`~penstock.options.Description` that declares the study's own options, each once; the command line
        reads it.
    source
        The text that the study follows.

    Examples
    --------
    >>> from penstock.studies.registry import resolve_study
    >>> resolve_study("sp500").editions
    (1, 2)
    """

    name: str
    summary: str
    function: Callable[[Request], StudyResult] | None = None
    editions: tuple[int, ...] = (1,)
    protocols: tuple[str, ...] = PROTOCOLS
    members: int = 5
    options: type[Description] = NoOptions
    source: str = ""

    def __call__(self, request: Request) -> StudyResult:
        """Run the study as requested."""
        return self.run(self.completed(request))

    def run(self, request: Request) -> StudyResult:
        """Run the study as a completed request asks."""
        function = self.function or import_module(f"penstock.studies.{self.name.replace('-', '_')}").run
        result: StudyResult = function(request)
        return result

    def completed(self, request: Request) -> Request:
        """Fill in what a request leaves to the study, or say what of it is not allowed."""
        for given, allowed, what in (
            (request.protocol, self.protocols, "protocol"),
            (request.edition, self.editions, "edition"),
        ):
            if given not in allowed:
                raise OptionError(f"study {self.name}: {what} {given!r} is unknown; {nearest(given, allowed)}")
        return dataclasses.replace(
            request, members=request.members or self.members, options=self._options(request.options)
        )

    def _options(self, given: Any) -> Description:
        """Read the study's own options."""
        if isinstance(given, self.options):
            return given
        names = [field.name for field in dataclasses.fields(self.options)]
        values = given if isinstance(given, dict) else {}
        for name in values:
            if name not in names:
                flag = f"--{name.replace('_', '-')}"
                known = nearest(flag, [f"--{each.replace('_', '-')}" for each in names]) if names else "it has none."
                raise OptionError(f"study {self.name} has no option {flag}; {known}")
        return self.options(**values)
