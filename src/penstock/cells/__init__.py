"""Cells: what happens in ONE step; one file a cell, in the letters of its paper."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
