"""Kinds of tests that other courses have and this one has not.

What an answer imports, tables and arrays of any kind, objects that answers share, what instances
hold, classes of Python's derived.
"""

from __future__ import annotations

from tests.same_scores.idioms.idiom import idiom

OTHERS = [
    idiom(
        "a module that the answer imports",
        """
        import numpy as np

        def centred(values):
            return np.asarray(values) - np.mean(values)
        """,
        """
        import numpy as np

        def centred(values):
            mean = sum(values) / len(values)
            return np.array([v - mean for v in values])
        """,
        """
        import numpy as np

        def centred(values):
            return np.asarray(values) - np.median(values)
        """,
        """
        got = centred([1, 2, 6])
        assert isinstance(got, np.ndarray)
        assert np.allclose(got, [-2, -1, 3]), got
        """,
    ),
    idiom(
        "a module that the answer forgets",
        """
        import statistics as st

        def middle(values):
            return st.median(values)
        """,
        """
        import statistics as st

        def middle(values):
            return sorted(values)[len(values) // 2]
        """,
        """
        def middle(values):
            return sorted(values)[len(values) // 2]
        """,
        "assert middle([3, 1, 2]) == st.median([1, 2, 3])",
    ),
    idiom(
        "names that the answer imports",
        """
        from math import hypot, pi as PI

        def around(radius):
            return 2 * PI * radius
        """,
        """
        import math
        from math import hypot, pi as PI

        def around(radius):
            return math.tau * radius
        """,
        """
        from math import hypot, pi as PI

        def around(radius):
            return PI * radius
        """,
        """
        assert abs(around(hypot(3, 4)) - 10 * PI) < 1e-9
        """,
    ),
    idiom(
        "a function that the answer imports",
        "from statistics import mean",
        """
        def mean(values):
            return sum(values) / len(values)
        """,
        """
        def mean(values):
            return sorted(values)[len(values) // 2]
        """,
        "assert mean([1, 2, 6]) == 3",
    ),
    idiom(
        "a number that the answer imports",
        "from math import tau",
        "tau = 6.283185307179586",
        "tau = 3.141592653589793",
        "assert abs(tau - 6.28) < 0.01",
    ),
    idiom(
        "all that a module has",
        """
        from math import *

        def steepness(angle):
            return tan(radians(angle))
        """,
        """
        from math import *

        def steepness(angle):
            return sin(angle * pi / 180) / cos(angle * pi / 180)
        """,
        """
        from math import *

        def steepness(angle):
            return tan(angle)
        """,
        "assert isclose(steepness(45), 1) and isclose(steepness(60), sqrt(3))",
    ),
    idiom(
        "pandas that the answer imports",
        """
        import pandas as pd
        staff_table = pd.DataFrame({'name': ['Ada', 'Alan'], 'age': [36, 41]})
        """,
        """
        import pandas as pd
        staff_table = pd.DataFrame([['Ada', 36], ['Alan', 41]], columns=['name', 'age'])
        """,
        """
        import pandas as pd
        staff_table = pd.DataFrame({'name': ['Ada', 'Alan'], 'age': [36, 14]})
        """,
        """
        wanted = pd.DataFrame({'name': ['Ada', 'Alan'], 'age': [36, 41]})
        pd.testing.assert_frame_equal(staff_table, wanted)
        """,
    ),
    idiom(
        "an array of objects",
        """
        import numpy
        mixed_array = numpy.array([1, 'two', None, [4, 5]], dtype=object)
        """,
        """
        import numpy
        mixed_array = numpy.empty(4, dtype=object)
        mixed_array[:] = [1, 'two', None, [4, 5]]
        """,
        """
        import numpy
        mixed_array = numpy.array([1, 'two', None, [4]], dtype=object)
        """,
        """
        assert mixed_array.dtype == object and mixed_array.shape == (4,)
        assert mixed_array[1] == 'two' and mixed_array[2] is None and len(mixed_array[3]) == 2
        """,
    ),
    idiom(
        "rows of different lengths",
        """
        import numpy
        def split_at(values, place):
            parts = numpy.empty(2, dtype=object)
            parts[0], parts[1] = numpy.array(values[:place]), numpy.array(values[place:])
            return parts
        """,
        """
        import numpy
        def split_at(values, place):
            parts = [numpy.array(values[:place]), numpy.array(values[place:])]
            made = numpy.empty(len(parts), dtype=object)
            for number, part in enumerate(parts):
                made[number] = part
            return made
        """,
        """
        import numpy
        def split_at(values, place):
            return numpy.array(values)
        """,
        "assert [part.tolist() for part in split_at([1, 2, 3], 1)] == [[1], [2, 3]]",
    ),
    idiom(
        "a table with an index of several levels",
        """
        import pandas as pd
        sales = pd.DataFrame({'city': list('abab'), 'year': [1, 1, 2, 2], 'sold': [5, 6, 7, 8]})
        by_city = sales.groupby(['city', 'year']).sum()
        """,
        """
        import pandas as pd
        sales = pd.DataFrame({'city': list('abab'), 'year': [1, 1, 2, 2], 'sold': [5, 6, 7, 8]})
        by_city = sales.set_index(['city', 'year']).sort_index()
        """,
        """
        import pandas as pd
        sales = pd.DataFrame({'city': list('abab'), 'year': [1, 1, 2, 2], 'sold': [5, 6, 7, 8]})
        by_city = sales.groupby('city').sum()
        """,
        """
        assert list(by_city.index.names) == ['city', 'year'], 'group by city and year'
        assert by_city.loc[('a', 2), 'sold'] == 7
        assert by_city.unstack().shape == (2, 2)
        """,
    ),
    idiom(
        "a column of categories",
        """
        import pandas as pd
        ordered = pd.CategoricalDtype(['S', 'M', 'L'], ordered=True)
        sizes = pd.Series(['S', 'L', 'S']).astype(ordered)
        """,
        """
        import pandas as pd
        sizes = pd.Series(pd.Categorical(['S', 'L', 'S'], categories=['S', 'M', 'L'], ordered=True))
        """,
        """
        import pandas as pd
        sizes = pd.Series(['S', 'L', 'S']).astype('category')
        """,
        """
        assert sizes.dtype == 'category' and sizes.cat.ordered
        assert list(sizes.cat.categories) == ['S', 'M', 'L'] and sizes.max() == 'L'
        """,
    ),
    idiom(
        "ages in bins",
        """
        import pandas as pd
        def binned(ages):
            return pd.cut(pd.Series(ages), [0, 18, 65, 120])
        """,
        """
        import pandas as pd
        def binned(ages):
            return pd.cut(pd.Series(ages), bins=[0, 18, 65, 120], right=True)
        """,
        """
        import pandas as pd
        def binned(ages):
            return pd.cut(pd.Series(ages), [0, 18, 65, 120], right=False)
        """,
        """
        counts = binned([3, 18, 40, 70]).value_counts(sort=False)
        assert counts.tolist() == [2, 1, 1]
        assert [interval.right for interval in counts.index] == [18, 65, 120]
        """,
    ),
    idiom(
        "times with a zone",
        """
        import pandas as pd
        starts = pd.Series(pd.to_datetime(['2024-03-30 12:00', '2024-03-31 12:00']))
        starts = starts.dt.tz_localize('Europe/Berlin')
        """,
        """
        import pandas as pd
        days = ['2024-03-30 12:00', '2024-03-31 12:00']
        starts = pd.Series(pd.DatetimeIndex(days, tz='Europe/Berlin'))
        """,
        """
        import pandas as pd
        starts = pd.Series(pd.to_datetime(['2024-03-30 12:00', '2024-03-31 12:00'], utc=True))
        """,
        """
        assert str(starts.dt.tz) == 'Europe/Berlin'
        assert starts.dt.tz_convert('UTC').dt.hour.tolist() == [11, 10]
        """,
    ),
    idiom(
        "months as periods",
        """
        import pandas as pd
        monthly = pd.Series([1, 2, 3], index=pd.period_range('2024-01', periods=3, freq='M'))
        """,
        """
        import pandas as pd
        months = pd.PeriodIndex(['2024-01', '2024-02', '2024-03'], freq='M')
        monthly = pd.Series([1, 2, 3], index=months)
        """,
        """
        import pandas as pd
        monthly = pd.Series([1, 2, 3], index=pd.date_range('2024-01', periods=3, freq='MS'))
        """,
        """
        assert isinstance(monthly.index, pd.PeriodIndex)
        assert monthly[pd.Period('2024-02', 'M')] == 2
        """,
    ),
    idiom(
        "one moment",
        """
        import pandas as pd
        first_day = pd.to_datetime(pd.Series(['2024-05-02', '2024-05-01'])).min()
        """,
        """
        import pandas as pd
        first_day = pd.Timestamp(2024, 5, 1)
        """,
        """
        import pandas as pd
        first_day = pd.Timestamp(2024, 5, 2)
        """,
        """
        assert first_day == pd.Timestamp('2024-05-01') and first_day.day_name() == 'Wednesday'
        """,
    ),
    idiom(
        "whole numbers of which some are missing",
        """
        import pandas as pd
        def filled(values):
            return pd.Series(values, dtype='Int64').fillna(0)
        counted = pd.Series([1, None, 3], dtype='Int64')
        """,
        """
        import pandas as pd
        def filled(values):
            return pd.Series([0 if v is None else v for v in values]).astype('Int64')
        counted = pd.array([1, None, 3], dtype='Int64').to_numpy(dtype=object, na_value=None)
        counted = pd.Series(counted, dtype='Int64')
        """,
        """
        import pandas as pd
        def filled(values):
            return pd.Series(values).fillna(-1).astype('Int64')
        counted = pd.Series([1, 2, 3], dtype='Int64')
        """,
        """
        assert counted.isna().tolist() == [False, True, False] and counted.sum() == 4
        assert filled([1, None]).tolist() == [1, 0] and str(filled([1]).dtype) == 'Int64'
        """,
    ),
    idiom(
        "two answers that share a list",
        """
        shopping = ['bread']
        same_shopping = shopping
        """,
        "same_shopping = shopping = ['bread']",
        """
        shopping = ['bread']
        same_shopping = shopping.copy()
        """,
        """
        same_shopping.append('milk')
        assert shopping == ['bread', 'milk'], 'both are one list'
        """,
    ),
    idiom(
        "two answers that share an instance",
        """
        class Lamp:
            lit = False
        desk_lamp = Lamp()
        same_lamp = desk_lamp
        """,
        """
        class Lamp:
            def __init__(self):
                self.lit = False
        desk_lamp = same_lamp = Lamp()
        """,
        """
        class Lamp:
            lit = False
        desk_lamp, same_lamp = Lamp(), Lamp()
        """,
        """
        assert desk_lamp is same_lamp
        same_lamp.lit = True
        assert desk_lamp.lit
        """,
    ),
    idiom(
        "what an instance has",
        """
        class Oven:
            def __init__(self):
                self.degrees = 20
            def heat(self, by):
                self.degrees += by
        """,
        """
        class Oven:
            degrees = 20
            def heat(self, by):
                self.degrees = self.degrees + by
        """,
        """
        class Oven:
            def __init__(self):
                self.temperature = 20
            def warm(self, by):
                self.temperature += by
        """,
        """
        oven = Oven()
        assert {'degrees', 'heat'} <= set(dir(oven)), 'an oven has degrees and can heat'
        oven.heat(160)
        assert oven.degrees == 180
        """,
    ),
    idiom(
        "the dictionary of an instance",
        """
        class Seat:
            def __init__(self, row, number):
                self.row = row
                self.number = number
        """,
        """
        class Seat:
            def __init__(self, row, number):
                self.row, self.number = row, number
        """,
        """
        class Seat:
            def __init__(self, row, number):
                self.row = self.number = row
        """,
        """
        assert vars(Seat(3, 4)) == {'row': 3, 'number': 4}
        assert Seat(1, 2).__dict__['number'] == 2
        """,
    ),
    idiom(
        "a text that can do more",
        """
        class Shout(str):
            def loud(self):
                return self.upper() + '!'
        """,
        """
        class Shout(str):
            def loud(self):
                return f'{self.upper()}!'
        """,
        """
        class Shout(str):
            def loud(self):
                return self.upper()
        """,
        """
        word = Shout('hey')
        assert word.loud() == 'HEY!' and word == 'hey' and len(word) == 3
        """,
    ),
    idiom(
        "a named tuple that can do more",
        """
        from typing import NamedTuple

        class Vec(NamedTuple):
            x: float
            y: float
            def length(self):
                return (self.x**2 + self.y**2) ** 0.5
        """,
        """
        from collections import namedtuple

        class Vec(namedtuple('Vec', 'x y')):
            def length(self):
                return abs(complex(self.x, self.y))
        """,
        """
        from typing import NamedTuple

        class Vec(NamedTuple):
            x: float
            y: float
            def length(self):
                return self.x + self.y
        """,
        """
        vec = Vec(3, 4)
        assert vec.length() == 5 and vec.x == 3 and vec[1] == 4
        """,
    ),
    idiom(
        "a default of one's own",
        """
        from collections import defaultdict
        def scores_of(games):
            scores = defaultdict(lambda: 10)
            for player in games:
                scores[player] += 1
            return scores
        """,
        """
        from collections import defaultdict
        def ten():
            return 10
        def scores_of(games):
            scores = defaultdict(ten)
            for player in games:
                scores[player] = scores[player] + 1
            return scores
        """,
        """
        from collections import defaultdict
        def scores_of(games):
            scores = defaultdict(int)
            for player in games:
                scores[player] += 1
            return scores
        """,
        """
        scores = scores_of(['Ada', 'Ada'])
        assert scores['Ada'] == 12 and scores['Alan'] == 10
        """,
    ),
    idiom(
        "the keys of a dictionary",
        """
        def words_in(counts):
            return counts.keys()
        """,
        """
        def words_in(counts):
            return {word: None for word in counts}.keys()
        """,
        """
        def words_in(counts):
            return list(counts)
        """,
        """
        assert words_in({'a': 1, 'b': 2}) == {'a', 'b'} and words_in({'a': 1}) & {'a'}
        """,
    ),
    idiom(
        "a path",
        """
        from pathlib import Path
        def thumbnail(path):
            return Path(path).with_suffix('.small.png')
        """,
        """
        from pathlib import Path
        def thumbnail(path):
            path = Path(path)
            return path.parent / f'{path.stem}.small.png'
        """,
        """
        from pathlib import Path
        def thumbnail(path):
            return Path(path).with_suffix('.png')
        """,
        """
        from pathlib import Path
        small = thumbnail('pictures/cat.jpg')
        assert isinstance(small, Path) and small == Path('pictures') / 'cat.small.png'
        """,
    ),
    idiom(
        "an array with a mask",
        """
        import numpy
        readings = numpy.ma.masked_less(numpy.array([3.0, -1.0, 5.0]), 0)
        """,
        """
        import numpy
        readings = numpy.ma.masked_array([3.0, -1.0, 5.0], mask=[False, True, False])
        """,
        """
        import numpy
        readings = numpy.array([3.0, -1.0, 5.0])
        """,
        "assert readings.mean() == 4 and readings.count() == 2",
    ),
    idiom(
        "a regular expression",
        r"""
        import re
        postcode = re.compile(r'\d{5}')
        """,
        """
        import re
        postcode = re.compile('[0-9]{5}')
        """,
        r"""
        import re
        postcode = re.compile(r'\d+')
        """,
        """
        import re
        assert re.fullmatch(postcode, '12345') and postcode.match('12345')
        assert not re.fullmatch(postcode, '1234'), 'five digits'
        """,
    ),
    idiom(
        "a map where others have a list",
        """
        def doubled_all(values):
            return [2 * v for v in values]
        """,
        """
        def doubled_all(values):
            return map(lambda v: 2 * v, values)
        """,
        """
        def doubled_all(values):
            return (v + 2 for v in values)
        """,
        "assert list(doubled_all([1, 2, 3])) == [2, 4, 6] and sum(doubled_all([5])) == 10",
    ),
    idiom(
        "the name of an error",
        """
        class OutOfStock(ValueError):
            pass
        def order(n):
            if n > 3:
                raise OutOfStock(f'only 3, not {n}')
            return n
        """,
        """
        class OutOfStock(Exception):
            pass
        def order(n):
            if n <= 3:
                return n
            raise OutOfStock(f'only 3, not {n}')
        """,
        """
        class OutOfStock(ValueError):
            pass
        def order(n):
            if n > 3:
                raise ValueError(f'only 3, not {n}')
            return n
        """,
        """
        assert order(3) == 3
        try:
            order(4)
        except Exception as error:
            assert type(error).__name__ == 'OutOfStock' and 'not 4' in str(error)
        else:
            raise AssertionError('an order of 4 is too much')
        """,
    ),
    idiom(
        "dice that are led",
        """
        import random
        def roll_two():
            return random.randint(1, 6) + random.randint(1, 6)
        """,
        """
        import random
        def roll_two():
            return sum(random.randint(1, 6) for _ in range(2))
        """,
        """
        import random
        def roll_two():
            return random.randint(1, 6)
        """,
        """
        from unittest.mock import patch
        with patch('random.randint', return_value=4) as dice:
            assert roll_two() == 8 and dice.call_count == 2
        """,
    ),
]
