"""What holds the teacher's rights: it builds no value of a learner's, it reads reports."""
