"""The recurrent forecaster: panels in, samples for training, forecasts back."""

from penstock.forecaster.forecaster import Forecaster

__all__ = ["Forecaster"]
