"""Requests that no page of ours sends: no route breaks, writes what it should not, or shows what was typed as markup.

The database itself notes every row that a request writes. hypothesis draws the same requests at every run.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from psycopg.pq import TransactionStatus
from starlette.testclient import TestClient

from automation_settings.small_forms import LARGEST_FORM
from automation_settings.visitors import Visitor
from exclusion_rules import FIELDS
from tests.integration.settings_page.asks import KEY, READS_BY_POST, ROUTES, Ask, build_asks
from tests.integration.settings_page.practices import CREATION, PATIENT_MARKS, TwoPractices
from tests.support.settings_page import EDITOR, open_page, settings_connection
from tests.support.tables import table_names

#: Drawn by hypothesis; before them each value of each request is replaced by each of `_WORST`.
_DRAWN: Final = 450
_WORST: Final = ("\x00", "<script>alert(1)</script>", "9" * 40, "9999-12-31")
_MARKUP: Final = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    'x" autofocus onfocus=alert(1) y="',
    "javascript:alert(1)",
    "{{ 7 * 191 }}{% raw %}",
    "</title></textarea><script>alert(1)</script>",
)
_HOSTILE: Final = (
    *_MARKUP,
    *("0", "-1", "1", "2", "5", "10004", "20004", "32768", "2147483647", "2147483648", "9223372036854775807"),
    *(
        "9223372036854775808",
        "9" * 40,
        "9" * 4_301,
        "1e3",
        "1.0",
        "1_0",
        "٣",
        "+1",
        " 1 ",
        "0x10",
        "NaN",
        "true",
        "null",
    ),
    *("", " ", "\x00", "a\x00b", "\r\nX-Injected: 1", "\u202e", "\ufffe", "\U0010ffff", "é" * 300, "x" * 9_000),
    *(
        "'; DROP TABLE billing.claim; --",
        "' OR '1'='1",
        "%",
        "_",
        "\\",
        "%s",
        "%(night)s",
        "$1",
        "{0}",
        "..",
        "../../x",
    ),
    *("0001-01-01", "9999-12-31", "10000-01-01", "2026-02-30", "2026-13-01", "-0044-03-15", "infinity", "today"),
    *("2999-12-01T00:00:00Z", "0001-01-01/9999-12-31", "../..", "[]", "{}", "[1]", "undefined"),
    *("invoice_creation", "claims_submission", "era_processing", "hold", "advance_now", "client", "weekday", KEY),
)
_TEXTS: Final = st.one_of(
    st.sampled_from(_HOSTILE),
    st.sampled_from(_MARKUP),
    st.sampled_from([*FIELDS]),
    st.integers(-(2**70), 2**70).map(str),
    st.dates().map(str),
    # What UTF-8 has no bytes for cannot be sent.
    st.text(st.characters(exclude_categories=("Cs",)), max_size=40),
)
_FIELDS: Final = (
    *("version", "includes_earlier", "until", "rule_id", "condition", "order", "moved", "by", "key", "reason"),
    *("edit_code", "line_number", "page", "text", "age", "ready", "before", "about", "outcome", "assume_enabled"),
    *(f"{part}-{KEY}" for part in ("field", "value", "from", "to", "text")),
)
_CONTENT_TYPES: Final = (
    *("application/json", "text/plain", "multipart/form-data", "multipart/form-data; boundary=x", "", "x"),
    *(
        f"multipart/form-data; boundary=x; charset={one}"
        for one in ("unicode_escape", "utf-7", "punycode", "hex", "idna")
    ),
    *("application/x-www-form-urlencoded; charset=utf-16", "application/x-www-form-urlencoded; boundary=x"),
)
_SURROGATE: Final = b'--x\r\nContent-Disposition: form-data; name="reason"\r\n\r\n\\ud800\r\n--x--\r\n'
_FILE: Final = b'--x\r\nContent-Disposition: form-data; name="reason"; filename="a"\r\n\r\nfile\r\n--x--\r\n'
_BODIES: Final = (
    b"",
    b"&&==&;%%%ZZ",
    b"a" * 300_000,
    b"&".join(b"condition=%d" % number for number in range(1_200)),
    b"reason=%ED%A0%80&reason=%FF%FE&until=%00",
    b'{"version": {"$gt": 0}}',
    _SURROGATE,
    _FILE,
    b"--x\r\nContent-Disposition: nonsense",
)

#: What a change of settings and rules may write, and what an action on an item may.
_SETTINGS_TABLES: Final = frozenset({"automation_setting", "exclusion_rule", "exclusion_condition", "history"})
_ITEM_TABLES: Final = frozenset(
    {"hold", "release", "invoice", "invoice_line", "claim", "finding_override", "finding", "decision", "interchange"}
) | {"history"}


@dataclass(frozen=True)
class Odd:
    """A request of the page with something wrong in it. `body` None: the form as it is."""

    ask: Ask
    content_type: str | None = None
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, client: TestClient) -> httpx.Response:
        if self.ask.method == "GET":
            return client.get(self.ask.address, headers=self.headers)
        body = urlencode(self.ask.form, doseq=True).encode() if self.body is None else self.body
        sent = {"Content-Type": self.content_type or "application/x-www-form-urlencoded", **self.headers}
        return client.post(self.ask.address, content=body, headers=sent)


@st.composite
def odd_requests(draw: st.DrawFn, asks: list[Ask]) -> Odd:
    """One route's request with some of its values replaced, repeated, left out or added."""
    ask = draw(st.sampled_from(asks))
    path = {name: draw(_TEXTS) if draw(st.integers(0, 5)) == 0 else value for name, value in ask.path.items()}
    query = _spoil(draw, ask.query) if ask.method == "GET" or draw(st.booleans()) else ask.query
    ask = replace(ask, path=path, query=query, form=_spoil(draw, ask.form))
    # What the client itself would not send.
    assume(len(ask.address) < 60_000)
    headers = {"HX-Request": "true"} if draw(st.booleans()) else {}
    if ask.method == "POST" and draw(st.integers(0, 9)) == 0:
        return Odd(ask, draw(st.sampled_from(_CONTENT_TYPES)), draw(st.sampled_from(_BODIES)), headers)
    return Odd(ask, headers=headers)


