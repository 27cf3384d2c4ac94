"""The reference of the command line: every verb with its arguments and options.

``python -m dujiang.cli.reference > docs/reference/cli.md`` writes it anew.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import typer

from dujiang.cli import app

_HEAD: Final = """# Command line reference

`dujiang` speaks Chinese unless `DUJIANG_LANG`, `LC_ALL` or `LANG` asks for English. `--workspace` (`-w`, or the variable
`DUJIANG_WORKSPACE`) names the workspace's folder; without it the current folder is meant. `--json` prints the result for
programs on standard output; progress goes to standard error. `dujiang --install-completion` makes the shell complete verbs
and options.

An error is one sentence and a code that stays the same. The program ends with 0 when all went well, 1 when something was
refused or not found (or the doctor found something), 2 when what was given is wrong, 70 when Dujiang itself is at fault
(set `DUJIANG_DEBUG=1` to see where).
"""


def markdown() -> str:
    """The reference as Markdown."""
    root: Any = typer.main.get_command(app)
    return _HEAD + "".join(_verb(path, command) for path, command in _verbs("dujiang", root))


def verbs() -> list[str]:
    """Every verb as it is typed, such as ``dujiang imports undo``."""
    return [path for path, _command in _verbs("dujiang", typer.main.get_command(app))]


def _verbs(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name in sorted(children):
        yield from _verbs(f"{path} {name}", children[name])


def _verb(path: str, command: Any) -> str:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and one.name != "help"]
    usage = " ".join([path, *(_argument(one) for one in arguments)])
    lines = [f"\n## {path}\n\n{command.help}\n\n```\n{usage}\n```\n"]
    hints = get_type_hints(inspect.unwrap(command.callback))
    if rows := [_row(_name(one), one, hints.get(one.name)) for one in (*arguments, *options)]:
        lines.append("\n| | what it is | default |\n|---|---|---|\n" + "".join(rows))
    return "".join(lines)


def _argument(one: Any) -> str:
    name = one.metavar or one.name.upper()
    name = f"{name}…" if one.nargs == -1 else name
    return name if one.required else f"[{name}]"


def _name(one: Any) -> str:
    if one.param_type_name == "argument":
        return one.metavar or one.name.upper()
    return " ".join([*one.opts, *one.secondary_opts])


def _row(name: str, one: Any, hint: Any) -> str:
    choices = get_args(hint) if get_origin(hint) is Literal else ()
    text = (one.help or "") + (f" ({', '.join(choices)})" if choices else "")
    default = "" if one.required or one.default in (None, "", False) else f"`{one.default}`"
    return f"| `{name}` | {text.replace('|', '/')} | {default} |\n"


if __name__ == "__main__":
    sys.stdout.write(markdown())
