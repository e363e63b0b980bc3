"""When the nightly automations run: buckets, slots, and the timetable that hands them to Airflow.

`buckets`, `slots` and `resolve` are plain Python; only `timetable` imports Airflow.
"""
