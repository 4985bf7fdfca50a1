"""One observation at a time: a fitted forecaster that is told each new row and gives the forecast after it."""
