"""Audio files beside the dialogs: where they are, and whether they can be played."""

from __future__ import annotations

from pathlib import Path

from voicebot.regular_files import FileTooLarge, read_regular_file


class SoundError(ValueError):
    """What is wrong with a file. ``mend``: what its author can do."""

    def __init__(self, message: str, mend: str) -> None:
        super().__init__(message)
        self.mend = mend


def is_remote(audio: str) -> bool:
    """Whether a prompt's ``audio`` is an address, not a file."""
    return audio.startswith(("https://", "http://"))


def sound_file(audio: str, dialog_file: Path, folder: Path) -> Path:
    """The file that a prompt of ``dialog_file`` means. Raises :class:`SoundError` when it cannot be played."""
    # Only here: what computes with samples takes 13 MB of a dialog host, and most dialogs have no such files.
    from voicebot.audio.riff import MAX_PLAYED_BYTES, MAX_PLAYED_S, read_wave

    root = folder.resolve()
    path = (dialog_file.resolve().parent / audio).resolve()
    if not path.is_relative_to(root):
        raise SoundError(f"{audio!r} is not in {folder.name}/", "put it beside the dialogs")
    try:
        wave = read_wave(read_regular_file(path, MAX_PLAYED_BYTES))
    except FileTooLarge as error:
        raise SoundError(
            f"{audio!r} has more than {MAX_PLAYED_BYTES} bytes", "save it with 8000 or 16000 Hz, mono"
        ) from error
    except OSError as error:
        raise SoundError(f"there is no file {audio!r}", f"put it into {path.parent.name}/") from error
    except ValueError as error:
        raise SoundError(f"{audio!r}: {error}", "save it as WAV, PCM of 16 bits") from error
    if wave.seconds > MAX_PLAYED_S:
        raise SoundError(f"{audio!r} takes {wave.seconds:.0f} s", f"nobody listens for more than {MAX_PLAYED_S:.0f} s")
    return path
