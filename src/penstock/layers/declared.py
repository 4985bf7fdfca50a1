"""The layers of the known cells. Their options stand in the constructors of the cells, their types in the stub."""

from __future__ import annotations

from penstock.cells.clockwork import ClockworkCell, checked_periods
from penstock.cells.deep_transition import DeepTransitionCell
from penstock.cells.echo_state import EchoStateCell
from penstock.cells.gru import GRUCell
from penstock.cells.leaky import LeakyCell
from penstock.cells.lru import LRUCell
from penstock.cells.lstm import LSTMCell
from penstock.cells.min_gru import MinGRUCell
from penstock.cells.min_lstm import MinLSTMCell
from penstock.cells.output_recurrence import OutputRecurrenceCell
from penstock.cells.rnn import RNNCell
from penstock.cells.slstm import SLSTMCell
from penstock.errors import OptionError
from penstock.layers.recurrent import RecurrentLayer

__all__ = [
    "GRU",
    "LRU",
    "LSTM",
    "RNN",
    "SLSTM",
    "Clockwork",
    "DeepTransition",
    "EchoState",
    "Leaky",
    "MinGRU",
    "MinLSTM",
    "OutputRecurrence",
]


class RNN(RecurrentLayer, cell=RNNCell):
    """A simple recurrent layer; :class:`penstock.cells.rnn.RNNCell` holds the mathematics.

    Examples
    --------
    >>> RNN(12, "relu")
    RNN(12, activation='relu')
    """


class LSTM(RecurrentLayer, cell=LSTMCell):
    """A layer of long short-term memory; :class:`penstock.cells.lstm.LSTMCell` holds the mathematics.

    Examples
    --------
    >>> LSTM(20) == LSTM(20, recurrent_activation="sigmoid")
    True
    >>> LSTM(12, dropout=0.2, recurrent_dropout=0.2)
    LSTM(12, dropout=0.2, recurrent_dropout=0.2)
    >>> LSTM(12, forget="coupled", peepholes=True)
    LSTM(12, forget='coupled', peepholes=True)
    """


class GRU(RecurrentLayer, cell=GRUCell):
    """A layer of gated recurrent units; :class:`penstock.cells.gru.GRUCell` holds the mathematics.

    Examples
    --------
    >>> GRU(32, reset_after=True)
    GRU(32, reset_after=True)
    """


class Leaky(RecurrentLayer, cell=LeakyCell):
    """A layer of leaky units; :class:`penstock.cells.leaky.LeakyCell` holds the mathematics.

    Examples
    --------
    >>> Leaky(12, leak=0.1, learned=True)
    Leaky(12, leak=0.1, learned=True)
    """


class EchoState(RecurrentLayer, cell=EchoStateCell):
    """A reservoir; :class:`penstock.cells.echo_state.EchoStateCell` holds the mathematics.

    Its weights stay as they are drawn; only what stands above it is trained.

    Examples
    --------
    >>> EchoState(200, radius=0.95, leak=0.3)
    EchoState(200, radius=0.95, leak=0.3)
    """


class OutputRecurrence(RecurrentLayer, cell=OutputRecurrenceCell, names={"outputs": "values"}):
    """A layer recurrent through its output; :class:`penstock.cells.output_recurrence.OutputRecurrenceCell` says how.

    Examples
    --------
    >>> OutputRecurrence(8, values=2).outputs
    2
    """

    @property
    def outputs(self) -> int:
        """Width of the output at each step."""
        return self.values


class MinGRU(RecurrentLayer, cell=MinGRUCell):
    """A layer of minimal GRUs; :class:`penstock.cells.min_gru.MinGRUCell` holds the mathematics."""


class MinLSTM(RecurrentLayer, cell=MinLSTMCell):
    """A layer of minimal LSTMs; :class:`penstock.cells.min_lstm.MinLSTMCell` holds the mathematics."""


class LRU(RecurrentLayer, cell=LRUCell):
    """A layer of linear recurrent units; :class:`penstock.cells.lru.LRUCell` holds the mathematics.

    Its output is linear in its inputs: put a dense layer above it.

    Examples
    --------
    >>> LRU(20, r_min=0.9, r_max=0.999)
    LRU(20, r_min=0.9, r_max=0.999)
    """

    def __post_init__(self) -> None:
        """Raise an error where r_min exceeds r_max: no eigenvalue would lie between them."""
        super().__post_init__()
        if self.r_min > self.r_max:
            raise OptionError(f"LRU: r_min={self.r_min:g} lies above r_max={self.r_max:g}; exchange them.")


class SLSTM(RecurrentLayer, cell=SLSTMCell):
    """A layer of sLSTMs; :class:`penstock.cells.slstm.SLSTMCell` holds the mathematics.

    Examples
    --------
    >>> SLSTM(20, forget="exp")
    SLSTM(20, forget='exp')
    """


class Clockwork(RecurrentLayer, cell=ClockworkCell):
    """Groups of units that change at different rates; :class:`penstock.cells.clockwork.ClockworkCell` says how.

    Parameters
    ----------
    units : int
        Hidden units: a multiple of the number of groups.
    periods : tuple[int, ...], default=(1, 2, 4, 8)
        Steps from one change of a group to its next, for each group; at least 1.
    dropout, recurrent_dropout : float, default=0.0
        Shares dropped in training, as in every recurrent layer.

    Examples
    --------
    >>> Clockwork(12, periods=(1, 5, 21))
    Clockwork(12, periods=(1, 5, 21))
    """

    def __post_init__(self) -> None:
        """Refuse periods that are no steps, and units that the groups cannot share evenly."""
        super().__post_init__()
        object.__setattr__(self, "periods", checked_periods("Clockwork", self.periods))
        if self.units % len(self.periods):
            raise OptionError(
                f"Clockwork: {len(self.periods)} groups cannot share {self.units} units evenly; give a multiple of "
                f"{len(self.periods)}."
            )


class DeepTransition(RecurrentLayer, cell=DeepTransitionCell):
    """A layer with several layers between states; :class:`penstock.cells.deep_transition.DeepTransitionCell` says how.

    Examples
    --------
    >>> DeepTransition(12, depth=3)
    DeepTransition(12, depth=3)
    """