def _spoil(draw: st.DrawFn, given: dict[str, Any]) -> dict[str, Any]:
    spoiled = dict(given)
    for name in [*given, *draw(st.lists(st.sampled_from(_FIELDS), max_size=2))]:
        match draw(st.integers(0, 7)):
            case 0:
                spoiled.pop(name, None)
            case 1 | 2:
                spoiled[name] = draw(_TEXTS)
            case 3:
                spoiled[name] = draw(st.lists(_TEXTS, max_size=4))
            case _:
                pass
    return spoiled


def worst_requests(asks: list[Ask]) -> Iterator[Odd]:
    """Each request with each of its values as bad as it gets, one at a time."""
    tried = set()
    for ask in asks:
        for part in ("path", "query", "form"):
            given = getattr(ask, part)
            for name in given:
                # Once for a route; what an action or a field is decides what else is read.
                place = (ask.method, ask.route, ask.path.get("action"), ask.form.get(f"field-{KEY}"), name)
                if place in tried:
                    continue
                tried.add(place)
                for value in _WORST:
                    yield Odd(replace(ask, **{part: given | {name: value}}))


def build_rules(site: TwoPractices) -> list[Ask]:
    """A rule of every kind of field, saved and checked."""
    path = {"organization_id": 1, "automation": CREATION}
    forms = (
        {f"field-{KEY}": "appointment_date_range", f"from-{KEY}": "2026-01-01", f"to-{KEY}": ""},
        {f"field-{KEY}": "appointment_date", f"value-{KEY}": ["2026-01-01", "2026-01-02"]},
        {f"field-{KEY}": "weekday", f"value-{KEY}": ["1", "7"]},
        {f"field-{KEY}": "client", f"value-{KEY}": [str(site.mine.client)]},
    )
    return [
        Ask(
            "POST",
            f"/organizations/{{organization_id}}/rules/{{automation}}/{action}",
            path,
            form={"condition": KEY} | form,
        )
        for form in forms
        for action in ("save", "check")
    ]


