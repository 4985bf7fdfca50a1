"""Forecasts of a panel in one call: season, network and weights chosen on training rows, and a page that says why."""
