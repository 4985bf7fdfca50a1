"""Evaluation: rolling origin, metrics, significance, comparison."""
