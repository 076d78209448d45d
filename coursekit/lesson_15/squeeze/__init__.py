"""A network in as few bytes as possible, and back: coders, and the file of the capstone.

- `entropy`: how few bits a code for one symbol after the other can need;
- `huffman`: the best code that spends whole bits on a symbol;
- `coder`: adaptive binary arithmetic coding, which spends fractions of a bit, with contexts mixed;
- `predict`: which contexts tell something about a weight;
- `container`: the file, `write` and `read`.
"""
