"""What stays where it is, for whatever reason and of whichever automation: one queue, and what a person may do."""
