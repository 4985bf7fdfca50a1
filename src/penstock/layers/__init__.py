"""Layers: a cell over time, and what stands on it."""
