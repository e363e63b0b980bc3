"""Clearinghouse watch: what tells Airflow that answers have arrived."""
