"""Requests to add or change a material of a course."""

import re
from ipaddress import IPv6Address
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from lmskit.limits import LONGEST_FILE_NAME, LONGEST_LICENCE, LONGEST_URL
from lmskit.schemas.course import TeachingWeek
from lmskit.schemas.request import Request
from lmskit.schemas.text import Code, Line, Title
from lmskit.vocabulary import MaterialKind, Origin

_LICENCES = {
    identifier.lower(): identifier
    for identifier in (
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC-BY-3.0",
        "CC-BY-4.0",
        "CC-BY-NC-3.0",
        "CC-BY-NC-4.0",
        "CC-BY-NC-ND-4.0",
        "CC-BY-NC-SA-3.0",
        "CC-BY-NC-SA-4.0",
        "CC-BY-ND-4.0",
        "CC-BY-SA-3.0",
        "CC-BY-SA-4.0",
        "CC0-1.0",
        "GFDL-1.3-or-later",
        "MIT",
        "PDDL-1.0",
    )
}
"""SPDX identifiers of licences that course materials have, by their lower-case form."""
_CREATIVE_COMMONS = re.compile(r"https?://creativecommons\.org/licenses/([a-z-]{2,8})/([0-9]\.[0-9])(?:/[a-z/.-]{0,40})?\Z", re.IGNORECASE)
_PUBLIC_DOMAIN = re.compile(r"https?://creativecommons\.org/publicdomain/zero/1\.0(?:/[a-z/.-]{0,40})?\Z", re.IGNORECASE)
_SPELLED = re.compile(r"CC[ -](BY(?:[ -](?:NC|SA|ND|NC[ -]SA|NC[ -]ND))?)[ -]([0-9]\.[0-9])\Z", re.IGNORECASE)
_CODE = re.compile(r"[a-z]{2,3}\Z")
_LONGEST_TAG = 35
MOST_REMOVED = 1_000
"""Materials that one request removes."""


def _spdx(text: str) -> str:
    """Write a known licence as its SPDX identifier; any other text stays as it is."""
    if _PUBLIC_DOMAIN.match(text):
        return "CC0-1.0"
    if found := _CREATIVE_COMMONS.match(text) or _SPELLED.match(text):
        text = f"CC-{found[1].upper().replace(' ', '-')}-{found[2]}"
    return _LICENCES.get(text.lower().replace(" ", "-"), text)


def _language(text: str) -> str:
    code = re.split("[-_]", text.lower(), maxsplit=1)[0]
    if len(text) > _LONGEST_TAG or not _CODE.match(code):
        raise ValueError("This must be the code of a language, such as en or de.")
    return code


def _web_address(text: str) -> str:
    if not re.match("https?://", text, re.IGNORECASE):
        raise ValueError("This must be a web address that begins with http:// or https://")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("This must be a web address as the browser's address bar gives it when it is copied, without blanks or umlauts.")
    try:
        parts = urlsplit(text)
        _ = parts.port
        if "[" in parts.netloc:
            IPv6Address((parts.hostname or "").partition("%")[0])
    except ValueError:
        raise ValueError("This is not a web address: its host or port cannot be read.") from None
    if not parts.hostname:
        raise ValueError("This is not a web address: it names no host.")
    if parts.username is not None or parts.password is not None:
        raise ValueError("This web address contains a name or a password. Remove what is before the @; others would read it.")
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}{text[len(parts.scheme) + 3 + len(parts.netloc) :]}"


def _leads_down(text: str) -> str:
    if text.startswith("/") or re.search(r"(^|/)\.{0,2}(/|$)", text):
        raise ValueError("This must be a path within a folder, such as week-03/loops.pdf.")
    return text


def _with_slashes(value: object) -> object:
    return value.replace("\\", "/") if isinstance(value, str) else value


Licence = Annotated[Line, StringConstraints(min_length=1, max_length=LONGEST_LICENCE), AfterValidator(_spdx)]
"""An SPDX identifier, into which the addresses and spellings of known licences are turned, or a text."""
LanguageCode = Annotated[Line, StringConstraints(min_length=1), AfterValidator(_language)]
"""A language as ISO 639; of a tag such as `de-AT`, the language alone is kept."""
WebAddress = Annotated[Line, StringConstraints(min_length=1, max_length=LONGEST_URL), AfterValidator(_web_address)]
"""An http or https address without credentials; scheme and host are in lower case."""
RelativePath = Annotated[
    Line, BeforeValidator(_with_slashes), StringConstraints(min_length=1, max_length=LONGEST_FILE_NAME), AfterValidator(_leads_down)
]
"""A path within a folder, with slashes."""


class MaterialDetails(Request):
    """What a person, or a manifest, says about a material; None: what its file says, or what is detected."""

    week: TeachingWeek | None = None
    """None: what the file names, otherwise the whole course."""
    title: Title | None = None
    url: WebAddress | None = None
    """Where it is on the web: of a page, or of the video whose captions the file is."""
    licence: Licence | None = None
    language: LanguageCode | None = None
    kind: MaterialKind | None = None
    """Of a link without a file: by default `video` with captions, otherwise `page`."""


class AddMaterial(MaterialDetails):
    """A material of a course: a file, a link, or both. It is recognised by its address, or else by its file name."""

    course: Code
    file_name: RelativePath | None = None
    origin: Origin = Origin.FORM
    whole_course: bool = False
    """Whether it is for the whole course, whatever its file names and whatever is stored."""

    @model_validator(mode="after")
    def _has_a_file_or_an_address(self) -> Self:
        if self.url is None and self.file_name is None:
            raise ValueError("A material needs a file or a web address.")
        return self


class ChangeMaterial(Request):
    """What to change about a material; what is None stays as it is."""

    material: int
    """Its number."""
    title: Title | None = None
    week: TeachingWeek | None = None
    whole_course: bool = False
    """Whether it is for the whole course from now on."""
    licence: Licence | None = None
    without_licence: bool = False
    """Whether its licence is not known from now on."""

    @model_validator(mode="after")
    def _names_one_change(self) -> Self:
        if self.whole_course and self.week is not None:
            raise ValueError("A material is for one week or for the whole course, not for both.")
        if self.without_licence and self.licence is not None:
            raise ValueError("Name a licence, or say that it has none that is known, not both.")
        if not (self.whole_course or self.without_licence or any(given is not None for given in (self.title, self.week, self.licence))):
            raise ValueError("There is nothing to change: title, week and licence are as they were.")
        return self


class RemoveMaterials(Request):
    """Materials to remove, by their numbers."""

    materials: Annotated[tuple[int, ...], Field(min_length=1, max_length=MOST_REMOVED)]
