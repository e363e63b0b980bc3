"""The app: its routes, and what an error may say.

Nothing is open: every route, the static files too, needs a login and read access to the billing DAGs.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

import psycopg
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, Response
from starlette.exceptions import HTTPException as StarletteHTTPException

from automation_settings.dependencies import identify_visitor, require_reader
from automation_settings.few_at_once import FewAtOnce
from automation_settings.pages import PAGES
from automation_settings.rendering import render_message
from automation_settings.responses import QuietErrors, SafeHeaders
from automation_settings.small_forms import SmallForms
from automation_settings.visitors import Host
from include.errors import BillingError
from include.settings.errors import Stale

log = logging.getLogger(__name__)

STATIC: Final = Path(__file__).parent / "static"
#: What is served under static/, by name: nothing else in the folder is.
STATIC_FILES: Final = frozenset(
    file.name for file in STATIC.iterdir() if file.suffix in (".css", ".js", ".svg") and file.is_file()
)


def build_app(host: Host) -> FastAPI:
    """The app for one host. No interactive documentation: it would tell anybody which routes there are."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, dependencies=[Depends(require_reader)])
    app.state.host = host
    app.dependency_overrides[identify_visitor] = host.identify
    app.add_api_route("/static/{name}", _static_file, methods=["GET"], response_class=FileResponse)
    for router in PAGES:
        app.include_router(router)
    # Later ones wrap earlier ones.
    app.add_middleware(FewAtOnce)
    app.add_middleware(SmallForms)
    app.add_middleware(QuietErrors)
    app.add_middleware(SafeHeaders)
    app.add_exception_handler(StarletteHTTPException, _answer_refused)
    app.add_exception_handler(RequestValidationError, _answer_malformed)
    app.add_exception_handler(BillingError, _answer_problem)
    app.add_exception_handler(psycopg.Error, _answer_database)
    return app


def _static_file(name: str) -> FileResponse:
    if name not in STATIC_FILES:
        raise HTTPException(404, "There is no such file.")
    return FileResponse(STATIC / name, headers={"Cache-Control": "private, max-age=3600"})


def _answer_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)
    return render_message(request, str(error.detail), status_code=error.status_code, headers=error.headers)


def _answer_malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # The fields only: what was typed may be a name.
    fields = sorted({str(one["loc"][-1]) for one in error.errors() if one["loc"]})
    return render_message(request, f"This cannot be read: {', '.join(fields)}. Load the page again.", status_code=422)


def _answer_problem(request: Request, error: Exception) -> Response:
    return render_message(request, str(error), status_code=409 if isinstance(error, Stale) else 422)


def _answer_database(request: Request, error: Exception) -> Response:
    assert isinstance(error, psycopg.Error)
    # Raised by the functions of work by hand, whose texts are for people.
    if isinstance(error, psycopg.errors.RaiseException) and error.diag.message_primary:
        return render_message(request, f"{error.diag.message_primary}.", status_code=422)
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return render_message(
            request, "A nightly run works on this organization right now: try again in a minute.", status_code=503
        )
    if isinstance(error, psycopg.errors.QueryCanceled):
        return render_message(request, "This takes too long at the moment: try again later.", status_code=503)
    # Without a state: no connection. 57P01-57P03, 08xxx, 53xxx: going down, lost, full.
    if isinstance(error, psycopg.OperationalError) and (error.sqlstate or "08")[:2] in ("08", "53", "57"):
        return render_message(request, "The billing database does not answer: tell data-ops.", status_code=503)
    if isinstance(error, (psycopg.errors.DataError, psycopg.errors.IntegrityError)):
        # A number beyond the column's range, a byte no text may hold, a row that went meanwhile.
        return render_message(request, "This cannot be stored as it is: load the page again.", status_code=422)
    raise error
