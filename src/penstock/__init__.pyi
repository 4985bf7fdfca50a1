# The public face. Data, files and text
from . import anatomy as anatomy
from . import cells as cells
from . import datasets as datasets
from . import derivatives as derivatives
from . import layers as layers
from . import text as text

# Baselines
from .baselines.arx import ARX as ARX
from .baselines.autoregression import AR as AR
from .baselines.drift import Drift as Drift
from .baselines.elastic_net import ElasticNet as ElasticNet
from .baselines.ema import EMA as EMA
from .baselines.garch import GARCH as GARCH
from .baselines.lasso import Lasso as Lasso
from .baselines.linear_trend import LinearTrend as LinearTrend
from .baselines.local_level import LocalLevel as LocalLevel
from .baselines.local_trend import LocalTrend as LocalTrend
from .baselines.mean import Mean as Mean
from .baselines.naive import Naive as Naive
from .baselines.relaxed_lasso import RelaxedLasso as RelaxedLasso
from .baselines.ridge import Ridge as Ridge
from .baselines.seasonal_naive import SeasonalNaive as SeasonalNaive
from .baselines.sma import SMA as SMA
from .baselines.vector_autoregression import VAR as VAR
from .catalogue import load as load

# Gradient checks, errors, evaluation
from .derivatives.check import check_gradients as check_gradients
from .errors import DataError as DataError
from .errors import ModelFileError as ModelFileError
from .errors import OptionError as OptionError
from .errors import PenstockError as PenstockError
from .errors import TrainingError as TrainingError
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
from .layers.dropout import Dropout as Dropout
from .layers.embedding import Embedding as Embedding
from .layers.flatten import Flatten as Flatten
from .layers.gru import GRU as GRU
from .layers.leaky import Leaky as Leaky
from .layers.lstm import LSTM as LSTM
from .layers.recurrent import Recurrent as Recurrent
from .layers.rnn import RNN as RNN
from .networks.encoder_decoder import EncoderDecoder as EncoderDecoder
from .networks.inputs import Inputs as Inputs
from .networks.network import Network as Network
from .sequences.classifier import SequenceClassifier as SequenceClassifier
from .sequences.regressor import SequenceRegressor as SequenceRegressor
from .sequences.tagger import SequenceTagger as SequenceTagger
from .sequences.to_sequence import SequenceToSequence as SequenceToSequence
from .training.optimizers import SGD as SGD
from .training.optimizers import Adam as Adam
from .training.optimizers import RMSprop as RMSprop
from .version import __version__ as __version__
