"""`penstock text`: fit a model on a user's own documents, predict others, see which words moved a score."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penstock.cli.declared import DEFAULTS, flag
from penstock.cli.output import ReportOption, check_paths, write_all
from penstock.cli.text_fit import fit
from penstock.cli.text_pretrain import generate, pretrain
from penstock.cli.text_table import TextFile, error_console, read_columns, text_column
from penstock.errors import DataError, OptionError
from penstock.files import check_destination, refuse_input

if TYPE_CHECKING:
    pass

__all__ = ["text"]

text = typer.Typer(help="Score documents: reviews, filings, calls.", no_args_is_help=True)

_BLOCK = 256  # lines that are scored at once


text.command()(fit)
text.command()(pretrain)
text.command()(generate)


@text.command()
def predict(
    model: Annotated[Path, typer.Argument(help="Model file that `text fit` wrote.", show_default=False)],
    file: Annotated[
        Path | None,
        typer.Argument(help="Text file, one document a line; left out: standard input.", show_default=False),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(help="Column of the documents, of a CSV or Parquet file; left out: each line is a document."),
    ] = None,
    proba: Annotated[bool, typer.Option("--proba", help="Give the probability of each label too.")] = False,
) -> None:
    """Score one document a line, or a row of a table, and print one answer a line.

    For example: `cat reviews.txt | penstock text predict model.penstock`
    """
    fitted = _load(model)
    if proba and not hasattr(fitted, "predict_proba"):
        raise OptionError(f"{model.name!r} gives values, not labels; leave --proba out.")
    if proba:
        print("label", *fitted.classes_.tolist(), sep="\t")  # noqa: T201
    block: list[str] = []
    try:
        for document in _documents(file, text):
            block.append(document)
            if len(block) == _BLOCK:
                _answer(fitted, block, proba)
                block = []
    finally:  # what came before a wrong line has its answers
        _answer(fitted, block, proba)


@text.command()
def vectors(
    file: TextFile,
    out: Annotated[
        Path, typer.Option(help="File to write: word2vec's binary form (.bin), else its text.", show_default=False)
    ],
    text: Annotated[str, typer.Option(help="Column of the documents.")] = "text",
    units: Annotated[int, typer.Option(min=1, help="Width of a vector.")] = 100,
    window: Annotated[int, typer.Option(min=1, help="Words looked at on either side.")] = 5,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the documents.")] = 5,
    min_count: Annotated[int, flag("Tokens", "min_count")] = 5,
    phrases: Annotated[bool, flag("Tokens", "phrases")] = DEFAULTS["Tokens"]["phrases"],
    workers: Annotated[int, typer.Option(min=1, help="Threads; more than one are faster and differ each time.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the vectors.")] = 0,
) -> None:
    """Train word vectors on documents by word2vec; `text fit --vectors` begins with them.

    For example: `penstock text vectors reviews.csv --text review --out vectors.bin`
    """
    from penstock.text.tokens import Tokens
    from penstock.text.word2vec import word2vec

    check_destination(out)
    refuse_input(out, [file])
    documents = text_column(read_columns(file, text), file, text)
    tokens = Tokens(100_000, length=None, min_count=min_count, phrases=phrases)
    found = word2vec(documents, tokens, units=units, window=window, epochs=epochs, workers=workers, seed=seed)
    console = error_console()
    console.print(f"{len(found):,} words of {len(documents):,} documents, {units} numbers each.", highlight=False)
    write_all([(out, found.write)], console)


@text.command()
def nearest(
    file: Annotated[Path, typer.Argument(help="File of word vectors.", show_default=False)],
    word: Annotated[str, typer.Argument(help="The word.", show_default=False)],
    count: Annotated[int, typer.Option(min=1, help="Words to print.")] = 10,
) -> None:
    """Show the words that a file of vectors puts nearest to a word, with their cosines."""
    from penstock.text.vectors import WordVectors

    for other, cosine in WordVectors.read(file).nearest(word, count):
        print(f"{other}\t{cosine:.3f}")  # noqa: T201


@text.command()
def explain(
    model: Annotated[Path, typer.Argument(help="Model file that `text fit` wrote.", show_default=False)],
    document: Annotated[str, typer.Argument(help="The document itself.", show_default=False)],
    count: Annotated[int, typer.Option(min=1, help="Words to print.")] = 10,
    report: ReportOption = None,
) -> None:
    """Show which words moved the score of a document."""
    from penstock.text.explanation import explain as explained

    check_paths(report, inputs=[model])
    fitted = _load(model)
    found = explained(fitted, document)
    print(f"{found.meaning}\t{found.score:+.3f}")  # noqa: T201
    for word, moved in found.top(count):
        print(f"{word}\t{moved:+.3f}")  # noqa: T201
    if report is not None:
        write_all([(report, found.report)], error_console())


def _load(path: Path) -> Any:
    from penstock.catalogue import load
    from penstock.text.bag_of_words import BagOfWords
    from penstock.text.estimator import TextEstimator

    fitted = load(path)
    if not isinstance(fitted, TextEstimator | BagOfWords):
        raise OptionError(
            f"{path.name!r} holds a {type(fitted).__name__}, which reads no documents; give a file that penstock text "
            "fit wrote, or use penstock predict for series."
        )
    return fitted


def _documents(file: Path | None, text: str | None) -> Iterator[str]:
    """Read one document a line, or a row of a table, in any encoding that `text fit` reads."""
    from penstock.data.reading.encoding import as_utf8, decompressed
    from penstock.data.reading.notes import note
    from penstock.data.tables import is_parquet, is_separated

    if file is None:
        if text is not None:
            raise OptionError("--text names a column of a file; name the file, or leave --text out.")
        yield from _lines_of_input()
        return
    if not file.is_file():
        raise DataError(f"the file {str(file)!r} does not exist.")
    if text is not None:
        yield from text_column(read_columns(file, text), file, text)
        return
    if is_parquet(file):
        raise OptionError(f"{file.name} is a table; name the column of the documents: --text NAME.")
    if is_separated(file):
        note(f"each line of {file.name} is read as a document, its first one too; of a table name the column: --text.")
    yield from as_utf8(decompressed(file), file.name).decode().splitlines()


def _lines_of_input() -> Iterator[str]:
    """Read one document a line as they come, or say at which byte the input is not UTF-8; UTF-16 tells itself."""
    from penstock.data.reading.encoding import as_utf8

    read = 0
    for number, raw in enumerate(sys.stdin.buffer, start=1):
        if number == 1 and raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            yield from as_utf8(raw + sys.stdin.buffer.read(), "standard input").decode().splitlines()
            return
        line = raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw
        try:
            yield line.decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise DataError(
                f"standard input is not UTF-8: byte 0x{line[error.start]:02x} at position "
                f"{read + error.start + len(raw) - len(line)} (line {number}); turn it into UTF-8, for example: "
                "iconv -f cp1252 -t utf-8 old.txt | penstock text predict model.penstock; or name the file, which is "
                "read in any encoding."
            ) from error
        read += len(raw)


def _answer(fitted: Any, documents: list[str], proba: bool) -> None:
    if not documents:
        return
    if not proba:
        for answer in fitted.predict(documents).tolist():
            print(f"{answer:.6g}" if isinstance(answer, float) else answer, flush=True)  # noqa: T201
        return
    probabilities = fitted.predict_proba(documents)
    for row in probabilities:
        print(fitted.classes_[row.argmax()], *(f"{p:.4f}" for p in row), sep="\t", flush=True)  # noqa: T201
