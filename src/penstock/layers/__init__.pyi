# Layers over time
from .attention import AdditiveAttention as AdditiveAttention
from .attention import DotAttention as DotAttention
from .attention_pooling import AttentionPooling as AttentionPooling
from .bidirectional import Bidirectional as Bidirectional
from .dense import Dense as Dense
from .dropout import Dropout as Dropout
from .embedding import Embedding as Embedding
from .gru import GRU as GRU
from .layer_norm import LayerNorm as LayerNorm
from .leaky import Leaky as Leaky
from .lstm import LSTM as LSTM
from .recurrent import Recurrent as Recurrent
from .residual import Residual as Residual
from .rnn import RNN as RNN
from .self_attention import SelfAttention as SelfAttention
