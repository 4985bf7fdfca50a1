"""What goes on inside a recurrent network, as arrays and as pages for people who have just read the chapter."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
