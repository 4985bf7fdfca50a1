# The options of the layers, for type checkers; a test holds them equal to the constructors of the cells.
from dataclasses import dataclass, field

from penstock.layers.recurrent import RecurrentLayer

@dataclass(frozen=True, repr=False)
class RNN(RecurrentLayer):
    activation: str = "tanh"
    use_bias: bool = field(default=True, kw_only=True)
    kernel_initializer: str = field(default="glorot_uniform", kw_only=True)
    recurrent_initializer: str = field(default="orthogonal", kw_only=True)
    bias_initializer: str = field(default="zeros", kw_only=True)

@dataclass(frozen=True, repr=False)
class LSTM(RecurrentLayer):
    recurrent_activation: str = "sigmoid"
    forget: str = "gate"
    peepholes: bool = False
    use_bias: bool = field(default=True, kw_only=True)
    kernel_initializer: str = field(default="glorot_uniform", kw_only=True)
    recurrent_initializer: str = field(default="orthogonal", kw_only=True)
    bias_initializer: str = field(default="zeros", kw_only=True)
    unit_forget_bias: bool = field(default=True, kw_only=True)

@dataclass(frozen=True, repr=False)
class GRU(RecurrentLayer):
    reset_after: bool = False
    recurrent_activation: str = "sigmoid"
    use_bias: bool = field(default=True, kw_only=True)
    kernel_initializer: str = field(default="glorot_uniform", kw_only=True)
    recurrent_initializer: str = field(default="orthogonal", kw_only=True)
    bias_initializer: str = field(default="zeros", kw_only=True)

@dataclass(frozen=True, repr=False)
class Leaky(RecurrentLayer):
    leak: float = 0.5
    learned: bool = False

@dataclass(frozen=True, repr=False)
class EchoState(RecurrentLayer):
    radius: float = 0.9
    leak: float = 1.0
    input_scale: float = 1.0
    density: float = 0.1

@dataclass(frozen=True, repr=False)
class OutputRecurrence(RecurrentLayer):
    values: int = 1
    activation: str = "tanh"
    @property
    def outputs(self) -> int: ...

@dataclass(frozen=True, repr=False)
class MinGRU(RecurrentLayer): ...

@dataclass(frozen=True, repr=False)
class MinLSTM(RecurrentLayer): ...

@dataclass(frozen=True, repr=False)
class LRU(RecurrentLayer):
    r_min: float = 0.0
    r_max: float = 1.0
    max_phase: float = 6.283185307179586

@dataclass(frozen=True, repr=False)
class SLSTM(RecurrentLayer):
    forget: str = "sigmoid"

@dataclass(frozen=True, repr=False)
class Clockwork(RecurrentLayer):
    periods: tuple[int, ...] = (1, 2, 4, 8)

@dataclass(frozen=True, repr=False)
class DeepTransition(RecurrentLayer):
    depth: int = 2
    activation: str = "tanh"
