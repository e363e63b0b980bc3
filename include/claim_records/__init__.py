"""Claims between the database and the frames: reading them, scrubbing them, recording what was found."""
