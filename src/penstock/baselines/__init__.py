"""Baselines: the classical forecasts that stand beside every network."""
