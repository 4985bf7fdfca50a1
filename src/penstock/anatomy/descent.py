"""Five ways down one surface: steepest descent, momentum, RMSprop, Adam and Newton's step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray

from penstock.argument_types import checked_types
from penstock.report.landscape import landscape_picture
from penstock.report.lines import Curves, curves_picture
from penstock.report.page import Page, Reported, Section
from penstock.report.table import Table
from penstock.training.optimizers import SGD, Adam, Optimizer, RMSprop

__all__ = ["WAYS", "Descent", "Path", "descent", "valley"]

Values = NDArray[np.float64]
Surface = Callable[[jax.Array], jax.Array]

_STEPS = 150
_START = (-1.3, 1.2)
_LEAST = 1e-16

WAYS: dict[str, Optimizer | None] = {
    "steepest descent": SGD(0.02),
    "momentum": SGD(0.02, momentum=0.85),
    "RMSprop": RMSprop(0.03),
    "Adam": Adam(0.12),
    "Newton": None,
}
"""The ways that are shown; None is Newton's step."""


def valley(at: jax.Array) -> jax.Array:
    """Rosenbrock's curved valley made a little milder: (1 − x)² + 8 (y − x²)², lowest at (1, 1)."""
    x, y = at
    return (1 - x) ** 2 + 8 * (y - x**2) ** 2


def _saddle(at: jax.Array) -> jax.Array:
    x, y = at
    return x**2 / 2 - y**2 / 2 + y**4 / 4


@dataclass(frozen=True, eq=False)
class Path:
    """One way down.

    Attributes
    ----------
    at
        The points, ``[steps + 1, 2]``; the start is the first.
    heights
        The surface there, ``[steps + 1]``.
    """

    at: Values
    heights: Values

    def steps_to(self, height: float) -> int | None:
        """Give the first step that stands below a height; None where none does."""
        below = self.heights < height
        return int(np.argmax(below)) if below.any() else None


@dataclass(frozen=True, eq=False)
class Descent(Reported):
    """Paths down one surface, and what Newton's step does near a saddle.

    Attributes
    ----------
    surface
        The surface.
    paths
        Each way down by its name.
    saddle
        Ways down from beside a saddle, by name.
    """

    surface: Surface
    paths: Mapping[str, Path]
    saddle: Mapping[str, Path]

    def frame(self) -> Any:
        """Return the paths as a pandas frame: way, step, x, y, height."""
        import pandas as pd

        parts = [
            pd.DataFrame(
                {
                    "way": name,
                    "step": np.arange(len(path.at)),
                    "x": path.at[:, 0],
                    "y": path.at[:, 1],
                    "height": path.heights,
                }
            )
            for name, path in self.paths.items()
        ]
        return pd.concat(parts, ignore_index=True)

    def page(self) -> Page:
        """Explain the ways down."""
        down = landscape_picture(
            "Down a curved valley",
            "Contours of the surface, and the points each way visits from the same start; the star is the lowest "
            "point.",
            _grid(self.surface, (-1.7, 1.5), (-1.9, 2.0)),
            {name: path.at for name, path in self.paths.items()},
            levels=np.geomspace(0.05, 60, 14),
            goal=(1.0, 1.0),
        )
        heights = curves_picture(
            "Height by step",
            "The surface at each step, on a logarithmic scale.",
            Curves(
                {
                    name: (np.arange(len(path.heights)), np.maximum(path.heights, _LEAST))
                    for name, path in self.paths.items()
                },
                "step",
                "height",
                log="y",
            ),
            height=3.4,
            narrow_height=4.2,
        )
        saddle = landscape_picture(
            "Beside a saddle",
            "x²/2 − y²/2 + y⁴/4 has two lowest points (y = ±1) and a saddle between them. Newton's step runs to the "
            "saddle, where the gradient is zero as well; steepest descent leaves it.",
            _grid(_saddle, (-1.3, 1.3), (-0.7, 1.5)),
            {name: path.at for name, path in self.saddle.items()},
            levels=np.linspace(-0.24, 1.0, 13),
            goal=(0.0, 1.0),
        )
        rows = [
            [name, path.steps_to(0.1), path.steps_to(1e-3), f"{path.heights[-1]:.1e}"]
            for name, path in self.paths.items()
        ]
        table = Table.of("Steps needed", ["way", "to below .1", "to below .001", f"after {_STEPS} steps"], rows)
        return Page(
            "Ways down a surface",
            [
                "All follow the same gradient and differ in what they make of it. Steepest descent steps along it; "
                "momentum keeps going where it went; RMSprop and Adam give each weight a step of its own size; "
                "Newton's step also uses the curvature.",
                "Newton's step needs the fewest by far. Networks still do without it.",
            ],
            sections=[
                Section(
                    "Five ways down",
                    [
                        "g is the gradient, H the Hessian; all operations but Newton's are done for each weight by "
                        "itself."
                    ],
                    [
                        "steepest descent\tw ← w − α g",
                        "momentum\tm ← μ m + g,   w ← w − α m",
                        "RMSprop\tv ← ρ v + (1 − ρ) g²,   w ← w − α g / √(v + ε)",
                        "Adam\tm and v averaged and corrected for their start,   w ← w − α m / (√v + ε)",
                        "Newton\tw ← w − H⁻¹ g",
                    ],
                    [down, heights],
                    [table],
                ),
                Section(
                    "Why networks do not use Newton's step",
                    [
                        "The Hessian has a row and a column for every weight. A small sentiment network of 2,012,801 "
                        "weights would need 4.1 million million entries, 16 terabytes, and solving it takes the cube "
                        "of that many operations. It would also be noisy, because each step sees only a batch.",
                        "And Newton's step looks for a point where the gradient is zero, of whatever kind. Surfaces of "
                        "networks have far more saddles than lowest points.",
                    ],
                    pictures=[saddle],
                ),
            ],
        )


