from .islp import hitters as hitters
from .islp import nyse as nyse
from .macro import macro as macro
from .sp500 import sp500 as sp500
from .stocks import stocks as stocks
