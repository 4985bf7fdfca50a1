"""`penstock text fit`: a network fitted to a user's own documents, beside a ridge on their words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.cli.bundles import with_bundles
from penstock.cli.config import Config, WriteConfig, write_config
from penstock.cli.declared import DEFAULTS, flag
from penstock.cli.kept import CheckpointOptions
from penstock.cli.models import make_text_network
from penstock.cli.output import check_paths, write_all
from penstock.cli.text_table import TextFile, error_console, read_columns, text_column
from penstock.errors import DataError, OptionError, WriteError
from penstock.errors import nearest as hint

__all__ = ["fit"]

TASKS = ("auto", "label", "value")


@with_bundles
def fit(
    context: typer.Context,
    file: TextFile,
    out: Annotated[Path, typer.Option(help="Model file to write.", show_default=False)],
    text: Annotated[str, typer.Option(help="Column of the documents.")] = "text",
    label: Annotated[str, typer.Option(help="Column of the labels or values.")] = "label",
    task: Annotated[str, typer.Option(help=f"What is learned ({', '.join(TASKS)}); auto: by the column.")] = "auto",
    model: Annotated[str, typer.Option(help="Layers by comma, such as gru:32 or bigru:64.")] = "gru:32",
    test: Annotated[float, typer.Option(help="Share of each label's rows, drawn, to score on; 0: none.")] = 0.2,
    vocabulary: Annotated[int, flag("Tokens", "vocabulary")] = DEFAULTS["Tokens"]["vocabulary"],
    length: Annotated[int, flag("Tokens", "length")] = DEFAULTS["Tokens"]["length"],
    truncation: Annotated[str, flag("Tokens", "truncation")] = DEFAULTS["Tokens"]["truncation"],
    phrases: Annotated[bool, flag("Tokens", "phrases")] = DEFAULTS["Tokens"]["phrases"],
    vectors: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Word vectors: GloVe's text, word2vec's text or binary.")
    ] = None,
    units: Annotated[int | None, flag("TextClassifier", "units", show_default="as wide as the vectors, or 100")] = None,
    epochs: Annotated[int, flag("TextClassifier", "epochs")] = 10,
    patience: Annotated[int, flag("TextClassifier", "patience")] = 3,
    batch: Annotated[int, flag("TextClassifier", "batch")] = DEFAULTS["TextClassifier"]["batch"],
    members: Annotated[int, flag("TextClassifier", "members")] = DEFAULTS["TextClassifier"]["members"],
    seed: Annotated[int, flag("TextClassifier", "seed")] = DEFAULTS["TextClassifier"]["seed"],
    config: Config = None,
    write_configuration: WriteConfig = None,
    *,
    keeping: CheckpointOptions,
) -> None:
    """Fit a network on documents, beside a ridge on its words, and write the network to a file.

    For example: `penstock text fit reviews.csv --text review --label label --out model.penstock`
    """
    import numpy as np

    from penstock.data.splits import stratified_split
    from penstock.sequences.labels import read_labels
    from penstock.text.bag_of_words import BagClassifier, BagOfWords, BagRegressor
    from penstock.text.classifier import TextClassifier
    from penstock.text.estimator import TextEstimator
    from penstock.text.evaluate import compare
    from penstock.text.regressor import TextRegressor
    from penstock.text.tokens import Tokens
    from penstock.text.vectors import WordVectors

    check_paths(out, write_configuration, inputs=[file, vectors, config])
    if task not in TASKS:
        raise OptionError(f"--task {task!r} is unknown; {hint(task, TASKS)}")
    if not 0 <= test < 1:
        raise OptionError(f"--test {test:g} is out of range; allowed: a share from 0 up to below 1.")
    documents, targets, values = _columns(file, text, label, task)
    given = None if vectors is None else WordVectors.read(vectors)
    usual = DEFAULTS["TextClassifier"]["units"] if given is None else given.units
    tokens = Tokens(vocabulary, length=length, truncation=truncation, phrases=phrases)
    options: dict[str, Any] = {
        "network": make_text_network(model), "tokens": tokens, "units": usual if units is None else units,
        "epochs": epochs, "patience": patience, "batch": batch, "members": members, "seed": seed, "clip": 1.0,
    }  # fmt: skip
    network: TextEstimator = TextRegressor(**options) if values else TextClassifier(**options)
    bag: BagOfWords = BagRegressor(seed=seed) if values else BagClassifier(seed=seed)
    extra: dict[str, Any] = {} if given is None else {"vectors": given}
    console = error_console()
    unwritten: list[WriteError] = []

    def save(_: str, fitted: TextEstimator | BagOfWords) -> None:
        """Save the network as soon as it is fitted: whatever fails later, it is there."""
        if isinstance(fitted, TextEstimator):
            if fitted.coverage_ is not None:
                console.print(f"Word vectors: {fitted.coverage_}", highlight=False, markup=False)
            try:
                write_all([(out, fitted.save)], console)
            except WriteError as error:  # said at the end: the scores are worth their work
                unwritten.append(error)

    codes = np.zeros(len(documents), np.int64) if values else read_labels(targets, len(documents))[1]
    parts = stratified_split(codes, test, seed)
    with keeping.of_command(context, "out"):
        if not len(parts[1]):
            save(model, network.fit(documents, targets, **extra))
            result = None
        else:
            train, held_out = (([documents[row] for row in part], targets[part]) for part in parts)
            told = f"{len(parts[0]):,} rows to train, {len(parts[1]):,} drawn to score."
            console.print(told, highlight=False)
            result = compare({model: network, bag.label: bag}, train, held_out, fit={model: extra}, on_fit=save)
    if result is not None:
        console.print(str(result), highlight=False, markup=False)
    write_all([(write_configuration, lambda path: write_config(path, context))], console)
    if unwritten:
        raise unwritten[0]


def _columns(file: Path, text: str, label: str, task: str) -> tuple[list[str], Any, bool]:
    """Read the documents, their targets, and whether these are values."""
    from penstock.data.reading.targets import read_targets

    table = read_columns(file, text, label)
    documents = text_column(table, file, text)
    cells = table[label]
    missing = (cells.isna() | (cells.astype(str).str.strip() == "")).to_numpy()
    if missing.any():
        raise DataError(f"row {int(missing.argmax()) + 1} of {file.name} has no {label!r}; drop it first.")
    return documents, *read_targets(cells.tolist(), label, task)
