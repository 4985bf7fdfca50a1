"""Data: frames, panels, windows, scaling, transforms, splits."""
