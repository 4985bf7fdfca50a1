"""The tokenizer of a model file, which holds words and numbers and does nothing that is not on a list."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from penstock.errors import ModelFileError
from penstock.text.extra import library

if TYPE_CHECKING:
    from penstock.text.tokens import Tokens

__all__ = ["restored_tokenizer"]

_PARTS = (
    "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder",
    "model",
)  # fmt: skip
_ALIKE = ("truncation", "padding", "added_tokens", "post_processor", "decoder")
_PATTERNS_BEFORE = (r"\w+(?:['’]\w+)*|[^\w\s]", r"\w+(?:['’]\w+)*")
_NORMALIZERS_BEFORE = (
    {"type": "Replace", "pattern": {"Regex": "<[^<>]*>|&(?:nbsp|quot|lt|gt);"}, "content": " "},
    {"type": "Replace", "pattern": {"String": "&#39;"}, "content": "'"},
    {"type": "Replace", "pattern": {"String": "&amp;"}, "content": "&"},
)
"""What files of format 1 cut documents by."""


def restored_tokenizer(stored: Any, tokens: Tokens) -> Any:
    """Make the tokenizer of a model file.

    Its words, their ids, and the number of tokens that it keeps are its own. All else is one of what `Tokens` makes or
    made in earlier versions: a regular expression of a stranger could take for ever, a padding all memory.

    Parameters
    ----------
    stored
        The tokenizer as JSON, as the library writes it.
    tokens
        The options that it was made by.

    Returns
    -------
    A ``tokenizers.Tokenizer``.

    Raises
    ------
    ModelFileError
        Where it does something else.
    """
    if not isinstance(stored, dict) or {*stored} != {*_PARTS}:
        raise ModelFileError(f"its tokenizer does not consist of {', '.join(_PARTS)}.")
    empty = tokens.build()
    empty.add_special_tokens(["<pad>", "<unk>"])
    usual = json.loads(empty.to_str())
    steps = [*_NORMALIZERS_BEFORE, {"type": "NFKC"}, {"type": "Lowercase"}]
    cuts = [usual["pre_tokenizer"]]
    cuts += [{**cuts[0], "pattern": {"Regex": pattern}} for pattern in _PATTERNS_BEFORE]
    normal = stored["normalizer"]
    listed = normal["normalizers"] if isinstance(normal, dict) and {*normal} == {"type", "normalizers"} else [normal]
    known = {
        **{name: stored[name] == usual[name] for name in _ALIKE},
        "normalizer": normal is None or (len(listed) <= len(steps) and all(step in steps for step in listed)),
        "pre_tokenizer": stored["pre_tokenizer"] in cuts,
        "model": _words_in_turn(stored["model"], tokens.vocabulary),
    }
    if not all(known.values()):
        odd = ", ".join(name for name, fine in known.items() if not fine)
        raise ModelFileError(f"its tokenizer works otherwise than any that Tokens makes: {odd}.")
    return library("tokenizers").Tokenizer.from_str(json.dumps(stored))


def _words_in_turn(model: Any, most: int) -> bool:
    """Say whether a model is a list of words that are numbered from 0 on, after padding and the unknown word."""
    if not isinstance(model, dict) or {*model} != {"type", "vocab", "unk_token"}:
        return False
    words = model["vocab"]
    if (model["type"], model["unk_token"]) != ("WordLevel", "<unk>") or not isinstance(words, dict):
        return False
    whole = all(type(place) is int for place in words.values())
    first = words.get("<pad>") == 0 and words.get("<unk>") == 1
    return whole and first and len(words) <= most and sorted(words.values()) == list(range(len(words)))
