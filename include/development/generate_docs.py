"""Writes the generated pages of docs/ (`make docs`): data dictionary, schedule, DAGs, scrubber edits.

Each page is made from the thing it describes: comments of the migrated database in `BILLING_DATABASE_URL`, the
timetable, docstrings of the DAG files, the catalogue of edits. The same input gives the same text.
"""

from __future__ import annotations

import ast
import functools
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from include import database
from include.claims_scrubber import catalogue, catalogue_version
from include.development.environment import CHECKOUT
from nightly_schedule.buckets import AUTOMATION_LOCAL_TIMES, BUCKETS, Bucket
from nightly_schedule.slots import due_at

DOCS = CHECKOUT / "docs"
EXAMPLE_QUERIES = DOCS / "example_queries.sql"
#: Analysts first.
SCHEMAS = ("reporting", "billing", "practice", "reference")
#: A year to show; the rule is the same in every other.
YEAR = 2026
WINTER, SUMMER = date(YEAR, 1, 15), date(YEAR, 7, 15)

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Column:
    """A column as the database describes it. `values`: what a check constraint allows."""

    name: str
    type: str
    is_required: bool
    is_key: bool
    comment: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Relation:
    """A table or view with its columns in order."""

    schema: str
    name: str
    is_view: bool
    comment: str
    columns: tuple[Column, ...]


def read_relations(connection: Connection, schema: str) -> list[Relation]:
    """Every table and view of the schema in order of name.

    A column of a view without a comment has the one of the table column of the same name that it shows, if there is
    exactly one such comment.
    """
    comments: dict[tuple[str, str], list[Column]] = defaultdict(list)
    for _, name, is_view, _, columns in _read_columns(connection, SCHEMAS):
        if not is_view:
            for column in columns:
                comments[name, column.name].append(column)
    used = defaultdict(set)
    for view, table, column_name in connection.execute(
        "SELECT view_schema || '.' || view_name, table_name, column_name FROM information_schema.view_column_usage"
    ).fetchall():
        used[view, column_name].add(table)
    relations = []
    for found_schema, name, is_view, comment, columns in _read_columns(connection, (schema,)):
        if is_view:
            columns = [
                _with_meaning(
                    column,
                    [
                        source
                        for table in sorted(used[f"{schema}.{name}", column.name])
                        for source in comments[table, column.name]
                    ],
                )
                for column in columns
            ]
        relations.append(Relation(found_schema, name, is_view, comment, tuple(columns)))
    return relations


def _with_meaning(column: Column, sources: Sequence[Column]) -> Column:
    comments = {source.comment for source in sources if source.comment}
    values = {source.values for source in sources if source.values}
    return Column(
        column.name,
        column.type,
        column.is_required,
        column.is_key,
        column.comment or (comments.pop() if len(comments) == 1 else ""),
        values.pop() if len(values) == 1 else (),
    )


def _read_columns(connection: Connection, schemas: Sequence[str]) -> list[tuple[str, str, bool, str, list[Column]]]:
    rows = connection.execute(
        """
        SELECT n.nspname, c.relname, c.relkind IN ('v', 'm'), coalesce(obj_description(c.oid, 'pg_class'), ''),
            a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
            coalesce(a.attnum = ANY(k.conkey), false), coalesce(col_description(c.oid, a.attnum), ''), v.definition
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
        LEFT JOIN LATERAL (
            SELECT min(pg_get_constraintdef(x.oid)) AS definition FROM pg_constraint x
            WHERE x.conrelid = c.oid AND x.contype = 'c' AND x.conkey = ARRAY[a.attnum]
                AND pg_get_constraintdef(x.oid) LIKE '%%= ANY (ARRAY[%%'
        ) v ON true
        WHERE n.nspname = ANY(%s) AND c.relkind IN ('r', 'p', 'v', 'm')
        ORDER BY n.nspname, c.relname, a.attnum
        """,
        (list(schemas),),
    ).fetchall()
    found: dict[tuple[str, str], tuple[bool, str, list[Column]]] = {}
    for schema, name, is_view, comment, column, type_, is_required, is_key, meaning, definition in rows:
        columns = found.setdefault((schema, name), (is_view, comment, []))[2]
        values = tuple(re.findall(r"'([^']*)'::text", definition or ""))
        columns.append(Column(column, type_, is_required, is_key, meaning, values))
    return [(schema, name, *rest) for (schema, name), rest in found.items()]


