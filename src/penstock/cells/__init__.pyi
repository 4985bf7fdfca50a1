# Cells
from .cell import Cell as Cell
from .clockwork import ClockworkCell as ClockworkCell
from .deep_transition import DeepTransitionCell as DeepTransitionCell
from .echo_state import EchoStateCell as EchoStateCell
from .gru import GRUCell as GRUCell
from .leaky import LeakyCell as LeakyCell
from .lru import LRUCell as LRUCell
from .lstm import LSTMCell as LSTMCell
from .min_gru import MinGRUCell as MinGRUCell
from .min_lstm import MinLSTMCell as MinLSTMCell
from .output_recurrence import OutputRecurrenceCell as OutputRecurrenceCell
from .rnn import RNNCell as RNNCell
from .slstm import SLSTMCell as SLSTMCell
