# The public face. Data and files
from . import datasets as datasets

# Baselines
from .baselines.autoregression import AR as AR
from .baselines.drift import Drift as Drift
from .baselines.naive import Naive as Naive
from .baselines.seasonal_naive import SeasonalNaive as SeasonalNaive
from .catalogue import load as load

# Errors
from .errors import DataError as DataError
from .errors import ModelFileError as ModelFileError
from .errors import OptionError as OptionError
from .errors import PenstockError as PenstockError
from .errors import TrainingError as TrainingError

# Evaluation
from .evaluation.audit import Audit as Audit
from .evaluation.audit import audit as audit
from .evaluation.compare import compare as compare
from .evaluation.comparison import Comparison as Comparison
from .evaluation.leaks import Leak as Leak
from .evaluation.rolling_origin import RollingOrigin as RollingOrigin

# The forecaster, and what it is made of
from .forecaster import Forecaster as Forecaster
from .intervals.conformal import Adaptive as Adaptive
from .intervals.conformal import Conformal as Conformal
from .layers.dense import Dense as Dense
from .layers.lstm import LSTM as LSTM
from .networks.network import Network as Network
from .training.optimizers import SGD as SGD
from .training.optimizers import Adam as Adam
from .training.optimizers import RMSprop as RMSprop
from .version import __version__ as __version__
