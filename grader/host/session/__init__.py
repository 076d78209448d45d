"""One notebook of a submission: its player, its judge, and its tests in their turn (`hear`).

`script` is its cells, `allowance` what they may take, `stage` the processes that they run in, and
`showing` what people see of it.
"""
