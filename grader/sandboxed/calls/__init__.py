"""Calls between player and judge: who asks what of whom, and who may."""
