"""Gated recurrent networks for market series and text, with an honest baseline beside every number.

The names people use stand in ``__init__.pyi``; each is imported when it is first used.
"""

import lazy_loader

from penstock.build_record import tell_once

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

tell_once(f"{folder}/kernels" for folder in __path__)