@checked_types("surface", "start", at_least={"steps": 1})
def descent(
    surface: Surface = valley, start: tuple[float, float] = _START, *, steps: int = _STEPS, ways: Any = None
) -> Descent:
    """Minimise a function of two variables by several optimisers and return their paths.

    Parameters
    ----------
    surface
        A function of a vector ``[2]`` that JAX can differentiate.
    start
        Starting point of every path, ``[2]``.
    steps
        Number of steps of each path.
    ways
        Optimisers by name, None among them for Newton's step; :data:`WAYS` if left out.

    Returns
    -------
    The paths of the optimisers on the surface.

    Examples
    --------
    >>> found = descent(lambda at: at[0] ** 2 + 10 * at[1] ** 2, (1.0, 1.0), steps=3)
    >>> found.paths["Newton"].steps_to(1e-9)  # a quadratic takes one step
    1
    """
    with jax.enable_x64(True):
        paths = {name: _walked(surface, way, start, steps) for name, way in (ways or WAYS).items()}
        beside: dict[str, Optimizer | None] = {"steepest descent": SGD(0.1), "Newton": None}
        saddle = {name: _walked(_saddle, way, (1.1, 0.35), 40) for name, way in beside.items()}
    return Descent(surface, paths, saddle)


def _walked(surface: Surface, way: Optimizer | None, start: tuple[float, float], steps: int) -> Path:
    slope, first = jax.grad(surface), jnp.asarray(start, float)
    optimizer = None if way is None else way.build()

    def step(carry: tuple[jax.Array, Any], _: None) -> tuple[tuple[jax.Array, Any], jax.Array]:
        at, state = carry
        if optimizer is None:
            moved = at - jnp.linalg.solve(jax.hessian(surface)(at), slope(at))
        else:
            updates, state = optimizer.update(slope(at), state, at)
            moved = optax.apply_updates(at, updates)
        return (moved, state), moved

    begun = None if optimizer is None else optimizer.init(first)

    @jax.jit
    def run(first: jax.Array) -> tuple[jax.Array, jax.Array]:
        points = jnp.concatenate([first[None], jax.lax.scan(step, (first, begun), None, length=steps)[1]])
        return points, jax.vmap(surface)(points)

    points, heights = run(first)
    return Path(np.asarray(points), np.asarray(heights))


def _grid(surface: Surface, x: tuple[float, float], y: tuple[float, float]) -> tuple[Values, Values, Values]:
    across, up = np.linspace(*x, 121), np.linspace(*y, 121)
    points = jnp.asarray(np.stack(np.meshgrid(across, up), axis=-1))
    return across, up, np.asarray(jax.vmap(jax.vmap(surface))(points), float)
