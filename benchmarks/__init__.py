"""What the nightly automations cost, against bare SQL and against code that works row by row."""
