"""Reference tables of the claims scrubber: what is shipped, what a file may hold, and how a release is loaded."""
