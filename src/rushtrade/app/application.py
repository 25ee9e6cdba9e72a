"""The application: every route of the house on one origin, with its limits, its errors and its headers.

`build(ports)` gives an ASGI app; who runs it on which socket is not its business (`server_settings` says what it asks of
uvicorn). Everything is served from here: the page, its scripts, the API's documents. Nothing is fetched from elsewhere,
and the content security policy says so to the browser.
"""

from __future__ import annotations

import html
import importlib.metadata
import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from litestar import Litestar, Request, Response, get
from litestar.datastructures import State
from litestar.enums import MediaType
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin, YamlRenderPlugin
from litestar.openapi.spec import Components, Reference, SecurityScheme
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from rushtrade.api import accounts, faults, reference, trade_updates, trading, watchlists
from rushtrade.api.access import KEY_HEADER, SECRET_HEADER, FrontDesk, add_rate_headers, desk_of
from rushtrade.api.decoding import BODY_BYTES_MAX
from rushtrade.api.faults import not_found
from rushtrade.app import desk_pages
from rushtrade.serving import downloads, history, market_socket, screener, stream
from rushtrade.serving.hub import MarketHub
from rushtrade.workstation import entitlement_pages, session
from rushtrade.workstation.hub import Hub

if TYPE_CHECKING:
    from litestar.types import Message, Scope

    from rushtrade.api.ports import Ports

VERSION: Final = importlib.metadata.version("rushtrade")
STATIC: Final = Path(__file__).resolve().parents[1] / "static"
"""The built web bundle."""

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; "
    "style-src 'self' 'sha256-3pRED1tOXas1FXFoPb9TGCjmYe9XQsmO9OV23khV2nY='; "
    "connect-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""The hash is of the style that the chart library writes for its attribution mark (docs/protocols/workstation.md)."""
