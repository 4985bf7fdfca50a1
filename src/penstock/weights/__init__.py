"""Weights in and out: Keras 1 to 3, torch, NumPy; files are read as data, no code in them runs."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
