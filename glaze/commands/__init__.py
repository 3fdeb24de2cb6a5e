"""The command line, one file a command: `add` brings its options to the parser, `run` carries it out.

answers.py    the exit codes, and what every command says first
host.py       what the commands of a host of the service have in common
options.py    the options that become settings
tell.py       what is told of a picture, to people and to programs
watch.py      the bar, and Ctrl-C
"""
