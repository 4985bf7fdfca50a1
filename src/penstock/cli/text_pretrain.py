"""`penstock text pretrain` and `generate`: a language model of a user's own documents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penstock.cli.bundles import with_bundles
from penstock.cli.config import Config, WriteConfig, write_config
from penstock.cli.declared import DEFAULTS, flag
from penstock.cli.kept import CheckpointOptions
from penstock.cli.models import make_text_network
from penstock.cli.output import check_paths, write_all
from penstock.cli.text_table import TextFile, error_console, read_columns, text_column
from penstock.errors import OptionError

__all__ = ["generate", "pretrain"]

_USUAL = DEFAULTS["LanguageModel"]


@with_bundles
def pretrain(
    context: typer.Context,
    file: TextFile,
    out: Annotated[Path, typer.Option(help="Model file to write.", show_default=False)],
    text: Annotated[str, typer.Option(help="Column of the documents; labels are not needed.")] = "text",
    model: Annotated[str, typer.Option(help="Recurrent layers by comma, such as lstm:256 or gru:128,gru:128.")] = (
        "lstm:256"
    ),
    vocabulary: Annotated[int, flag("Tokens", "vocabulary")] = 30_000,
    min_count: Annotated[int, flag("Tokens", "min_count")] = DEFAULTS["Tokens"]["min_count"],
    units: Annotated[int, flag("LanguageModel", "units")] = _USUAL["units"],
    tied: Annotated[bool, flag("LanguageModel", "tied")] = _USUAL["tied"],
    sampled: Annotated[int, typer.Option(min=0, help="Words drawn for the softmax of a step; 0: all.")] = (
        _USUAL["sampled"]
    ),
    steps: Annotated[int, flag("LanguageModel", "steps")] = _USUAL["steps"],
    reverse: Annotated[bool, flag("LanguageModel", "reverse")] = _USUAL["reverse"],
    embedding_dropout: Annotated[float, flag("LanguageModel", "embedding_dropout")] = _USUAL["embedding_dropout"],
    weight_dropout: Annotated[float, flag("LanguageModel", "weight_dropout")] = _USUAL["weight_dropout"],
    output_dropout: Annotated[float, flag("LanguageModel", "output_dropout")] = _USUAL["output_dropout"],
    epochs: Annotated[int, flag("LanguageModel", "epochs")] = _USUAL["epochs"],
    patience: Annotated[int, flag("LanguageModel", "patience")] = _USUAL["patience"],
    batch: Annotated[int, flag("LanguageModel", "batch")] = _USUAL["batch"],
    validation: Annotated[float, flag("LanguageModel", "validation")] = _USUAL["validation"],
    seed: Annotated[int, flag("LanguageModel", "seed")] = _USUAL["seed"],
    config: Config = None,
    write_configuration: WriteConfig = None,
    *,
    keeping: CheckpointOptions,
) -> None:
    """Fit a language model on documents, which learns the next word, and write it to a file.

    For example: `penstock text pretrain reviews.csv --text review --out lm.penstock`
    """
    from penstock.text.language_model import LanguageModel
    from penstock.text.tokens import Tokens

    check_paths(out, write_configuration, inputs=[file, config])
    documents = text_column(read_columns(file, text), file, text)
    fitted = LanguageModel(
        network=make_text_network(model), tokens=Tokens(vocabulary, length=None, min_count=min_count), units=units,
        tied=tied, sampled=sampled or None, steps=steps, reverse=reverse, embedding_dropout=embedding_dropout,
        weight_dropout=weight_dropout, output_dropout=output_dropout, epochs=epochs, patience=patience, batch=batch,
        validation=validation, seed=seed,
    )  # fmt: skip
    with keeping.of_command(context, "out"):
        fitted.fit(documents)
    console = error_console()
    held_out = (
        "no documents held out"
        if fitted.perplexity_ != fitted.perplexity_
        else (f"perplexity {fitted.perplexity_:.4g} on the documents held out")
    )
    told = (
        f"{fitted.tokens_:,} tokens, {len(fitted.vocabulary_):,} words, {fitted.parameters_:,} weights, "
        f"{int(fitted.history_.epochs.max())} epochs: {held_out}."
    )
    console.print(told, highlight=False, markup=False)
    write_all([(out, fitted.save), (write_configuration, lambda path: write_config(path, context))], console)


def generate(
    model: Annotated[Path, typer.Argument(help="Model file that `text pretrain` wrote.", show_default=False)],
    start: Annotated[str, typer.Argument(help="What the text begins with.")] = "",
    tokens: Annotated[int, typer.Option(min=1, help="Tokens to write at most.")] = 50,
    count: Annotated[int, typer.Option(min=1, help="Number of texts.")] = 1,
    temperature: Annotated[
        float, typer.Option(min=0, help="Below 1 likely words become likelier; 0: the likeliest.")
    ] = (1.0),
    beam: Annotated[int | None, typer.Option(min=1, help="Width of a beam search, instead of draws.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
) -> None:
    """Write text with a language model, one text a line.

    For example: `penstock text generate lm.penstock "this film"`
    """
    from penstock.catalogue import load
    from penstock.text.language_model import LanguageModel

    fitted = load(model)
    if not isinstance(fitted, LanguageModel):
        raise OptionError(
            f"{model.name!r} holds a {type(fitted).__name__}, which writes no text; give a language model."
        )
    for line in fitted.generate(start, tokens, count=count, temperature=temperature, beam=beam, seed=seed):
        print(line)  # noqa: T201
