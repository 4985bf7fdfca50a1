"""Penstock's models inside the pipelines of other libraries; each module imports its library."""
