"""Report: pages and pictures; knows nothing of models, only of numbers and words."""
