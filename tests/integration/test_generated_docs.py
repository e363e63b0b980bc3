"""The generated pages are what `make docs` writes now, every relation says its grain, every example query answers."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from include.claims_scrubber import catalogue
from include.development.environment import CHECKOUT
from include.development.generate_docs import (
    EXAMPLE_QUERIES,
    SCHEMAS,
    generate,
    read_example_queries,
    read_relations,
    write_dags,
)

Connection = psycopg.Connection[tuple[object, ...]]


def test_every_committed_page_is_the_one_that_would_be_generated_now(billing: Connection) -> None:
    pages = generate(billing)

    assert {file.name for file in pages} == {"data_dictionary.md", "schedule.md", "dags.md", "scrubber_edits.md"}
    for file, text in pages.items():
        assert len(text) > 2000, file.name
        assert file.read_text(encoding="utf-8") == text, f"{file.name} is not up to date: make docs"


def test_the_pages_do_not_depend_on_what_the_database_holds(sample_url: str, billing: Connection) -> None:
    with psycopg.connect(sample_url) as sample:
        assert generate(sample) == generate(billing)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_table_and_view_says_of_what_it_has_one_row(schema: str, billing: Connection) -> None:
    relations = read_relations(billing, schema)

    assert len(relations) >= 5
    assert [one.name for one in relations if not one.comment.startswith("Grain: one row")] == []


def test_a_column_of_a_view_has_the_meaning_of_the_column_it_shows(billing: Connection) -> None:
    views = {one.name: {column.name: column for column in one.columns} for one in read_relations(billing, "reporting")}

    assert views["claims"]["service_on"].comment == "Local date of the appointment's start."
    assert "paid" in views["claims"]["claim_status"].values
    assert views["decisions"]["closed_on"].comment.startswith("First night on which the reason no longer held")


def test_every_example_query_returns_rows_after_the_sample_nights_and_needs_no_more_than_an_analyst_may(
    nights_done: tuple[str, Path],
) -> None:
    queries = read_example_queries(EXAMPLE_QUERIES.read_text(encoding="utf-8"))
    assert len(queries) >= 10
    url, _ = nights_done

    with psycopg.connect(url, autocommit=True) as analyst:
        analyst.execute("SET ROLE billing_analyst")
        for question, statement in queries:
            rows = analyst.execute(statement.encode()).fetchall()
            assert rows, question
            assert "ORDER BY" in statement, question


def test_every_task_of_every_dag_is_on_the_page_with_its_groups() -> None:
    text = write_dags((CHECKOUT / "dags").glob("*.py"))

    for task_id in (
        "open_run",
        "invoice_creation.create_invoices",
        "clearinghouse.deliver_files",
        "scrub_errors",
        "close_run",
    ):
        assert f"| `{task_id}` |" in text


def test_a_task_is_documented_by_its_docstring_or_its_decorator_and_refused_without(tmp_path: Path) -> None:
    file = tmp_path / "example.py"
    dag = '"""A DAG."""\n@dag()\ndef example():\n    @task(%s)\n    def one():\n        %s\n'

    for decorator, body in (("retries=0", '"""Counts."""'), ('doc_md="Counts."', "pass")):
        file.write_text(dag % (decorator, body))
        assert "| `one` | Counts. |" in write_dags([file])
    file.write_text(dag % ("", "pass"))
    with pytest.raises(ValueError, match="task one has neither docstring nor doc_md"):
        write_dags([file])


def test_every_edit_has_its_own_heading(billing: Connection) -> None:
    text = generate(billing)[CHECKOUT / "docs" / "scrubber_edits.md"]

    assert len(catalogue()) >= 20
    for edit in catalogue():
        assert f"\n### {edit.code}\n" in text
        assert edit.fix_location in text
