"""Training: the compiled epoch, losses, optimisers, early stopping, members."""
