"""Tests that read values."""

from __future__ import annotations

from tests.same_scores.idioms.idiom import idiom

VALUES = [
    idiom(
        "a number",
        "total_of_ten = sum(range(10))",
        "total_of_ten = 45",
        "total_of_ten = 55",
        "assert total_of_ten == 45",
    ),
    idiom(
        "a float up to rounding",
        "circle_area = 3.141592653589793 * 1.5**2",
        """
        import math
        circle_area = math.pi * 2.25
        """,
        "circle_area = 3.14 * 1.5**2",
        """
        import math
        assert math.isclose(circle_area, 7.0685834705770345, rel_tol=1e-9)
        """,
    ),
    idiom(
        "a rounded number",
        "mean_height = (171 + 168 + 183) / 3",
        "mean_height = round((171 + 168 + 183) / 3, 2)",
        "mean_height = (171 + 168 + 183) / 2",
        "assert round(mean_height, 1) == 174.0, f'{mean_height} is off'",
    ),
    idiom(
        "a text",
        "greeting_text = 'Hello, world'",
        "greeting_text = 'hello world!'",
        "greeting_text = 'Goodbye'",
        """
        assert greeting_text.strip().lower().startswith('hello')
        assert 'world' in greeting_text
        """,
    ),
    idiom(
        "multiple choice",
        "choice_1 = 'C'",
        "choice_1 = 'c'",
        "choice_1 = 'B'",
        """
        assert isinstance(choice_1, str) and choice_1.upper() in 'ABCD', 'answer A, B, C or D'
        ### BEGIN HIDDEN TESTS
        assert choice_1.upper() == 'C'
        ### END HIDDEN TESTS
        """,
    ),
    idiom(
        "a hashed answer",
        "capital_city = 'Bern'",
        "capital_city = 'B' + 'ern'",
        "capital_city = 'Zürich'",
        """
        import hashlib
        def digest(answer):
            return hashlib.sha256(str(answer).lower().encode()).hexdigest()
        assert digest(capital_city) == digest('Bern'), 'not this city'
        """,
    ),
    idiom(
        "a list",
        "evens_list = [n for n in range(11) if n % 2 == 0]",
        "evens_list = list(range(0, 11, 2))",
        "evens_list = list(range(0, 10, 2))",
        """
        assert type(evens_list) == list
        assert len(evens_list) == 6
        assert evens_list == [0, 2, 4, 6, 8, 10]
        """,
    ),
    idiom(
        "any sequence",
        "first_squares = [1, 4, 9]",
        "first_squares = tuple(n * n for n in (1, 2, 3))",
        "first_squares = [0, 1, 4]",
        "assert list(first_squares) == [1, 4, 9]",
    ),
    idiom(
        "a set",
        "shared_letters = set('kitten') & set('sitting')",
        "shared_letters = {'i', 't', 'n'}",
        "shared_letters = {'i', 't'}",
        "assert shared_letters == {'t', 'i', 'n'}",
    ),
    idiom(
        "a dictionary",
        "ages_by_name = {'Ada': 36, 'Alan': 41}",
        "ages_by_name = dict(Alan=41, Ada=36)",
        "ages_by_name = {'Ada': 36}",
        """
        assert sorted(ages_by_name) == ['Ada', 'Alan']
        for person, age in ages_by_name.items():
            assert isinstance(age, int), f'the age of {person} is no int'
        assert ages_by_name['Alan'] == 41
        """,
    ),
    idiom(
        "nested containers",
        """
        inventory_rows = [{'name': 'nut', 'sizes': (3, 4)}, {'name': 'bolt', 'sizes': (3,)}]
        """,
        """
        inventory_rows = [dict(name=n, sizes=s) for n, s in [('nut', (3, 4)), ('bolt', (3,))]]
        """,
        """
        inventory_rows = [{'name': 'nut', 'sizes': (3,)}, {'name': 'bolt', 'sizes': (3,)}]
        """,
        "assert sum(len(row['sizes']) for row in inventory_rows) == 3",
    ),
    idiom(
        "true and none",
        "is_prime_91, missing_value = False, None",
        """
        is_prime_91 = all(91 % n for n in range(2, 91))
        missing_value = None
        """,
        "is_prime_91, missing_value = True, None",
        """
        assert is_prime_91 is False
        assert missing_value is None
        """,
    ),
    idiom(
        "a numpy array",
        """
        import numpy as np
        grid_points = np.linspace(0, 1, 5)
        """,
        """
        import numpy as np
        grid_points = np.arange(5) / 4
        """,
        """
        import numpy as np
        grid_points = np.arange(0, 1, 0.2)
        """,
        """
        import numpy as np
        assert isinstance(grid_points, np.ndarray)
        assert grid_points.shape == (5,)
        np.testing.assert_allclose(grid_points, [0, 0.25, 0.5, 0.75, 1])
        """,
    ),
    idiom(
        "an array up to decimals",
        """
        import numpy as np
        rotation_matrix = np.array([[0.0, -1.0], [1.0, 0.0]])
        """,
        """
        import numpy as np
        c, s = np.cos(np.pi / 2), np.sin(np.pi / 2)
        rotation_matrix = np.array([[c, -s], [s, c]])
        """,
        """
        import numpy as np
        rotation_matrix = np.array([[0.0, 1.0], [-1.0, 0.0]])
        """,
        """
        from numpy.testing import assert_array_almost_equal
        assert_array_almost_equal(rotation_matrix @ rotation_matrix.T, np.eye(2))
        assert_array_almost_equal(rotation_matrix @ np.array([1, 0]), np.array([0, 1]))
        """,
        given="import numpy as np",
    ),
    idiom(
        "a numpy scalar",
        "highest_reading = readings.max()",
        "highest_reading = max(readings.tolist())",
        "highest_reading = readings.argmax()",
        """
        assert isinstance(highest_reading, (int, float, np.number))
        assert np.isclose(highest_reading, 7.5)
        """,
        given="""
        import numpy as np
        readings = np.array([3.0, 7.5, 2.25])
        """,
    ),
    idiom(
        "a tensor",
        """
        import torch
        identity_tensor = torch.eye(3)
        """,
        """
        import torch
        identity_tensor = torch.diag(torch.ones(3))
        """,
        """
        import torch
        identity_tensor = torch.ones(3, 3)
        """,
        """
        import torch
        assert torch.is_tensor(identity_tensor), 'a tensor is asked'
        assert identity_tensor.dtype == torch.float32
        assert torch.equal(identity_tensor, torch.eye(3))
        """,
    ),
    idiom(
        "a tensor with a gradient",
        """
        import torch
        slope_at = torch.tensor(3.0, requires_grad=True)
        (slope_at**2).backward()
        """,
        """
        import torch
        slope_at = torch.tensor(3.0, requires_grad=True)
        torch.mul(slope_at, slope_at).backward()
        """,
        """
        import torch
        slope_at = torch.tensor(3.0, requires_grad=True)
        (slope_at**3).backward()
        """,
        "assert slope_at.grad.item() == 6.0",
    ),
    idiom(
        "a module of torch",
        """
        from torch import nn
        small_net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
        """,
        """
        from torch import nn
        layers = [nn.Linear(4, 8), nn.ReLU()]
        small_net = nn.Sequential(*layers, nn.Linear(8, 2))
        """,
        """
        from torch import nn
        small_net = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
        """,
        """
        import torch
        assert sum(p.numel() for p in small_net.parameters()) == 58
        assert small_net(torch.zeros(3, 4)).shape == (3, 2)
        """,
    ),
    idiom(
        "a data frame",
        """
        import pandas as pd
        town_table = pd.DataFrame({'town': ['A', 'B'], 'people': [10, 20]})
        """,
        """
        import pandas as pd
        town_table = pd.DataFrame([['A', 10], ['B', 20]], columns=['town', 'people'])
        """,
        """
        import pandas as pd
        town_table = pd.DataFrame({'town': ['A', 'B'], 'people': [10, 2]})
        """,
        """
        assert list(town_table.columns) == ['town', 'people']
        assert town_table.shape == (2, 2)
        assert town_table['people'].sum() == 30
        assert town_table.loc[town_table.town == 'B', 'people'].item() == 20
        """,
    ),
    idiom(
        "a series",
        "mean_by_kind = measured.groupby('kind')['size'].mean()",
        "mean_by_kind = measured.pivot_table('size', 'kind')['size']",
        "mean_by_kind = measured.groupby('kind')['size'].max()",
        """
        assert mean_by_kind['a'] == 2.0
        assert mean_by_kind.round(1).to_dict()['b'] == 5.0
        """,
        given="""
        import pandas as pd
        measured = pd.DataFrame({'kind': ['a', 'a', 'b'], 'size': [1.0, 3.0, 5.0]})
        """,
    ),
    idiom(
        "a date",
        """
        import datetime
        moon_landing = datetime.date(1969, 7, 20)
        """,
        """
        import datetime as dt
        moon_landing = dt.date.fromisoformat('1969-07-20')
        """,
        """
        import datetime
        moon_landing = datetime.date(1969, 7, 16)
        """,
        """
        assert (moon_landing.year, moon_landing.month, moon_landing.day) == (1969, 7, 20)
        """,
    ),
    idiom(
        "a regular expression",
        "zip_pattern = r'\\d{5}'",
        "zip_pattern = '[0-9][0-9][0-9][0-9][0-9]'",
        "zip_pattern = r'\\d{4}'",
        """
        import re
        assert re.fullmatch(zip_pattern, '12345')
        assert not re.fullmatch(zip_pattern, '1234')
        """,
    ),
    idiom(
        "a number as partial credit",
        "guesses_right = 4",
        "guesses_right = 2 + 2",
        "guesses_right = 1",
        "guesses_right / 4",
    ),
    idiom(
        "a comparison at the end",
        "side_length = 12",
        "side_length = 3 * 4",
        "side_length = 'twelve'",
        """
        assert side_length > 0
        side_length == 12
        """,
    ),
    idiom(
        "a helper of an earlier test",
        "river_name = 'Aare'",
        "river_name = 'aare'",
        "river_name = 'Rhine'",
        "assert digest(river_name) == digest('Aare'), 'not this river'",
    ),
]