def read_example_queries(text: str) -> list[tuple[str, str]]:
    """(question, statement) of each query of docs/example_queries.sql, in order."""
    queries = []
    for block in re.split(r"\n\s*\n", text.strip()):
        question, _, statement = block.partition("\n")
        if not question.startswith("-- ") or not statement.rstrip().endswith(";"):
            raise ValueError(f"not a question and a statement: {question[:60]}")
        queries.append((question.removeprefix("-- "), statement.rstrip()))
    return queries


def write_data_dictionary(connection: Connection) -> str:
    """Every table and view of the three schemas, reporting first, with the example queries."""
    lines = [
        "# Data dictionary",
        "",
        "Generated by `make docs` from the comments in the database. Money is in dollars, `…_on` is a local date of",
        "the organization, `…_at` an instant, `night` the bucket's local date on which a run falls due. A column",
        "without a meaning is what its name says. *Key*: primary key. *May be absent*: can be NULL.",
        "",
        "Analysts get the role `billing_analyst`, which sees the schema `reporting` and nothing else.",
        "",
    ]
    relations = {schema: read_relations(connection, schema) for schema in SCHEMAS}
    for schema in SCHEMAS:
        links = ", ".join(f"[{one.name}](#{schema}{one.name})" for one in relations[schema])
        lines += [f"- [{schema}](#{schema}): {links}"]
        if schema == "reporting":
            lines += ["- [Example queries](#example-queries)"]
    for schema in SCHEMAS:
        row = connection.execute(
            "SELECT coalesce(obj_description(oid, 'pg_namespace'), '') FROM pg_namespace WHERE nspname = %s", (schema,)
        ).fetchone()
        lines += ["", f"## {schema}", "", row[0] if row else ""]
        for relation in relations[schema]:
            lines += _relation_lines(relation)
        if schema == "reporting":
            lines += [
                "",
                "## Example queries",
                "",
                "Also as a file to run: [example_queries.sql](example_queries.sql).",
            ]
            for question, statement in read_example_queries(EXAMPLE_QUERIES.read_text(encoding="utf-8")):
                lines += ["", f"**{question}**", "", "```sql", statement, "```"]
    return _text(lines)


def _relation_lines(relation: Relation) -> list[str]:
    lines = ["", f"### {relation.schema}.{relation.name}", "", relation.comment, ""]
    rows = []
    for column in relation.columns:
        notes = []
        if column.is_key:
            notes.append("*Key.*")
        if not relation.is_view and not column.is_required:
            notes.append("*May be absent.*")
        if column.comment:
            notes.append(column.comment)
        if column.values:
            notes.append("One of: " + ", ".join(f"`{value}`" for value in column.values) + ".")
        rows.append([f"`{column.name}`", column.type, " ".join(notes)])
    return lines + _table(["column", "type", "meaning"], rows)


