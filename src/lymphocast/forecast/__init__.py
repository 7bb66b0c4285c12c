"""What would happen, or would have happened, under another regimen."""
