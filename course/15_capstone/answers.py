# %% item="file" right="x"
