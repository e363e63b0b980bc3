# The image of every Airflow service: the locked packages, dags, plugins and include. Run by docker-compose.yaml.
FROM python:3.12-slim-bookworm

RUN groupadd --gid 50000 airflow && useradd --uid 50000 --gid airflow --create-home airflow

WORKDIR /opt/billing
COPY requirements.txt constraints.txt ./
# What runs in production only: the rest of the file is for developer machines.
RUN sed '/^# The set-up of a developer machine/,$d' requirements.txt > runtime.txt \
    && pip install --no-cache-dir --disable-pip-version-check -r runtime.txt -c constraints.txt \
    && rm runtime.txt

# Owned by root: a task cannot change the program it runs.
COPY docker/check_health.py docker/prepare.sh ./docker/
COPY dags ./dags
COPY plugins ./plugins
COPY include ./include

# New volumes take owner and mode of the folder they are mounted on.
RUN install --directory --owner=airflow --group=airflow --mode=750 \
    /opt/airflow /opt/airflow/logs /opt/airflow/auth /outbox /inbox

ENV AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/billing/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/billing/plugins \
    PYTHONPATH=/opt/billing:/opt/billing/plugins \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

USER airflow
CMD ["airflow", "version"]
