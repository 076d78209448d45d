#!/bin/sh
# What the targets of the Makefile need before they can run:
#   setup.sh venv            .venv with what learners need
#   setup.sh venv teach      with what grading needs too
#   setup.sh venv dev        with the tools of authors too
#   setup.sh doctor          what is missing before there is a .venv
#   setup.sh python 3.12     where that Python is, if it is on this machine
#   setup.sh chromium        a browser for the browser tests
#   setup.sh firefox         another one
#   setup.sh bubblewrap      the sandbox in which submissions run
#   setup.sh postgresql      a server for the tests of a gradebook on one
#   setup.sh fashion-mnist   the original files that `make data` reads
#   setup.sh constraints     every package's version, as the newest that pyproject.toml allows
set -eu
cd "$(dirname "$0")/.."
python=.venv/bin/python

stop() {
    echo "$1" >&2
    exit 1
}

works() { "$@" >/dev/null 2>&1; }

# Gigabytes: where PyTorch comes for graphics cards, as it may on Linux, 4.5 of them are for these.
if [ "$(uname -s)" = Linux ]; then NEEDED=8; else NEEDED=3; fi

# A command may be on the PATH and still not run: pyenv has shims for versions it does not have.
suitable='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python}; do
        if works "$candidate" -c "$suitable"; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    return 1
}

make_venv() {
    if works "$python" -c "$suitable"; then return; fi
    rm -rf .venv
    if found=$(find_python); then
        if works uv --version; then
            uv venv --quiet --python "$found" .venv
        elif works "$found" -c 'import ensurepip, venv'; then
            "$found" -m venv .venv
        else
            stop "Python's venv module is missing. On Debian and Ubuntu: apt-get install python3-venv"
        fi
    elif [ -z "${PYTHON:-}" ] && works uv --version; then
        uv venv --quiet --python '>=3.11,<3.14' .venv # uv brings a Python of its own.
    else
        stop "Python 3.11, 3.12 or 3.13 is missing${PYTHON:+: $PYTHON is none of them}. Install one, or uv, which brings its own."
    fi
}

install() { # the course, with the extras named in $1: all of these ask for the grader
    say_what_comes
    if works uv --version; then
        with_uv uv "$1" || no_luck
        return
    fi
    works "$python" -m pip --version || "$python" -m ensurepip --upgrade >/dev/null
    # uv installs many times as fast; where it can't be had, or can't do it, pip does.
    if works .venv/bin/uv --version || works "$python" -m pip install uv; then
        if with_uv .venv/bin/uv "$1"; then return; fi
        echo "uv could not install it. Trying pip."
    fi
    "$python" -m pip install --quiet --constraint constraints.txt ${1:+--editable ./grader} --editable ".$1" || no_luck
}

# Before anything is fetched; where PyTorch lies there already, or in uv's cache, little comes.
say_what_comes() {
    for there in .venv/lib/python3.*/site-packages/torch \
        "${UV_CACHE_DIR:-$HOME/.cache/uv}"/archive-v0/*/torch; do
        [ ! -d "$there" ] || return 0
    done
    if [ "$(gigabytes_free)" -lt "$NEEDED" ]; then
        stop "$(no_room)"
    fi
    echo "Installing into .venv: up to $NEEDED GB, most of it PyTorch and TensorFlow, in one to ten minutes."
}

no_room() { echo "This disk has $(gigabytes_free) GB left, and the course needs $NEEDED. Make room, then try again."; }

with_uv() {
    # Across file systems uv can't link to its cache: it warns, and copies. Copy at once, then.
    cache=$("$1" cache dir)
    mkdir -p "$cache"
    if [ "$(df -P "$cache" | tail -n 1)" != "$(df -P . | tail -n 1)" ]; then
        export UV_LINK_MODE="${UV_LINK_MODE:-copy}"
    fi
    if for_no_card "$1" "$2"; then return; fi
    "$1" pip install --python "$python" --constraint constraints.txt ${2:+--editable ./grader} --editable ".$2"
}

# torch for Linux on x86-64 comes with 4.5 GB for graphics cards, which the course does not use.
# PyTorch's own index has it without; uv knows where that is.
for_no_card() {
    [ "$(uname -sm)" = "Linux x86_64" ] && [ ! -e /proc/driver/nvidia/version ] || return 1
    [ -z "${UV_TORCH_BACKEND:-}" ] || return 1
    for there in .venv/lib/python3.*/site-packages/torch; do [ ! -d "$there" ] || return 1; done
    if UV_HTTP_RETRIES=0 works "$1" pip install --python "$python" --constraint constraints.txt \
        --torch-backend cpu ${2:+--editable ./grader} --editable ".$2"; then return; fi
    echo "PyTorch's index can't be reached for the smaller build: the one for graphics cards comes, 4.5 GB more."
    return 1
}

