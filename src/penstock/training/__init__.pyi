# Training
from .callbacks import Callback as Callback
from .callbacks import EpochEnd as EpochEnd
from .callbacks import FitBegin as FitBegin
from .callbacks import StepsEnd as StepsEnd
from .history import History as History
from .history import Trained as Trained
from .keep_on_interrupt import KeepOnInterrupt as KeepOnInterrupt
from .kept import checkpoints as checkpoints
from .row_windows import RowWindows as RowWindows
from .scheduled_sampling import ScheduledSampling as ScheduledSampling
from .trained_network import TrainedNetwork as TrainedNetwork
