"""Valid claims and broken ones with which claim scrubbers are compared. See README.md."""
