"""Models as ONNX files: raw values in, forecasts out, for every runtime that reads the format."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
