"""The founding problem, fixed so that programs can be compared: two drugs, seven states."""
