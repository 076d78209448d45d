"""What authors write, read cell by cell, and told where it is wrong."""
