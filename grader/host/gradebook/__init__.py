"""nbgrader's gradebook: the database that it lies in, and what is written into it."""