@pytest.fixture(scope="module")
def noted(site: TwoPractices) -> TwoPractices:
    """The database with a note of every row that is written, by table and practice."""
    site.owner.execute("CREATE TABLE public.written (table_name text, organization_id bigint)")
    site.owner.execute(
        """
        CREATE FUNCTION public.note_written() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        DECLARE
            written jsonb := to_jsonb(coalesce(NEW, OLD));
        BEGIN
            INSERT INTO public.written SELECT TG_TABLE_NAME, coalesce(
                (written ->> 'organization_id')::bigint,
                (SELECT r.organization_id FROM billing.exclusion_rule r
                    WHERE r.rule_id = (written ->> 'rule_id')::bigint),
                (SELECT v.organization_id FROM billing.invoice v
                    WHERE v.invoice_id = (written ->> 'invoice_id')::bigint),
                -- Of the organizations in a file the one that is not the visitor's.
                (SELECT max(t.organization_id) FROM billing.transaction_set t
                    WHERE t.interchange_id = (written ->> 'interchange_id')::bigint));
            RETURN NULL;
        END $$
        """
    )
    names = table_names(site.owner)
    assert len(names) > 50
    for name in names:
        # Names of our own schema.
        site.owner.execute(
            f"CREATE TRIGGER note_written AFTER INSERT OR UPDATE OR DELETE ON {name}"
            " FOR EACH ROW EXECUTE FUNCTION public.note_written()".encode()
        )
    return site


def take_written(site: TwoPractices) -> set[tuple[str, int | None]]:
    """What was written since the last call, and kept."""
    return set(site.owner.execute("DELETE FROM public.written RETURNING table_name, organization_id").fetchall())


class _Elements(HTMLParser):
    """Fails on anything that could run."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            text = (value or "").strip().lower()
            assert not name.startswith(("on", "hx-on")), (tag, name)
            assert name != "style", tag
            if name in ("href", "src", "action", "hx-get", "hx-post", "hx-vals"):
                self.addresses.append(value or "")
                # Within the page, within Airflow, or a query of the same address.
                assert name == "hx-vals" or (text.startswith(("/", "?", "#")) and not text.startswith("//")), value
        assert tag not in ("iframe", "object", "embed", "base", "img"), tag
        assert tag != "script" or dict(attrs).get("src", "").startswith("/static/"), attrs


def assert_harmless(answer: httpx.Response, site: TwoPractices) -> None:
    """Nothing in it runs, and no patient is in an address, a header or another practice's."""
    if answer.headers.get("content-type", "").startswith("text/html"):
        elements = _Elements()
        elements.feed(answer.text)
        for address in elements.addresses:
            assert not any(mark in address for marks in PATIENT_MARKS.values() for mark in marks), address
    for raw in ("<script>alert", "<img src=x", "<svg/onload", '" autofocus onfocus', "1337"):
        assert raw not in answer.text
    for mark in PATIENT_MARKS[2]:
        assert mark not in answer.text
    for name, value in answer.headers.items():
        assert name.lower() != "x-injected"
        assert not any(mark in value for marks in PATIENT_MARKS.values() for mark in marks), name
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    assert answer.headers["x-content-type-options"] == "nosniff"


def assert_meant(odd: Odd, answer: httpx.Response, written: set[tuple[str, int | None]]) -> None:
    """Only an accepted change writes, only where it may, and only in the practice of the address."""
    ask = odd.ask
    if ask.method == "GET" or ask.route in READS_BY_POST or answer.status_code != 200:
        assert written == set()
        return
    is_item = ask.route.endswith("/{action}")
    # A file has no practice of its own.
    written = written - ({("history", 0)} if is_item else set())
    assert {table for table, _ in written} <= (_ITEM_TABLES if is_item else _SETTINGS_TABLES)
    assert {organization_id for _, organization_id in written} <= {1}


