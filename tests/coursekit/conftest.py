import pytest
import torch


@pytest.fixture(autouse=True)
def _one_thread():
    """Same numbers on every machine with the same library, and no fight for cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
