"""Model files of earlier formats: what options and descriptions were called then."""

from __future__ import annotations

from typing import Any

__all__ = ["upgraded"]

_OPTIONS = {
    "enough": "target_loss",
    "rate_decay": "learning_rate_decay",
    "teaching": "scheduled_sampling",
}
"""Options by the names that they had in format 1."""

_KINDS = {"Teaching": ("ScheduledSampling", {"first": "start", "last": "end"})}
"""Descriptions by the names that they had in format 1, with the names of their fields."""


def upgraded(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a model file of any format by the names that they have today.

    Parameters
    ----------
    options
        The options as JSON, as the file holds them.

    Examples
    --------
    >>> upgraded({"enough": None, "teaching": {"kind": "Teaching", "first": 1.0, "last": 0.5, "epochs": 10}})
    {'target_loss': None, 'scheduled_sampling': {'kind': 'ScheduledSampling', 'start': 1.0, 'end': 0.5, 'epochs': 10}}
    """
    return {_OPTIONS.get(name, name): _description(value) for name, value in options.items()}


def _description(value: Any) -> Any:
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        return value
    kind, fields = _KINDS[kind]
    return {"kind": kind, **{fields.get(name, name): item for name, item in value.items() if name != "kind"}}
