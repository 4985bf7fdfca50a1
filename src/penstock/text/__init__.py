"""Text: tokens, word vectors, classifiers and regressors, baselines, and which words moved a score."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
