"""Where work runs: in this process, in spawned processes, on Dask, on Ray, or on what joblib is set to.

A job is bytes: options as JSON, data as arrays. What the same jobs give is the same on every engine, bit for bit.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
