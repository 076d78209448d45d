"""The pictures with which lessons open: the thing itself, to be moved before a line is read.

One module for each lesson, and nothing here that imports them all: a lesson loads its own.
"""
