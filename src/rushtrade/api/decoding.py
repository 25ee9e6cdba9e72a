"""Strict reading of requests: JSON bodies and query strings into structs, exactly or not at all.

Theory of operation: a body is parsed with its numbers as *text* (`Number`), so that ``187.25`` stays what was sent and no
float comes near a price; a key that comes twice, NaN, infinities, more than `DEPTH_MAX` levels or broken UTF-8 are
refused; then msgspec fits the fields to the struct. Unknown fields are passed over, as clients expect of this API;
`null` equals absence. What does not fit is answered with the field, the value and what would pass.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from litestar.openapi.spec import OpenAPIMediaType, Operation, Parameter, RequestBody
from litestar.openapi.spec.schema import Schema

from rushtrade.api.faults import UNPARSEABLE, ApiFault, invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BODY_BYTES_MAX: Final = 64 * 1024
DEPTH_MAX: Final = 16
TEXT_SHOWN: Final = 40

T = TypeVar("T", bound=msgspec.Struct)


class Number:
    """A JSON number as it was written."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class DecimalText(str):
    """A decimal that came as a JSON string or as a JSON number; to be parsed by `domain.numbers`."""

    __slots__ = ()


class Whole(int):
    """An integer that came as a JSON number (or, in a query string, as digits)."""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key {twice[:TEXT_SHOWN]!r} comes twice")
    return found


_decoder = json.JSONDecoder(
    parse_float=Number, parse_int=Number, parse_constant=_refuse_constant, object_pairs_hook=_unique
)
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def _depth(text: str) -> int:
    """Levels of objects and arrays in a JSON text."""
    deepest = level = 0
    for mark in re.findall(r"[\[\]{}]", _STRINGS.sub("", text)):
        level += 1 if mark in "[{" else -1
        deepest = max(deepest, level)
    return deepest


def _unparseable(why: str) -> ApiFault:
    return ApiFault(HTTPStatus.BAD_REQUEST, UNPARSEABLE, f"request body format is invalid: {why}")


def parse_object(raw: bytes | str) -> dict[str, Any]:
    """Read a JSON object with its numbers as text; an empty body is an empty object."""
    if len(raw) > BODY_BYTES_MAX:
        raise ApiFault(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, 41300000, "request body is larger than 64 KB")
    try:
        text = raw if isinstance(raw, str) else raw.decode()
    except UnicodeDecodeError:
        raise _unparseable("it is not UTF-8") from None
    if not text.strip():
        return {}
    if text.count("{") + text.count("[") > DEPTH_MAX and _depth(text) > DEPTH_MAX:
        raise _unparseable(f"it is nested deeper than {DEPTH_MAX} levels")
    try:
        found = _decoder.decode(text)
    except (ValueError, RecursionError) as error:
        raise _unparseable(str(error)[:120]) from None
    if type(found) is not dict:
        raise _unparseable("it is not a JSON object")
    return found


def _fit(kind: type, value: Any) -> Any:
    """Make a `DecimalText` or `Whole` of what a body or query holds."""
    if kind is DecimalText:
        if type(value) is Number:
            return DecimalText(value.text)
        if type(value) is str:
            return DecimalText(value)
        raise ValueError(f"a decimal number is wanted, not {_shown(value)}")
    text = value.text if type(value) is Number else value
    if type(text) is str and re.fullmatch(r"-?\d{1,18}", text, re.ASCII):
        return Whole(text)
    raise ValueError(f"a whole number is wanted, not {_shown(value)}")


def _shown(value: Any) -> str:
    if type(value) is Number:
        return value.text[:TEXT_SHOWN]
    return repr(value)[:TEXT_SHOWN] if isinstance(value, (str, bool)) else type(value).__name__


def fit(found: Mapping[str, Any], kind: type[T]) -> T:
    """Fit parsed fields to a struct."""
    present = {name: value for name, value in found.items() if value is not None}
    try:
        return msgspec.convert(present, kind, strict=True, dec_hook=_fit)
    except msgspec.ValidationError as error:
        raise invalid(_sentence(str(error), present, kind)) from None


