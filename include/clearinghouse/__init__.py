"""The way to the clearinghouse: 837P text, its independent validation, and delivery of finished files.

Nothing in this package touches the database or Airflow; the outbox that gives files their numbers is built on top.
"""
