"""What crosses between host and sandbox: formats and limits."""
