"""Intervals: bounds around forecasts from the residuals of past ones, and how well bounds hold."""
