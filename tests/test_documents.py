"""The documents say what is there: links lead somewhere, every room has its row, every command printed can be run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
import typer

from rushtrade.cli.main import command_line

REPOSITORY = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted(
    [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md"), *(REPOSITORY / "web").glob("*.md")]
)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
ROOM_ROW = re.compile(r"^\| `([a-z]+)` \|", re.MULTILINE)
COMMAND = re.compile(r"^(?:make up ARGS=.*|rushtrade .*)$", re.MULTILINE)


def name_of(document: Path) -> str:
    return document.relative_to(REPOSITORY).as_posix()


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_leads_to_something_that_is_there(document):
    links = LINK.findall(document.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in local if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_no_document_names_a_place_on_one_machine(document):
    text = document.read_text(encoding="utf-8")
    assert re.findall(r"/(?:work|home|root|Users)/\w+", text) == []


def test_every_room_has_its_row_in_the_architecture():
    rows = ROOM_ROW.findall((REPOSITORY / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    rooms = {path.parent.name for path in (REPOSITORY / "src" / "rushtrade").glob("*/__init__.py")}
    assert len(rows) == len(set(rows))
    assert set(rows) == rooms


def printed_commands() -> list[str]:
    """Every line of a code block that begins with our command, without its remark."""
    lines: dict[str, None] = {}
    for document in DOCUMENTS:
        blocks = re.findall(r"```[a-z]*\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)
        for line in COMMAND.findall("\n".join(blocks)):
            lines[re.split(r"\s{2,}", line, maxsplit=1)[0]] = None
    return list(lines)


def test_commands_are_printed_at_all():
    assert len(printed_commands()) >= 20


@pytest.mark.parametrize("line", printed_commands())
def test_every_command_that_is_printed_can_be_read(line):
    """Parsed as the command line would, without being run; placeholders in brackets are left out."""
    if line.startswith("make"):
        line = "rushtrade up " + shlex.split(line)[2].removeprefix("ARGS=")
    words = shlex.split(re.sub(r"\[[^]]*\]", "", line))[1:]
    command: click.Command = typer.main.get_command(command_line())
    context = click.Context(command)
    while isinstance(command, click.Group):
        name = words.pop(0)
        assert name in command.commands, f"there is no {name!r} in {context.command_path or 'rushtrade'}"
        command = command.commands[name]
        context = click.Context(command, parent=context, info_name=name)
    command.parse_args(context, words)
