"""Tests that use classes and instances."""

from __future__ import annotations

from tests.same_scores.idioms.idiom import idiom

CLASSES = [
    idiom(
        "attributes and methods",
        """
        class Account:
            def __init__(self, owner, balance=0):
                self.owner = owner
                self.balance = balance
            def deposit(self, amount):
                self.balance += amount
        """,
        """
        class Account:
            balance = 0
            def __init__(self, owner, balance=0):
                self.owner, self.balance = owner, balance
            def deposit(self, amount):
                self.balance = self.balance + amount
                return self.balance
        """,
        """
        class Account:
            def __init__(self, owner, balance=0):
                self.owner = owner
                self.balance = balance
            def deposit(self, amount):
                self.balance = amount
        """,
        """
        account = Account('Ada', 10)
        assert account.owner == 'Ada'
        account.deposit(5)
        assert account.balance == 15
        """,
    ),
    idiom(
        "repr and str",
        """
        class Point:
            def __init__(self, x, y):
                self.x, self.y = x, y
            def __repr__(self):
                return f'Point({self.x}, {self.y})'
        """,
        """
        class Point:
            def __init__(self, x, y):
                self.coordinates = (x, y)
            def __repr__(self):
                return 'Point' + repr(self.coordinates)
        """,
        """
        class Point:
            def __init__(self, x, y):
                self.x, self.y = x, y
        """,
        """
        assert repr(Point(1, 2)) == 'Point(1, 2)'
        assert str(Point(0, 0)) == 'Point(0, 0)'
        """,
    ),
    idiom(
        "operators",
        """
        class Vector:
            def __init__(self, *parts):
                self.parts = tuple(parts)
            def __add__(self, other):
                return Vector(*(a + b for a, b in zip(self.parts, other.parts)))
            def __eq__(self, other):
                return self.parts == other.parts
            def __len__(self):
                return len(self.parts)
            def __getitem__(self, place):
                return self.parts[place]
            def __mul__(self, factor):
                return Vector(*(factor * a for a in self.parts))
        """,
        """
        class Vector:
            def __init__(self, *parts):
                self.parts = list(parts)
            def __add__(self, other):
                return Vector(*[self[i] + other[i] for i in range(len(self))])
            def __eq__(self, other):
                return isinstance(other, Vector) and self.parts == other.parts
            def __len__(self):
                return len(self.parts)
            def __getitem__(self, place):
                return self.parts[place]
            def __mul__(self, factor):
                return Vector(*[a * factor for a in self])
        """,
        """
        class Vector:
            def __init__(self, *parts):
                self.parts = tuple(parts)
            def __add__(self, other):
                return Vector(*self.parts, *other.parts)
            def __eq__(self, other):
                return self.parts == other.parts
            def __len__(self):
                return len(self.parts)
            def __getitem__(self, place):
                return self.parts[place]
            def __mul__(self, factor):
                return self
        """,
        """
        assert Vector(1, 2) + Vector(3, 4) == Vector(4, 6)
        assert len(Vector(1, 2, 3)) == 3 and Vector(5, 6)[1] == 6
        assert Vector(1, 2) * 3 == Vector(3, 6)
        """,
    ),
    idiom(
        "inheritance",
        """
        class Shape:
            def area(self):
                raise NotImplementedError
        class Square(Shape):
            def __init__(self, side):
                self.side = side
            def area(self):
                return self.side**2
        """,
        """
        import abc
        class Shape(abc.ABC):
            @abc.abstractmethod
            def area(self): ...
        class Square(Shape):
            def __init__(self, side):
                super().__init__()
                self.side = side
            def area(self):
                return self.side * self.side
        """,
        """
        class Shape:
            def area(self):
                raise NotImplementedError
        class Square:
            def __init__(self, side):
                self.side = side
            def area(self):
                return self.side**2
        """,
        """
        assert issubclass(Square, Shape)
        square = Square(3)
        assert isinstance(square, Shape) and square.area() == 9
        """,
    ),
    idiom(
        "a property that refuses",
        """
        class Thermometer:
            def __init__(self, celsius):
                self.celsius = celsius
            @property
            def celsius(self):
                return self._celsius
            @celsius.setter
            def celsius(self, value):
                if value < -273.15:
                    raise ValueError('too cold')
                self._celsius = value
        """,
        """
        class Thermometer:
            def __init__(self, celsius):
                self.celsius = celsius
            def __setattr__(self, name, value):
                if name == 'celsius' and value < -273.15:
                    raise ValueError(value)
                super().__setattr__(name, value)
        """,
        """
        class Thermometer:
            def __init__(self, celsius):
                self.celsius = celsius
        """,
        """
        meter = Thermometer(20)
        meter.celsius = 30
        assert meter.celsius == 30
        try:
            meter.celsius = -300
            assert False, 'too cold'
        except ValueError:
            pass
        """,
    ),
    idiom(
        "class and static methods",
        """
        class Money:
            def __init__(self, cents):
                self.cents = cents
            @classmethod
            def parse(cls, text):
                return cls(round(float(text) * 100))
            @staticmethod
            def currency():
                return 'EUR'
        """,
        """
        class Money:
            def __init__(self, cents):
                self.cents = cents
            @staticmethod
            def parse(text):
                whole, _, part = text.partition('.')
                return Money(100 * int(whole) + int(part or 0))
            @classmethod
            def currency(cls):
                return 'EUR'
        """,
        """
        class Money:
            def __init__(self, cents):
                self.cents = cents
            @classmethod
            def parse(cls, text):
                return cls(float(text))
            @staticmethod
            def currency():
                return 'EUR'
        """,
        """
        assert Money.parse('12.34').cents == 1234
        assert Money.currency() == 'EUR'
        """,
    ),
    idiom(
        "a data class",
        """
        from dataclasses import dataclass
        @dataclass
        class Card:
            suit: str
            rank: int = 1
        """,
        """
        class Card:
            def __init__(self, suit, rank=1):
                self.suit, self.rank = suit, rank
            def __eq__(self, other):
                return (self.suit, self.rank) == (other.suit, other.rank)
        """,
        """
        class Card:
            def __init__(self, suit, rank=1):
                self.suit, self.rank = suit, rank
        """,
        """
        assert Card('hearts', 3) == Card('hearts', 3)
        assert Card('spades').rank == 1
        """,
    ),
    idiom(
        "instances that hold each other",
        """
        class Node:
            def __init__(self, value, next=None):
                self.value = value
                self.next = next
        def linked(values):
            head = None
            for value in reversed(values):
                head = Node(value, head)
            return head
        """,
        """
        class Node:
            def __init__(self, value, next=None):
                self.value, self.next = value, next
        def linked(values):
            return Node(values[0], linked(values[1:])) if values else None
        """,
        """
        class Node:
            def __init__(self, value, next=None):
                self.value = value
                self.next = next
        def linked(values):
            head = None
            for value in values:
                head = Node(value, head)
            return head
        """,
        """
        seen, node = [], linked([1, 2, 3])
        while node is not None:
            seen.append(node.value)
            node = node.next
        assert seen == [1, 2, 3]
        """,
    ),
    idiom(
        "an iterator",
        """
        class Steps:
            def __init__(self, n):
                self.n = n
            def __iter__(self):
                return iter(range(self.n))
        """,
        """
        class Steps:
            def __init__(self, n):
                self.n, self.i = n, -1
            def __iter__(self):
                self.i = -1
                return self
            def __next__(self):
                self.i += 1
                if self.i >= self.n:
                    raise StopIteration
                return self.i
        """,
        """
        class Steps:
            def __init__(self, n):
                self.n = n
            def __iter__(self):
                return iter(range(1, self.n + 1))
        """,
        """
        assert [step for step in Steps(3)] == [0, 1, 2]
        assert sum(Steps(4)) == 6
        """,
    ),
    idiom(
        "a context manager",
        """
        class Recorder:
            def __init__(self):
                self.events = []
            def __enter__(self):
                self.events.append('in')
                return self
            def __exit__(self, *error):
                self.events.append('out')
        """,
        """
        class Recorder:
            def __init__(self):
                self.events = []
            def __enter__(self):
                self.events += ['in']
                return self
            def __exit__(self, kind, value, trace):
                self.events += ['out']
                return False
        """,
        """
        class Recorder:
            def __init__(self):
                self.events = []
            def __enter__(self):
                self.events.append('in')
                return self
            def __exit__(self, *error):
                pass
        """,
        """
        with Recorder() as recorder:
            assert recorder.events == ['in']
        assert recorder.events == ['in', 'out']
        """,
    ),
    idiom(
        "a stack of containers",
        """
        class Stack:
            def __init__(self):
                self._items = []
            def push(self, item):
                self._items.append(item)
            def pop(self):
                return self._items.pop()
            def __len__(self):
                return len(self._items)
            def __contains__(self, item):
                return item in self._items
        """,
        """
        from collections import deque
        class Stack(deque):
            push = deque.append
        """,
        """
        class Stack:
            def __init__(self):
                self._items = []
            def push(self, item):
                self._items.append(item)
            def pop(self):
                return self._items.pop(0)
            def __len__(self):
                return len(self._items)
            def __contains__(self, item):
                return item in self._items
        """,
        """
        stack = Stack()
        for letter in 'abc':
            stack.push(letter)
        assert len(stack) == 3 and 'b' in stack
        assert stack.pop() == 'c' and stack.pop() == 'b'
        assert not len(stack) == 2
        try:
            Stack().pop()
            assert False, 'an empty stack'
        except IndexError:
            pass
        """,
    ),
    idiom(
        "a callable instance",
        """
        class Line:
            def __init__(self, slope, start):
                self.slope, self.start = slope, start
            def __call__(self, x):
                return self.slope * x + self.start
        """,
        """
        class Line:
            def __init__(self, slope, start):
                self.line = lambda x: start + slope * x
            def __call__(self, x):
                return self.line(x)
        """,
        """
        class Line:
            def __init__(self, slope, start):
                self.slope, self.start = slope, start
            def __call__(self, x):
                return self.slope * x
        """,
        """
        line = Line(2, 1)
        assert callable(line) and [line(x) for x in (0, 1)] == [1, 3]
        """,
    ),
    idiom(
        "instances that can be ordered",
        """
        from functools import total_ordering
        @total_ordering
        class Version:
            def __init__(self, text):
                self.parts = tuple(int(p) for p in text.split('.'))
            def __eq__(self, other):
                return self.parts == other.parts
            def __lt__(self, other):
                return self.parts < other.parts
        """,
        """
        class Version(tuple):
            def __new__(cls, text):
                return super().__new__(cls, map(int, text.split('.')))
        """,
        """
        class Version:
            def __init__(self, text):
                self.text = text
            def __eq__(self, other):
                return self.text == other.text
            def __lt__(self, other):
                return self.text < other.text
            def __gt__(self, other):
                return self.text > other.text
        """,
        """
        assert Version('1.10') > Version('1.9')
        assert sorted([Version('2.0'), Version('1.1')])[0] == Version('1.1')
        """,
    ),
    idiom(
        "a module class of the learner",
        """
        from torch import nn
        class TwoLayers(nn.Module):
            def __init__(self, inputs, hidden, outputs):
                super().__init__()
                self.first = nn.Linear(inputs, hidden)
                self.second = nn.Linear(hidden, outputs)
            def forward(self, x):
                return self.second(self.first(x).relu())
        """,
        """
        import torch
        from torch import nn
        class TwoLayers(nn.Module):
            def __init__(self, inputs, hidden, outputs):
                super().__init__()
                self.body = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU())
                self.head = nn.Linear(hidden, outputs)
            def forward(self, x):
                return self.head(self.body(x))
        """,
        """
        from torch import nn
        class TwoLayers(nn.Module):
            def __init__(self, inputs, hidden, outputs):
                super().__init__()
                self.first = nn.Linear(inputs, hidden, bias=False)
                self.second = nn.Linear(hidden, outputs)
            def forward(self, x):
                return self.second(self.first(x).relu())
        """,
        """
        import torch
        net = TwoLayers(3, 5, 2)
        assert isinstance(net, torch.nn.Module)
        assert sum(p.numel() for p in net.parameters()) == 32
        assert net(torch.zeros(7, 3)).shape == (7, 2)
        """,
    ),
    idiom(
        "an enumeration",
        """
        from enum import Enum
        class Colour(Enum):
            RED = 1
            GREEN = 2
        """,
        """
        from enum import Enum
        Colour = Enum('Colour', ['RED', 'GREEN'])
        """,
        """
        from enum import Enum
        class Colour(Enum):
            RED = 0
            GREEN = 1
        """,
        """
        assert Colour.RED.value == 1
        assert Colour(2) is Colour.GREEN
        assert len(Colour) == 2
        """,
    ),
    idiom(
        "an instance left behind",
        """
        class Robot:
            def __init__(self):
                self.position = [0, 0]
            def move(self, dx, dy):
                self.position[0] += dx
                self.position[1] += dy
        my_robot = Robot()
        my_robot.move(2, 3)
        """,
        """
        class Robot:
            def __init__(self, at=(0, 0)):
                self.position = list(at)
            def move(self, dx, dy):
                self.position = [self.position[0] + dx, self.position[1] + dy]
        my_robot = Robot()
        my_robot.move(1, 1)
        my_robot.move(1, 2)
        """,
        """
        class Robot:
            def __init__(self):
                self.position = [0, 0]
            def move(self, dx, dy):
                self.position[0] += dx
                self.position[1] += dy
        my_robot = Robot()
        """,
        """
        assert hasattr(my_robot, 'position')
        assert my_robot.position == [2, 3]
        my_robot.move(-2, 0)
        assert my_robot.position[0] == 0
        """,
    ),
    idiom(
        "an error class of the learner",
        """
        class TooExpensive(Exception):
            pass
        def buy(price, purse):
            if price > purse:
                raise TooExpensive(price)
            return purse - price
        """,
        """
        class TooExpensive(ValueError):
            pass
        def buy(price, purse):
            rest = purse - price
            if rest < 0:
                raise TooExpensive('no')
            return rest
        """,
        """
        class TooExpensive(Exception):
            pass
        def buy(price, purse):
            return purse - price
        """,
        """
        assert buy(3, 5) == 2
        try:
            buy(5, 3)
        except TooExpensive:
            pass
        else:
            raise AssertionError('too expensive, and bought')
        """,
    ),
    idiom(
        "a class derived by the test",
        """
        class Animal:
            def speak(self):
                return f'{self.name()} says {self.sound()}'
            def name(self):
                return type(self).__name__
        """,
        """
        class Animal:
            def name(self):
                return self.__class__.__name__
            def speak(self):
                return ' says '.join([self.name(), self.sound()])
        """,
        """
        class Animal:
            def speak(self):
                return 'Animal says nothing'
        """,
        """
        class Dog(Animal):
            def sound(self):
                return 'woof'
        assert Dog().speak() == 'Dog says woof'
        """,
    ),
]
