"""What was handed in: untrusted files."""
