# Training
from .callbacks import Callback as Callback
from .callbacks import EpochEnd as EpochEnd
from .callbacks import FitBegin as FitBegin
from .history import History as History
from .history import Trained as Trained
from .scheduled_sampling import ScheduledSampling as ScheduledSampling
from .trained_network import TrainedNetwork as TrainedNetwork
