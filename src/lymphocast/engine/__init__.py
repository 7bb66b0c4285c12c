"""From parameters to a trajectory."""
