"""The OpenAPI document: what handlers read themselves (bodies, query strings), told to the generator from the same structs.

It is served as JSON and YAML, and as one plain page without scripts: nothing is fetched from anywhere else.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_type_hints

import msgspec
from litestar.openapi.spec import OpenAPIMediaType, Operation, Parameter, RequestBody
from litestar.openapi.spec.schema import Schema

from rushtrade.api.decoding import DecimalText, Whole

if TYPE_CHECKING:
    from collections.abc import Mapping


def _own_types(kind: type) -> dict[str, Any]:
    """Describe the two types of our own."""
    if kind is DecimalText:
        return {"type": ["string", "number"], "examples": ["187.25"]}
    if kind is Whole:
        return {"type": "integer"}
    raise NotImplementedError


def schema_of(kind: Any) -> dict[str, Any]:
    """Write the JSON schema of a type, with everything it names inside it."""
    schemas, parts = msgspec.json.schema_components([kind], schema_hook=_own_types, ref_template="#/{name}")
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


def page(document: dict[str, Any]) -> str:
    """Write the document as one page: operations by path, with their parameters and fields."""
    rows = []
    for path, methods in sorted(document.get("paths", {}).items()):
        for method, operation in methods.items():
            if not isinstance(operation, dict):
                continue
            names = [each.get("name", "") for each in operation.get("parameters", [])]
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            fields = list(body.get("schema", {}).get("properties", {}))
            rows.append(
                f"<tr><td><code>{html.escape(method.upper())}</code><td><code>{html.escape(path)}</code>"
                f"<td>{html.escape(str(operation.get('description') or operation.get('summary') or ''))}"
                f"<td>{html.escape(', '.join(names))}<td>{html.escape(', '.join(fields))}"
            )
    title = html.escape(str(document.get("info", {}).get("title", "")))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        "<style>body{font:15px/1.5 system-ui;margin:2rem}td,th{padding:.3rem .8rem;text-align:left;"
        "vertical-align:top;border-bottom:1px solid #ccc}</style>"
        f'<h1>{title}</h1><p><a href="/schema/openapi.json">openapi.json</a> '
        '<a href="/schema/openapi.yaml">openapi.yaml</a>'
        "<table><tr><th>Method<th>Path<th>What it does<th>Parameters<th>Body"
        f"{''.join(rows)}</table></html>"
    )
