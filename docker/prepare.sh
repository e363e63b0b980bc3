#!/bin/sh
# The service `init`: both databases to the newest schema, and the password of the UI. Safe to run again.
set -eu

airflow db migrate
python -m include.database
python -m include.reference_data.load
# The only user that SimpleAuthManager knows here sees every practice.
python -m include.settings.access --login admin

umask 077
python - <<'PYTHON'
import json
import os

with open(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"], "w", encoding="utf-8") as file:
    json.dump({"admin": os.environ["AIRFLOW_UI_PASSWORD"]}, file)
PYTHON