gigabytes_free() { df -Pk . | awk 'NR == 2 { printf "%d", $4 / 1048576 }'; }

no_luck() {
    if [ "$(gigabytes_free)" -lt 1 ]; then
        stop "$(no_room)"
    fi
    stop "The packages could not be installed. The lines above say why; most often there is no network. Then try again: what was fetched is kept."
}

# Jupyter's own news would lie over the notebook and ask a question at every learner's first start.
no_news() {
    mkdir -p .venv/share/jupyter/lab/settings
    echo '{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}' \
        >.venv/share/jupyter/lab/settings/overrides.json
}

# What is not compiled now is compiled at each start where Python may write nothing: in the sandbox of
# the grader, and on machines that ask Python to write nothing. This is to be written all the same.
# What lessons and tools import, side by side; TensorFlow by itself, since it does not get on with others.
compile_imports() {
    echo "Compiling what lessons and tools import: about half a minute, this once."
    compile_import 'IPython, matplotlib.pyplot, torch._dynamo, coursekit.learn.widgets'
    compile_import 'coursekit.nets.tensorflow, ai_edge_litert.interpreter'
    compile_import 'torchao.quantization, torchvision, torch_pruning'
    compile_import 'jupyterlab.labapp, ipykernel.kernelapp'
    if [ -n "${1:-}" ]; then compile_import 'grader.host.cli, grader.host.batch, grader.sandboxed.codec.families.modules, grader.sandboxed.zygote, nbgrader.apps'; fi
    if [ "${1:-}" = dev ]; then compile_import 'authoring.cli, hypothesis, nbval.plugin, playwright.sync_api, pytest, xdist'; fi
    wait
    PYTHONDONTWRITEBYTECODE='' "$python" -m compileall -q coursekit ${1:+grader authoring}
}

compile_import() { PYTHONDONTWRITEBYTECODE='' "$python" -c "import $1" 2>/dev/null & }

apt_install() {
    [ "$(id -u)" = 0 ] && works command -v apt-get || return 1
    echo "Installing $1 with apt-get."
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes "$1"; } >/dev/null
}

case "${1:-}" in
venv)
    make_venv
    install "${2:+[$2]}"
    no_news
    compile_imports "${2:-}"
    ;;
doctor)
    if found=$(find_python); then echo "ok  Python: $found"; else echo "no  Python 3.11, 3.12 or 3.13: install one, or uv, which brings its own."; fi
    echo "ok  $(gigabytes_free) GB free here; the course needs $NEEDED"
    echo "no  The course is not installed yet: make lab"
    ;;
python)
    for candidate in "python$2" "$(PYENV_VERSION=$(pyenv latest "$2" 2>/dev/null) pyenv which "python$2" 2>/dev/null)"; do
        if works "$candidate" -c ''; then
            "$candidate" -c 'import sys; print(sys.executable)'
            exit
        fi
    done
    uv python find "$2" 2>/dev/null
    ;;
chromium)
    for browser in chromium chromium-browser google-chrome; do
        if works "$browser" --version; then exit; fi
    done
    apt_install chromium || echo "Chromium is missing: browser tests are skipped. Install the package chromium to run them."
    ;;
firefox)
    works firefox --version || works firefox-esr --version || apt_install firefox-esr ||
        echo "Firefox is missing: its test is skipped. Install the package firefox-esr to run it."
    ;;
bubblewrap)
    works bwrap --version || apt_install bubblewrap ||
        echo "The sandbox for submissions is missing: grading refuses, and its tests are skipped. Install the package bubblewrap."
    ;;
postgresql)
    for place in /usr/lib/postgresql/*/bin/; do
        if works "${place}postgres" --version; then exit; fi
    done
    works postgres --version || apt_install postgresql ||
        echo "PostgreSQL is missing: tests of a gradebook on a server are skipped. Install the package postgresql to run them."
    ;;
fashion-mnist)
    [ -d /usr/share/datasets/fashion-mnist ] || apt_install dataset-fashion-mnist ||
        stop "Fashion-MNIST is missing: install Debian's package dataset-fashion-mnist."
    ;;
constraints)
    if works uv --version; then uv=uv; else uv=.venv/bin/uv; fi
    works $uv --version || stop "uv is missing: pip install uv"
    echo './grader[cluster,postgresql]' |
        $uv pip compile --quiet --universal --python-version 3.11 --upgrade --no-header --no-annotate \
            --no-emit-package fewer-bits-grader --extra dev --output-file constraints.txt pyproject.toml -
    ;;
*)
    sed -n '2,14s/^# \{0,1\}//p' "$0"
    exit 1
    ;;
esac
