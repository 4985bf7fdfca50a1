"""Leave modules out of the examples in docstrings whose library is not installed."""

from importlib.util import find_spec

collect_ignore = [f"penstock/adapters/{name}.py" for name in ("darts", "mlflow", "sktime") if find_spec(name) is None]
