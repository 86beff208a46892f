"""Which layer of a model an error came from: `in model.features[3]: Linear(in_features=3, out_features=2, bias=True)`.

An error passes through the call of every module around the layer, the innermost first. The innermost adds a note with itself;
each outer one replaces the note's text by the path from itself to that layer. So in the end it says the path from the model.
"""

from __future__ import annotations

from typing import Any

from minitorch.backend.callsite import without_internal_frames

__all__ = ["LayerNote", "located"]


class LayerNote(str):
    """The note on an error that names the layer."""

    layer: Any


def located(error: Exception, module: Any) -> Exception:
    """The error that came out of a call of `module`, with a note on the layer, and without the frames between."""
    notes = getattr(error, "__notes__", [])
    place = next((i for i, note in enumerate(notes) if isinstance(note, LayerNote)), len(notes))
    layer = notes[place].layer if place < len(notes) else module
    path = _path(module, layer)
    if path is not None:
        note = LayerNote(f"in model{path}: {_one_line(layer)}" if path else f"in {_one_line(layer)}")
        note.layer = layer
        error.__notes__ = [*notes[:place], note, *notes[place + 1 :]]
    trace = error.__traceback__
    return error.with_traceback(without_internal_frames(None if trace is None else trace.tb_next))


def _path(module: Any, layer: Any) -> str | None:
    """The path from a module to a layer in it, as a program writes it: .features[3]"""
    names = next((name for name, part in type(module).named_modules(module) if part is layer), None)
    if names is None:
        return None
    return "".join(f"[{name}]" if name.isdigit() else f".{name}" for name in names.split(".") if name)


def _one_line(layer: Any) -> str:
    """The printed form of a layer; of a module with others in it, its class."""
    try:
        text = repr(layer)
    except Exception:  # an extra_repr of the program's may fail
        text = "\n"
    return text if "\n" not in text else type(layer).__name__