_SECURITY_HEADERS: Final = [
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
_ASSETS_FOR_EVER: Final = "public, max-age=31536000, immutable"

_NO_BUNDLE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>RushTrade</title>
<h1>The web workstation is not built</h1>
<p>Build it with <code>make web</code> (needs Node 20.19 or newer), or install a released wheel, which contains it.</p>
<p>The trading API works without it: see <a href="/schema">/schema</a>.</p></html>"""


async def _add_security_headers(message: Message, scope: Scope) -> None:
    del scope
    if message["type"] == "http.response.start":
        said = {bytes(name).lower() for name, _ in message["headers"]}
        missing = [header for header in _SECURITY_HEADERS if header[0] not in said]
        message["headers"] = [*message["headers"], *missing]


@get(["/", "/datacenter"], include_in_schema=False)
async def show_page() -> Response[bytes]:
    """Serve the workstation's page."""
    file = STATIC / "index.html"
    found = file.is_file()
    return Response(
        file.read_bytes() if found else _NO_BUNDLE.encode(),
        status_code=200 if found else 404,
        media_type=MediaType.HTML,
        headers={"Cache-Control": "no-cache"},
    )


@get("/assets/{path:path}", include_in_schema=False)
async def show_asset_file(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Serve a file of the bundle. Names carry a hash of the content, so they are kept for ever."""
    path = request.path_params["path"]
    return _file(Path("assets") / path.lstrip("/"), _ASSETS_FOR_EVER)


@get("/{name:str}", include_in_schema=False)
async def show_root_file(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Serve a file at the root of the bundle (icons, manifest)."""
    name = request.path_params["name"]
    return _file(Path(name), "no-cache")


def _file(relative: Path, cache: str) -> Response[bytes]:
    root = STATIC.resolve()
    file = (root / relative).resolve()
    if not file.is_relative_to(root) or not file.is_file():
        raise not_found(f"there is no file {str(relative)[:200]!r}")
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return Response(file.read_bytes(), media_type=kind, headers={"Cache-Control": cache})


@get("/health", include_in_schema=False)
async def show_health(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Say that the house answers, and how far its read models are."""
    cursor = desk_of(request).store.cursor
    return {"status": "ok", "version": VERSION, "command_seq": cursor.command_seq}


@get("/metrics", include_in_schema=False)
async def show_metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Give the metrics of the process to Prometheus."""
    registry: CollectorRegistry = request.app.state.registry
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _page(document: dict[str, Any]) -> str:
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
        f'<h1>{title}</h1><p><a href="/schema/openapi.json">openapi.json</a> '
        '<a href="/schema/openapi.yaml">openapi.yaml</a>'
        '<table border="1" cellpadding="6" rules="rows" frame="void"><tr align="left">'
        "<th>Method<th>Path<th>What it does<th>Parameters<th>Body"
        f"{''.join(rows)}</table></html>"
    )


class _PageRender(OpenAPIRenderPlugin):
    """The document as one page without scripts and styles: the content security policy lets neither stand in a page."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Write the page."""
        del request
        return _page(openapi_schema).encode()


def _openapi(house: str) -> OpenAPIConfig:
    schemes: dict[str, SecurityScheme | Reference] = {
        "key": SecurityScheme(type="apiKey", name=KEY_HEADER.upper(), security_scheme_in="header"),
        "secret": SecurityScheme(type="apiKey", name=SECRET_HEADER.upper(), security_scheme_in="header"),
    }
    return OpenAPIConfig(
        title=f"{house} trading API",
        version=VERSION,
        path="/schema",
        use_handler_docstrings=True,
        security=[{"key": [], "secret": []}],
        components=Components(security_schemes=schemes),
        render_plugins=[
            _PageRender(path="/"),
            JsonRenderPlugin(path="/openapi.json"),
            YamlRenderPlugin(path=["/openapi.yaml", "/openapi.yml"]),
        ],
    )


def build(ports: Ports, registry: CollectorRegistry | None = None) -> Litestar:
    """Build the application over what `app` hands it."""
    desk = FrontDesk(ports)
    handlers: list[Any] = [
        *trading.HANDLERS,
        *accounts.HANDLERS,
        *reference.HANDLERS,
        *watchlists.HANDLERS,
        *history.HANDLERS,
        *trade_updates.HANDLERS,
        *stream.HANDLERS,
        *market_socket.HANDLERS,
        *screener.HANDLERS,
        *downloads.HANDLERS,
        *session.HANDLERS,
        *entitlement_pages.HANDLERS,
        *desk_pages.HANDLERS,
        show_page,
        show_asset_file,
        show_root_file,
        show_health,
        show_metrics,
    ]
    updates, market_hub = trade_updates.UpdateHub(desk), MarketHub(desk)
    hub = Hub(desk, market_hub)
    state = {
        "desk": desk,
        "registry": registry or CollectorRegistry(),
        "hub": hub,
        "updates": updates,
        "market_hub": market_hub,
        "sessions": session.Sessions(desk),
    }
    closings = [] if ports.archive is None else [ports.archive.close]
    return Litestar(
        handlers,
        state=State(state),
        on_startup=[hub.start, updates.start, market_hub.start],
        on_shutdown=[hub.stop, updates.stop, market_hub.stop, *closings],
        exception_handlers=faults.HANDLERS,
        before_send=[add_rate_headers, _add_security_headers],
        openapi_config=_openapi(ports.house),
        request_max_body_size=BODY_BYTES_MAX,
        logging_config=None,
        debug=False,
    )


def server_settings() -> dict[str, Any]:
    """Give what the app asks of uvicorn: bounds of the sockets it cannot set itself."""
    return {
        "loop": "uvloop",
        "http": "httptools",
        "ws": "websockets-sansio",
        "ws_max_size": BODY_BYTES_MAX,
        "ws_ping_interval": 20.0,
        "ws_ping_timeout": 20.0,
        "ws_per_message_deflate": False,
        "timeout_keep_alive": 75,
        "h11_max_incomplete_event_size": BODY_BYTES_MAX,
        "server_header": False,
        "date_header": True,
        "access_log": False,
        "lifespan": "on",
    }
