"""The files for containers, read as Docker reads them: instructions, services with their variables, and every line that a shell runs."""

import os
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
VARIABLE = re.compile(r"\$(?:(?P<escaped>\$)|\{(?P<name>\w+)(?P<rule>:?[-?])?(?P<word>[^}]*)\})")


class Loader(yaml.SafeLoader):
    """YAML with the tag by which an overlay replaces a list instead of adding to it."""


Loader.add_constructor("!override", lambda loader, node: loader.construct_sequence(yaml.SequenceNode(node.tag, node.value), deep=True))


def interpolated(value, variables):
    """Replace `${NAME:-default}` and `$$` in all texts of a value."""
    if isinstance(value, dict):
        return {key: interpolated(inner, variables) for key, inner in value.items()}
    if isinstance(value, list):
        return [interpolated(inner, variables) for inner in value]
    if not isinstance(value, str):
        return value

    def replace(found):
        if found["escaped"]:
            return "$"
        given = variables.get(found["name"], "")
        if given or found["rule"] is None:
            return given
        assert found["rule"] in {":-", "-"}, found[0]
        return found["word"]

    return VARIABLE.sub(replace, value)


def compose(name="compose.yaml", /, **variables):
    """A compose file with its variables replaced, by default by their defaults."""
    # The loader is a SafeLoader.
    return interpolated(yaml.load((ROOT / name).read_text(encoding="utf-8"), Loader), variables)  # noqa: S506


def instructions():
    """The instructions of the Dockerfile in their order: keyword and text, continued lines joined."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = re.sub(r"\\\n", "", re.sub(r"(?m)^#.*\n", "", text)).splitlines()
    return [tuple(line.split(maxsplit=1)) for line in lines if line.strip()]


def stages():
    """The instructions of each stage, without those before the first."""
    found: list[list[tuple[str, str]]] = []
    for keyword, text in instructions():
        if keyword == "FROM":
            found.append([])
        if found:
            found[-1].append((keyword, text))
    return found


def argv(text):
    """The words of an instruction in its JSON form."""
    return yaml.safe_load(text)


def environment_of_image():
    """The variables that the image sets."""
    pairs = [pair for keyword, text in stages()[-1] if keyword == "ENV" for pair in text.split()]
    return dict(pair.split("=", 1) for pair in pairs)


def command_lines(**variables):
    """Every command line that Docker runs, by where it is: the Dockerfile's, and those of the services of compose.yaml."""
    image = {keyword: argv(text) for keyword, text in stages()[-1] if keyword in {"ENTRYPOINT", "CMD"}}
    runs = [text for keyword, text in instructions() if keyword == "RUN"]
    found: dict[tuple[str, int | str], list[str]] = {("Dockerfile", number): ["sh", "-c", text] for number, text in enumerate(runs)}
    found["Dockerfile", "CMD"] = image["ENTRYPOINT"] + image["CMD"]
    for name, service in compose(**variables)["services"].items():
        entrypoint, command = service.get("entrypoint", image["ENTRYPOINT"]), service.get("command", [])
        found[name, "command"] = entrypoint + command
        if "healthcheck" in service:
            kind, *test = service["healthcheck"]["test"]
            found[name, "healthcheck"] = {"CMD": test, "CMD-SHELL": ["sh", "-c", *test]}[kind]
    return found


def own_environment(path_first=()):
    """The variables of this process without settings of lmskit and libpq, with folders before those of `PATH`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LMSKIT_", "PG", "PYTHON", "JUPYTER"))}
    return kept | {"PATH": os.pathsep.join([*map(str, path_first), kept["PATH"]])}
