from .decoder_steps import write_encoder as write_encoder
from .files import write as write
from .steps import write_step as write_step
