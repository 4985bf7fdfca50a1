from .files import read as read
from .files import write as write