def write_schedule() -> str:
    """When each automation runs in each bucket, which buckets share an instant, and both clock-change nights."""
    lines = [
        "# Schedule",
        "",
        "Generated by `make docs` from the timetable (`plugins/nightly_schedule`). Each automation runs once per",
        "bucket (time zone) and night at the same local time all year; the UTC instant moves with the clock. A run is",
        "named by its night, the bucket's local date: `2026-11-22|America/Denver`.",
        "",
        *_table(
            ["automation", "local time"], [[f"`{one}`", f"{at:%H:%M}"] for one, at in AUTOMATION_LOCAL_TIMES.items()]
        ),
        "",
        f"## In UTC, in winter and in summer ({YEAR})",
        "",
        "*+1*: on the day after the night's date.",
        "",
    ]
    heads = ["ordinal", "bucket", "in run ids", "offset"]
    heads += [f"{_words(automation)} {at:%H:%M}" for automation, at in AUTOMATION_LOCAL_TIMES.items()]
    lines += _table(
        heads,
        [
            [
                str(bucket.ordinal),
                bucket.timezone,
                bucket.city,
                _both(bucket, _offset),
                *(_both(bucket, functools.partial(_clock, automation)) for automation in AUTOMATION_LOCAL_TIMES),
            ]
            for bucket in BUCKETS
        ],
    )
    lines += [
        "",
        "## Buckets that share an instant",
        "",
        "Two buckets may fall due at the same instant and still are two runs. The same holds for all automations.",
        "",
        *_table(
            ["night", "together", "alone"],
            [_shared_row(f"winter ({WINTER})", WINTER), _shared_row(f"summer ({SUMMER})", SUMMER)],
        ),
        "",
        "## The nights on which clocks change",
        "",
        "The change is at 02:00 local on Sunday, never between 21:00 and 23:00, so no run is skipped or doubled. Only",
        "the time since the night before differs, where the bucket changes its clock at all.",
    ]
    for title, sunday in (("Clocks go forward", _nth_sunday(3, 2)), ("Clocks go back", _nth_sunday(11, 1))):
        lines += ["", f"### {title}: {sunday}", ""]
        nights = [sunday - timedelta(days=1), sunday]
        lines += _table(
            ["bucket", *(f"`invoice_creation` of {night}" for night in nights), "hours between"],
            [
                [
                    bucket.timezone,
                    *(f"{due_at('invoice_creation', bucket, night):%Y-%m-%d %H:%M}Z" for night in nights),
                    _hours_between(bucket, nights),
                ]
                for bucket in BUCKETS
            ],
        )
    return _text(lines)


def _hours_between(bucket: Bucket, nights: Sequence[date]) -> str:
    first, second = (due_at("invoice_creation", bucket, night) for night in nights)
    return f"{(second - first).total_seconds() / 3600:g}"


def _both(bucket: Bucket, show: Callable[[Bucket, date], str]) -> str:
    winter, summer = show(bucket, WINTER), show(bucket, SUMMER)
    return winter if winter == summer else f"{winter} / {summer}"


def _clock(automation: str, bucket: Bucket, night: date) -> str:
    due = due_at(automation, bucket, night)
    days = (due.date() - night).days
    return f"{due:%H:%M}" + (f" {days:+d}" if days else "")


def _offset(bucket: Bucket, night: date) -> str:
    moment = due_at("invoice_creation", bucket, night).astimezone(ZoneInfo(bucket.timezone))
    return f"{moment:%z}"[:3] + ":" + f"{moment:%z}"[3:]


def _shared_row(label: str, night: date) -> list[str]:
    together: dict[Any, list[str]] = defaultdict(list)
    for bucket in BUCKETS:
        together[due_at("invoice_creation", bucket, night)].append(bucket.city)
    groups = [cities for _, cities in sorted(together.items())]
    return [
        label,
        "; ".join(" + ".join(cities) for cities in groups if len(cities) > 1),
        ", ".join(cities[0] for cities in groups if len(cities) == 1),
    ]


def _nth_sunday(month: int, number: int) -> date:
    first = date(YEAR, month, 1)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (number - 1))


def write_dags(files: Iterable[Path]) -> str:
    """What each DAG and task says about itself. Read from the source, without Airflow."""
    lines = [
        "# DAGs",
        "",
        "Generated by `make docs` from the docstrings in `dags/`. One run per bucket (time zone) and night; of the",
        "clearinghouse inbox one for all receivers.",
        "When each runs: [schedule.md](schedule.md). When one fails: [runbook.md](runbook.md).",
    ]
    for file in sorted(files):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        documentation = ast.get_docstring(tree)
        if not documentation:
            raise ValueError(f"{file.name} has no docstring")
        rows = [[f"`{task_id}`", text] for task_id, text in _tasks(tree)]
        lines += ["", f"## {file.stem}", "", documentation, "", *_table(["task", "does"], rows)]
    return _text(lines)


