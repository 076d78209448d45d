"""Where a learner begins: commands, the start page, JupyterLab, the doctor."""
