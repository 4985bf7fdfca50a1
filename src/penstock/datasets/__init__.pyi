from .sp500 import sp500 as sp500
