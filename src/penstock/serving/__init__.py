"""Fitted models behind HTTP: forecasts of rows, and sessions that take one row at a time (extra: ``serve``)."""
