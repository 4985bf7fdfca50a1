from .documents import Documents as Documents
from .phrases import Phrases as Phrases
from .tokens import Tokens as Tokens
from .vectors import Coverage as Coverage
from .vectors import WordVectors as WordVectors
from .vocabulary import Vocabulary as Vocabulary
from .word2vec import word2vec as word2vec
