"""Model files of earlier versions: what options, descriptions and their values were called then."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

__all__ = ["MISSING_BEFORE", "upgraded_description", "upgraded_options"]

_OPTIONS = {
    "enough": "target_loss",
    "rate_decay": "learning_rate_decay",
    "teaching": "scheduled_sampling",
    "strength": "alpha",
    "pairs": "bigrams",
}
"""Options by the names that they had before."""

_KINDS: dict[str, tuple[str, dict[str, str]]] = {
    "Teaching": ("ScheduledSampling", {"first": "start", "last": "end"}),
    "Network": ("Network", {"every_step": "return_sequences"}),
    "EncoderDecoder": ("EncoderDecoder", {"feed": "condition", "feedback": "autoregressive"}),
    "Tokens": ("Tokens", {"cut": "tokenizer", "keep": "truncation"}),
}
"""Descriptions by the names that they had before, with the names of their fields."""

_VALUES = {
    ("EncoderDecoder", "feed"): {"first": "initial_state", "every": "every_step"},
    ("Tokens", "keep"): {"last": "pre", "first": "post"},
}
"""Values of fields by the names that both had before."""

MISSING_BEFORE = {"mask": "indicator"}
"""Choices of ``missing=`` by the names that they had before."""


def upgraded_options(options: dict[str, Any], known: Collection[str] = ()) -> dict[str, Any]:
    """Return the options of a model file of any version by the names that they have today.

    Parameters
    ----------
    options
        The options as JSON, as the file holds them.
    known
        Names of the options that the model has today; these are never renamed.

    Examples
    --------
    >>> upgraded_options({"enough": None, "strength": 2.0, "epochs": 5}, known=["strength"])
    {'target_loss': None, 'strength': 2.0, 'epochs': 5}
    """
    return {name if name in known else _OPTIONS.get(name, name): value for name, value in options.items()}


def upgraded_description(value: dict[str, Any]) -> dict[str, Any]:
    """Return a description of any version, ``{"kind": name, field: value}``, by the names that it has today.

    Examples
    --------
    >>> upgraded_description({"kind": "Teaching", "first": 1.0, "last": 0.5, "epochs": 10})
    {'kind': 'ScheduledSampling', 'start': 1.0, 'end': 0.5, 'epochs': 10}
    >>> upgraded_description({"kind": "EncoderDecoder", "feed": "every"})
    {'kind': 'EncoderDecoder', 'condition': 'every_step'}
    """
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        return value
    today, fields = _KINDS[kind]
    upgrade: dict[str, Any] = {"kind": today}
    for name, item in value.items():
        values = _VALUES.get((kind, name), {})
        if name != "kind":
            upgrade[fields.get(name, name)] = values.get(item, item) if isinstance(item, str) else item
    return upgrade
