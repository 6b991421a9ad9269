"""Exit codes: what a script can tell from how a command ended."""

from __future__ import annotations

#: The work is done.
DONE = 0
#: The input or the disk was refused; one sentence on stderr says why.
BAD_INPUT = 1
#: The command line was wrong, or the output's name is taken.
BAD_USAGE = 2
#: The work is done and the answer is no: no heart was found, or no aorta could be measured.
VERDICT_NO = 3
#: Somebody pressed Ctrl-C; nothing was left behind.
INTERRUPTED = 130
#: Somebody ended the process (SIGTERM); nothing was left behind.
TERMINATED = 143

#: One line each, for the help page.
MEANINGS = {
    DONE: "done",
    BAD_INPUT: "the input or the disk was refused: one sentence says why and what to do",
    BAD_USAGE: "wrong use of the command, or the output's name is taken",
    VERDICT_NO: "done, and the answer is no: no heart found, or no aorta that could be measured",
    INTERRUPTED: "stopped by Ctrl-C; nothing is left behind",
    TERMINATED: "ended from outside (SIGTERM); nothing is left behind",
}
