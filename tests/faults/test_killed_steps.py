"""A step killed anywhere and run again, two runs at once, an emptied work table: the night ends the same."""

from __future__ import annotations

import random
from multiprocessing.context import ForkServerContext
from pathlib import Path

import psycopg
import pytest

from include.development import environment
from tests.faults.databases import copy_of
from tests.faults.interruption import kill_step, processes, run_at_once, run_step, steps_of
from tests.faults.natural_rows import difference, natural_rows
from tests.faults.sample_nights import SampleNight, assert_ended_as_undisturbed
from tests.support.nights import run_night

SWEEP = 9  # per step that many moments, spread over all it has
RECOVERIES = ("step again", "new run", "closed as it was, then new run")
AUTOMATIONS = ("invoice_creation", "invoice_processing", "claims_submission")


@pytest.fixture(scope="module")
def context() -> ForkServerContext:
    return processes()


@pytest.mark.parametrize("recovery", RECOVERIES)
@pytest.mark.parametrize("automation", AUTOMATIONS)
@pytest.mark.parametrize("seed", range(SWEEP // len(RECOVERIES)))
def test_killed_in_every_step_and_run_again_a_night_ends_as_undisturbed(
    server_url: str,
    sample_nights: dict[str, SampleNight],
    context: ForkServerContext,
    tmp_path: Path,
    automation: str,
    recovery: str,
    seed: int,
) -> None:
    prepared = sample_nights[automation]
    place = seed * len(RECOVERIES) + RECOVERIES.index(recovery)
    draw = random.Random(f"{automation} {place}")
    where = (automation, prepared.timezone, prepared.night, tmp_path)
    killed = []
    with (
        copy_of(server_url, prepared.template) as url,
        psycopg.connect(environment.pipeline_url(url), autocommit=True) as pipeline,
    ):
        for step, moments in prepared.moments.items():
            moment = draw.randrange(place * moments // SWEEP, (place + 1) * moments // SWEEP)
            run_id = "killed" if recovery == "step again" else f"killed in {step}"
            if recovery != "step again":
                for earlier in steps_of(automation)[: steps_of(automation).index(step)]:
                    run_step(pipeline, earlier, *where, run_id)
            killed.append(kill_step(context, url, moment, step, *where, run_id))
            if recovery == "step again":
                run_step(pipeline, step, *where, run_id)
            elif recovery != "new run" and step != "open_run":
                run_step(pipeline, "close_run", *where, run_id)
        if recovery != "step again":
            run_night(pipeline, automation, prepared.timezone, prepared.night, tmp_path, "last")
        assert_ended_as_undisturbed(pipeline, prepared, tmp_path)
    # What an earlier run did leaves a later one less to do; but a first kill always happens.
    assert killed[0]
    assert recovery != "step again" or all(killed)


@pytest.mark.parametrize("automation", AUTOMATIONS)
def test_every_step_has_moments_to_be_killed_at(sample_nights: dict[str, SampleNight], automation: str) -> None:
    moments = sample_nights[automation].moments
    assert list(moments) == steps_of(automation)
    assert min(moments.values()) >= SWEEP


@pytest.mark.parametrize("seed", range(10))
def test_two_runs_of_a_night_at_once_do_nothing_twice(
    server_url: str, sample_nights: dict[str, SampleNight], context: ForkServerContext, tmp_path: Path, seed: int
) -> None:
    automation = AUTOMATIONS[seed % 3]
    prepared = sample_nights[automation]
    where = (automation, prepared.timezone, prepared.night, tmp_path)
    with (
        copy_of(server_url, prepared.template) as url,
        psycopg.connect(environment.pipeline_url(url), autocommit=True) as pipeline,
    ):
        runs = [(*where, "one"), (*where, "other")]
        run_at_once(context, url, seed, steps_of(automation), runs, in_step=seed % 2 == 0)
        assert_ended_as_undisturbed(pipeline, prepared, tmp_path)
        assert pipeline.execute(
            "SELECT count(*), count(closed_at), count(*) FILTER (WHERE outcome = %s) FROM billing.run_attempt a"
            " JOIN billing.run r USING (run_id) WHERE r.automation = %s AND r.night = %s",
            (prepared.outcome, automation, prepared.night),
        ).fetchone() == (2, 2, 2)


@pytest.mark.parametrize("automation", AUTOMATIONS)
@pytest.mark.parametrize("seed", range(2))
def test_two_runs_at_once_do_not_get_in_each_others_way_in_a_bucket_of_one_organization(
    server_url: str,
    sample_nights: dict[str, SampleNight],
    context: ForkServerContext,
    tmp_path: Path,
    automation: str,
    seed: int,
) -> None:
    # Among many organizations a clash would pass for one of them that is broken, and the halves would work.
    prepared = sample_nights[automation]
    rows, outcomes = [], []
    for name in ("undisturbed", "at once"):
        outbox = tmp_path / name
        outbox.mkdir()
        where = (automation, prepared.timezone, prepared.night, outbox)
        with (
            copy_of(server_url, prepared.template) as url,
            psycopg.connect(url, autocommit=True) as billing,
            psycopg.connect(environment.pipeline_url(url), autocommit=True) as pipeline,
        ):
            billing.execute("UPDATE practice.organization SET timezone = 'Pacific/Guam' WHERE organization_id <> 9")
            if name == "undisturbed":
                run_night(pipeline, *where)
            else:
                run_at_once(
                    context, url, seed, steps_of(automation), [(*where, "one"), (*where, "other")], in_step=True
                )
            rows.append(natural_rows(pipeline))
            outcomes += pipeline.execute(
                "SELECT DISTINCT outcome, night::text FROM billing.run_attempt JOIN billing.run USING (run_id)"
                " WHERE automation = %s",
                (automation,),
            ).fetchall()
    assert difference(*rows) == {}
    assert outcomes[0] == outcomes[1]
    assert len(outcomes) == 2


@pytest.mark.parametrize("automation", AUTOMATIONS)
@pytest.mark.parametrize("seed", range(2))
def test_a_task_that_runs_twice_at_once_in_one_attempt_does_nothing_twice(
    server_url: str,
    sample_nights: dict[str, SampleNight],
    context: ForkServerContext,
    tmp_path: Path,
    automation: str,
    seed: int,
) -> None:
    prepared = sample_nights[automation]
    where = (automation, prepared.timezone, prepared.night, tmp_path)
    with (
        copy_of(server_url, prepared.template) as url,
        psycopg.connect(environment.pipeline_url(url), autocommit=True) as pipeline,
    ):
        # A worker that lost touch goes on while its task is tried again.
        run_at_once(context, url, seed, steps_of(automation), [(*where, "same"), (*where, "same")], in_step=True)
        assert_ended_as_undisturbed(pipeline, prepared, tmp_path)


@pytest.mark.parametrize("automation", AUTOMATIONS)
def test_a_work_table_that_a_crash_of_the_server_emptied_is_filled_again_by_whichever_step_comes_next(
    server_url: str, sample_nights: dict[str, SampleNight], tmp_path: Path, automation: str
) -> None:
    prepared = sample_nights[automation]
    emptied = 0
    with (
        copy_of(server_url, prepared.template) as url,
        psycopg.connect(url, autocommit=True) as billing,
        psycopg.connect(environment.pipeline_url(url), autocommit=True) as pipeline,
    ):
        for step in steps_of(automation):
            run_step(pipeline, step, automation, prepared.timezone, prepared.night, tmp_path, "crashed")
            row = billing.execute("SELECT count(*) FROM billing.candidate").fetchone()
            assert row is not None
            emptied += row[0]
            billing.execute("TRUNCATE billing.candidate")
        assert_ended_as_undisturbed(pipeline, prepared, tmp_path)
    assert emptied > 0
