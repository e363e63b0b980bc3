"""The Automation Settings page: a FastAPI app inside Airflow, over the tables that the nightly runs read.

It shows and calls what `include` offers; it holds no SQL and no billing rule.
"""
