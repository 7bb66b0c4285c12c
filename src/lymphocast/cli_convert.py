"""The commands ``convert`` and ``draft``, and what ``check`` says of NONMEM-style data.

They parse, call, print, as the other commands do; the command line registers them.
"""

from pathlib import Path
from typing import Annotated, Final

import typer

from lymphocast.errors import UsageError
from lymphocast.options import output_option

DATA: Final = ".csv"
"""What ``check`` takes for NONMEM-style data."""
NOTHING: Final = "nothing to convert: needed a source and -o, or --template"
TOGETHER: Final = "--deidentify and --secret FILE belong together: the secret moves the dates"


def convert(
    source: Annotated[
        str | None,
        typer.Argument(metavar="IN", help="File to convert, or the name of a shipped case."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="OUT", help="File to write, or a folder."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Write nothing if anything does not pass.")
    ] = False,
    deidentify: Annotated[
        bool, typer.Option("--deidentify", help="Move dates, take names and free text away.")
    ] = False,
    secret: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, help="The secret; made if it is missing."),
    ] = None,
    keep_sources: Annotated[
        bool, typer.Option("--citations", help="Keep the citations when de-identifying.")
    ] = False,
    record: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="The record, if there are several.")
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(metavar="FORMAT", help="Write an empty template: xlsx, csv, zip or yaml."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, with every line.")] = False,
) -> None:
    """Write a record in another format, and say what did not pass."""
    from lymphocast.conversion import convert, write_template

    if template is not None:
        typer.echo(str(write_template(template, output)))
        raise typer.Exit
    if source is None or output is None:
        raise UsageError(NOTHING)
    if deidentify != (secret is not None):
        raise UsageError(TOGETHER)
    found = convert(
        source, output, strict=strict, secret=secret, keep_sources=keep_sources, record_id=record
    )
    typer.echo(found.as_json() if json else found.as_text())


def draft(
    page: Annotated[Path, typer.Argument(metavar="PAGE", exists=True, dir_okay=False)],
    output: Annotated[Path, output_option(".yaml", ".yml", ".json")],
) -> None:
    """Propose the facts that PAGE, the text of an abstract or legend, states of one patient."""
    from lymphocast.interchange.draft.drafting import draft_case, draft_lines

    typer.echo("\n".join((str(output), *draft_lines(draft_case(page, output)))))


def check_if_data(name: str, *, json: bool) -> None:
    """Print what NONMEM-style data mean and leave, with 1 if anything in them is refused.

    Of any other file this does nothing.
    """
    if not name.lower().endswith(DATA):
        return
    from lymphocast.conversion import data_report

    report = data_report(Path(name))
    typer.echo(report.as_json() if json else report.as_text())
    raise typer.Exit(1 if report.has_errors else 0)
