"""The teacher's desk: what an LMS hands out comes in, and what it takes back goes out."""
