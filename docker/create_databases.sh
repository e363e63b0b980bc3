#!/usr/bin/env bash
# Run once by the postgres image, when its volume is empty: the two databases of docker-compose.yaml and who opens them.
set -euo pipefail

# \getenv: passwords on a command line would stand in the list of processes.
psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres <<'SQL'
\getenv owner_password BILLING_OWNER_PASSWORD
\getenv tasks_password BILLING_TASKS_PASSWORD
\getenv page_password BILLING_PAGE_PASSWORD
\getenv airflow_password AIRFLOW_DATABASE_PASSWORD

-- CREATEROLE because the first migration makes the roles of the schema; since PostgreSQL 16 it gives no power over others.
CREATE ROLE billing_owner LOGIN CREATEROLE PASSWORD :'owner_password';
CREATE DATABASE billing OWNER billing_owner;
REVOKE CONNECT, TEMPORARY ON DATABASE billing FROM PUBLIC;

-- Here rather than in the migrations, so that the logins can be members from the start.
CREATE ROLE billing_pipeline NOLOGIN;
CREATE ROLE billing_tasks LOGIN PASSWORD :'tasks_password' IN ROLE billing_pipeline;
GRANT CONNECT, TEMPORARY ON DATABASE billing TO billing_pipeline;

-- NOINHERIT: the settings page is in one of its two roles at a time, and in neither before it says which.
CREATE ROLE billing_settings NOLOGIN;
CREATE ROLE billing_preview NOLOGIN;
CREATE ROLE billing_page LOGIN NOINHERIT PASSWORD :'page_password' IN ROLE billing_settings, billing_preview;
GRANT CONNECT ON DATABASE billing TO billing_page;

CREATE ROLE airflow LOGIN PASSWORD :'airflow_password';
CREATE DATABASE airflow OWNER airflow;
REVOKE CONNECT, TEMPORARY ON DATABASE airflow FROM PUBLIC;
SQL
