"""Claims Submission: claims awaiting submission are scrubbed, the clean ones filed and delivered."""
