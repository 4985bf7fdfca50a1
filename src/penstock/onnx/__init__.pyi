from .files import write as write
from .steps import write_step as write_step
