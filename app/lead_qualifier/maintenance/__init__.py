"""Work on an installation as a whole: repair of checkpoints, another number of partitions, rebuilt state."""