def read_body(raw: bytes, kind: type[T]) -> T:
    """Read a JSON body."""
    return fit(parse_object(raw), kind)


_PLACE = re.compile(r"(.*) - at `\$\.(\w+)(.*)`", re.DOTALL)


def _sentence(message: str, found: Mapping[str, Any], kind: type[msgspec.Struct]) -> str:
    """Say which field does not pass, with its value and what would pass."""
    match = _PLACE.fullmatch(message)
    if match is None:
        missing = re.fullmatch(r"Object missing required field `(\w+)`", message)
        return f"{missing[1]} is required" if missing else message
    what, name = match[1], match[2]
    choices = _choices(get_type_hints(kind).get(name))
    if choices:
        return f"{name} {_shown(found[name])} is not known: {' or '.join(choices)} would pass"
    return f"{name}: {what[0].lower()}{what[1:]}"


def _choices(annotation: Any) -> list[str]:
    """Texts that a field of that type takes."""
    if get_origin(annotation) is Literal:
        return [str(choice) for choice in get_args(annotation) if choice != ""]
    return [text for part in get_args(annotation) for text in _choices(part)]


# --- query strings ----------------------------------------------------------------------------------

_TRUE: Final = frozenset({"true", "1", "yes"})
_FALSE: Final = frozenset({"false", "0", "no"})


def read_query(items: Iterable[tuple[str, str]], kind: type[T]) -> T:
    """Read a query string: unknown parameters and empty ones are passed over, booleans may be in any case."""
    hints = get_type_hints(kind)
    found: dict[str, Any] = {}
    for name, text in items:
        if name not in hints or text == "":
            continue
        if hints[name] is bool:
            found[name] = _boolean(name, text)
        else:
            found[name] = text
    return fit(found, kind)


def _boolean(name: str, text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise invalid(f"{name} {text[:TEXT_SHOWN]!r} is not known: true or false would pass")


# --- telling the OpenAPI document of what is read here ------------------------------------------------


_OWN_TYPES: Final[dict[type, dict[str, Any]]] = {
    DecimalText: {"type": ["string", "number"], "examples": ["187.25"]},
    Whole: {"type": "integer"},
}


def schema_of(kind: Any) -> dict[str, Any]:
    """Write the JSON schema of a type, with everything it names inside it."""
    schemas, parts = msgspec.json.schema_components(
        [kind], schema_hook=_OWN_TYPES.__getitem__, ref_template="#/{name}"
    )
    resolved: dict[str, Any] = _resolved(schemas[0], parts)
    return resolved


def _resolved(schema: Any, parts: Mapping[str, Any]) -> Any:
    """Put what is referred to in the place of the reference."""
    if isinstance(schema, list):
        return [_resolved(each, parts) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _resolved(parts[schema["$ref"].removeprefix("#/")], parts)
    return {name: _resolved(value, parts) for name, value in schema.items()}


class _Verbatim(Schema):
    """A schema that is already written."""

    def __init__(self, written: dict[str, Any]) -> None:
        super().__init__()
        self.written = written

    def to_schema(self) -> dict[str, Any]:
        """Give it as it is."""
        return self.written


def documented(*, body: type | None = None, query: type | None = None) -> type[Operation]:
    """Make an operation class that tells of a body and of query parameters."""

    @dataclass
    class Documented(Operation):
        def __post_init__(self) -> None:
            if body is not None:
                content = {"application/json": OpenAPIMediaType(schema=_Verbatim(schema_of(body)))}
                self.request_body = RequestBody(content=content, required=True)
            if query is not None:
                self.parameters = [*(self.parameters or []), *_parameters(query)]

    return Documented


def _parameters(query: type) -> list[Parameter]:
    required = {field.encode_name for field in msgspec.structs.fields(query) if field.required}
    return [
        Parameter(
            name=name,
            param_in="query",
            schema=_Verbatim(schema_of(hint)),
            required=name in required,
        )
        for name, hint in get_type_hints(query).items()
    ]
