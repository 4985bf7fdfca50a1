from .dask import Dask as Dask
from .engine import Engine as Engine
from .joblib import Joblib as Joblib
from .local import Local as Local
from .processes import Processes as Processes
from .ray import Ray as Ray