@pytest.fixture
def records() -> Iterator[list[str]]:
    """What is logged meanwhile, by anybody."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler = Keep()
    logging.getLogger().addHandler(handler)
    yield lines
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def client(site: TwoPractices) -> Iterator[TestClient]:
    """Of somebody who may change everything in one of the two practices.

    One connection for all requests: a backend of its own for each takes most of the time.
    """
    with (
        settings_connection(site.url) as connection,
        open_page(site.url, EDITOR, connect=lambda: nullcontext(connection)) as client,
    ):
        yield client
        assert connection.info.transaction_status is TransactionStatus.IDLE


def test_no_request_breaks_the_page_or_writes_what_it_should_not(
    noted: TwoPractices, client: TestClient, records: list[str]
) -> None:
    site = noted
    assert {(ask.method, ask.route) for ask in build_asks(site, site.mine)} == ROUTES
    take_written(site)
    statuses: list[int] = []
    accepted: set[str] = set()
    failures: list[str] = []

    @settings(
        max_examples=_DRAWN,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[*HealthCheck],
    )
    @given(data=st.data())
    def draw(data: st.DataObject) -> None:
        # With the versions as they stand.
        send(data.draw(odd_requests([*build_asks(site, site.mine), *build_rules(site)])))

    def send(odd: Odd) -> None:
        answer = odd.send(client)
        written = take_written(site)
        statuses.append(answer.status_code)
        if written:
            accepted.add(odd.ask.route)
        try:
            assert answer.status_code < 500, records[-1:]
            assert_harmless(answer, site)
            assert_meant(odd, answer, written)
        except AssertionError as failed:
            # Not raised: it would be sent again, when the database is another already.
            failures.append(f"{str(odd)[:600]}\n  -> {answer.status_code}: {str(failed)[:600]}")

    for odd in worst_requests([*build_asks(site, site.mine), *build_rules(site)]):
        send(odd)
    draw()
    assert not failures, f"{len(failures)} of {len(statuses)}:\n" + "\n".join(failures[:20])
    assert len(statuses) >= 1_000
    # It comes past the doors: some of everything is accepted, most is not.
    assert {200, 404, 422} <= set(statuses)
    assert len(accepted) >= 4
    told = site.owner.execute("SELECT string_agg(h::text, ' ') FROM billing.history h").fetchone()
    assert told is not None
    for mark in (one for marks in PATIENT_MARKS.values() for one in marks):
        assert mark not in told[0]
        assert not any(mark in line for line in records)
    # The pages still open, whatever was stored meanwhile.
    for ask in build_asks(site, site.mine):
        if ask.method == "GET":
            answer = ask.send(client)
            assert answer.status_code in (200, 303), (ask, answer.text)
            assert_harmless(answer, site)
    assert "Practice 1 &lt;script&gt;alert(1)&lt;/script&gt;" in client.get("/").text


@pytest.mark.parametrize("visitor", [EDITOR, None], ids=["editor", "nobody"])
@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("multipart/form-data; boundary=x", _FILE, 415),
        # A codec that makes texts which UTF-8 has no bytes for.
        ("multipart/form-data; boundary=x; charset=unicode_escape", _SURROGATE, 415),
        ("application/json", b"{}", 415),
        ("application/x-www-form-urlencoded", b"reason=" + b"a" * LARGEST_FORM, 413),
        ("application/x-www-form-urlencoded", b"&a=" * 1_001, 400),
    ],
)
def test_a_body_that_is_no_small_form_is_not_even_read(
    site: TwoPractices, visitor: Visitor | None, content_type: str, body: bytes, status: int
) -> None:
    """Also from nobody: FastAPI reads a form, and keeps its files, before it asks who sends it."""
    [ask] = [one for one in build_asks(site, site.mine) if one.path.get("action") == "lift_hold"]
    answer = Odd(ask, content_type, body).send(open_page(site.url, visitor))
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_form_as_large_as_the_limit_is_read(site: TwoPractices) -> None:
    [ask] = [one for one in build_asks(site, site.mine) if one.path.get("action") == "lift_hold"]
    body = b"reason=" + b"a" * (LARGEST_FORM - 7)
    answer = Odd(ask, None, body).send(open_page(site.url))
    assert answer.status_code == 422 and "This cannot be read: reason." in answer.text
