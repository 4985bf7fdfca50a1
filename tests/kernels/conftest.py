import sys
from pathlib import Path

import jax
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # `problems` is shared by the files of this folder

from penstock import kernels


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="session")
def native_live():
    if kernels.status().path != "native":
        pytest.skip(kernels.status().reason)
