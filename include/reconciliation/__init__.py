"""A database that is older than the world: compared with what receivers hold, before anything leaves from it again."""
