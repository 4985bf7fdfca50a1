"""Cells: what happens in ONE step; one file a cell, in the letters of its paper."""