def _tasks(tree: ast.Module) -> list[tuple[str, str]]:
    """(task id with its groups, documentation) of every task in order of definition. ValueError without."""
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found: list[tuple[str, str]] = []

    def visit(body: Sequence[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.With) and _name(node.items[0].context_expr) == "TaskGroup":
                group = node.items[0].context_expr
                assert isinstance(group, ast.Call)
                visit(node.body, f"{prefix}{ast.literal_eval(group.args[0])}.")
            if not isinstance(node, ast.FunctionDef):
                continue
            decorators = {_name(one): one for one in node.decorator_list}
            if "task_group" in decorators:
                visit(
                    node.body, prefix + (_keyword(decorators["task_group"], "group_id", constants) or node.name) + "."
                )
            elif "task" in decorators:
                # A mapped task does not take its documentation from a docstring, so some name it in the decorator.
                text = ast.get_docstring(node) or _keyword(decorators["task"], "doc_md", constants)
                if not text:
                    raise ValueError(f"task {node.name} has neither docstring nor doc_md")
                found.append((prefix + node.name, " ".join(text.split())))
            elif "dag" in decorators:
                visit(node.body, prefix)

    visit(tree.body, "")
    return found


def _name(decorator: ast.expr) -> str:
    return ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)


def _keyword(decorator: ast.expr, name: str, constants: dict[str, Any]) -> str:
    """The text of a keyword argument of the decorator, written out or as a constant of the module; "" without."""
    for keyword in decorator.keywords if isinstance(decorator, ast.Call) else ():
        if keyword.arg == name:
            value = keyword.value
            return str(constants[value.id] if isinstance(value, ast.Name) else ast.literal_eval(value))
    return ""


def write_scrubber_edits() -> str:
    """The catalogue of edits, in order of code."""
    edits = catalogue()
    lines = [
        "# Scrubber edits",
        "",
        f"Generated by `make docs` from the catalogue in `include/claims_scrubber`: {len(edits)} edits, catalogue",
        f"version `{catalogue_version(edits)}`. An *error* holds the claim, a *warning* is sent and shown. A *fixed*",
        "edit stays an error; of the others `billing.set_edit_severity` may change it, per organization or insurer.",
        "",
        *_table(
            ["code", "looks at", "severity", "finding", "fix it at", "X12"],
            [
                [
                    f"[{one.code}](#{one.code.lower()})",
                    one.grain,
                    one.default_severity + ("" if one.is_overridable else ", fixed"),
                    one.message.format(line_number="N"),
                    one.fix_location,
                    one.loop_segment,
                ]
                for one in edits
            ],
        ),
    ]
    for one in edits:
        lines += ["", f"### {one.code}", "", one.message.format(line_number="N"), ""]
        lines += [f"- Corrected in: {', '.join(f'`{column}`' for column in one.fix_columns)}"]
        if one.needs:
            lines += [f"- Needs the reference table `{one.needs}`; without it: not checked, which is not passed"]
        if one.effective_from or one.effective_to:
            lines += [f"- Service dates: {one.effective_from or '…'} to {one.effective_to or '…'}"]
        lines += [f"- Version {one.version}. Source: {one.source}"]
    return _text(lines)


def _words(automation: str) -> str:
    return automation.replace("_", " ")


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table; a bar inside a cell is escaped."""
    written = ["| " + " | ".join(heads) + " |", "| " + " | ".join("---" for _ in heads) + " |"]
    return written + ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]


def _text(lines: Iterable[str]) -> str:
    return "\n".join(line.rstrip() for line in lines) + "\n"


def generate(connection: Connection) -> dict[Path, str]:
    """The text of every generated page, by its file."""
    return {
        DOCS / "data_dictionary.md": write_data_dictionary(connection),
        DOCS / "schedule.md": write_schedule(),
        DOCS / "dags.md": write_dags((CHECKOUT / "dags").glob("*.py")),
        DOCS / "scrubber_edits.md": write_scrubber_edits(),
    }


def main() -> int:
    with database.connect() as connection:
        pages = generate(connection)
    for file, text in pages.items():
        changed = not file.exists() or file.read_text(encoding="utf-8") != text
        if changed:
            file.write_text(text, encoding="utf-8")
        print(f"{file.relative_to(CHECKOUT)}: {'written' if changed else 'unchanged'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
