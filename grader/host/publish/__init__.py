"""Pages for people, made of what is untrusted."""
