"""Search over a model's options inside training rows."""
