"""Published definitions as pure functions of record facts."""
