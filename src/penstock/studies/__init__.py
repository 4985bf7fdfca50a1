"""Published experiments, one file each, run as they were made and as they should be."""
