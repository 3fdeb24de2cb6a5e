# Read (.) by launch.sh, scripts/check and scripts/test: which Python runs Glaze.

# Packages of the person's own account or another program's settings must not mix with Glaze's environment.
export PYTHONNOUSERSITE=1 PYTHONUTF8=1
unset PYTHONHOME PYTHONPATH

# Prints a Python that can make the environment. A name is not enough: version managers leave stubs behind, and Debian
# leaves venv out.
find_python() {
    for name in python3.13 python3.12 python3.11 python3 python; do
        # The Finder starts programs without the usual folders.
        found=$(PATH=$PATH:/opt/homebrew/bin:/usr/local/bin; command -v "$name") || continue
        # Apple's own is too old, or a window that asks to install developer tools.
        [ "$found" = /usr/bin/python3 ] && [ "$(uname -s)" = Darwin ] && continue
        if "$found" -I -c 'import ensurepip, ssl, sys, venv
sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1; then
            printf '%s\n' "$found"
            return 0
        fi
    done
    cat >&2 <<'WORDS'
Glaze needs Python 3.11, 3.12 or 3.13, and found none that works.
  On a Mac: install Python 3.12 from python.org.
  On Debian or Ubuntu: sudo apt install python3 python3-venv
  On Fedora: sudo dnf install python3.12
Then start Glaze again.
WORDS
    return 1
}

# glaze_python FOLDER [--dev]: prints the Python of FOLDER/.venv; makes or completes that first where needed.
glaze_python() {
    folder=$1
    shift
    own=$folder/.venv/bin/python
    if ! "$own" -I "$folder/scripts/install.py" --check "$@" >/dev/null 2>&1; then
        base=$(find_python) || return 1
        "$base" -I "$folder/scripts/install.py" "$@" >&2 || return 1
    fi
    printf '%s\n' "$own"
}
