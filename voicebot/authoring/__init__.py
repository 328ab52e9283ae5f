"""Dialogs as their authors write them: YAML files that are read, checked and compiled to Bot Framework dialogs.

From the ground up, where each imports only what stands above it:

=========================================  =============================================================================
``document``, ``problems``                 YAML with positions; what is wrong, where, and how to mend it
``expressions``, ``template``              conditions, values, and texts with gaps; ``operations`` is what they compute
``speaking``, ``exact``, ``as_written``    values in words, for the ear and for the eye; as an author writes them
``understanding/``                         what callers mean by their words, in each language
``model/``, ``walking``                    the words of a file that are not steps; finding things in any part of a file
``answers/``                               the kinds of answers to a question, one file each
``wording``, ``script``                    prompts and all other texts of a dialog, compiled for one language
``channel``, ``turn``                      what a step is given while it runs
``steps/``                                 the steps, one file each
``loader``, ``links``, ``checks/``         a folder is read, and everything is found that may be wrong with it
``flow``, ``call_dialog``, ``compiler``    the steps run, as dialogs of the Bot Framework
``graph``, ``layout``, ``picture``         the call flow as a picture
``transcripts``, ``talk``, ``rehearsal``   the tests that authors write; ``stage`` plays them for a call by voice
=========================================  =============================================================================

Rules that hold here:

* The faults of a file are collected, each with line, column and mend; reading never raises.
* Nothing in a file is ever run as Python: expressions are a small language of their own, bounded in time and size.
* What a call keeps is plain JSON, so it goes on where it was when the dialog host was killed.
* A dialog never raises for what a caller says or presses, and never runs in circles.
"""

__all__: list[str] = []
