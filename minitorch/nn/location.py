"""A note that names the layer of an error: `in model.features[3]: Linear(in_features=3, out_features=2, bias=True)`.

An error propagates through the call of every enclosing module, the innermost first. The innermost adds a note with its name;
each outer module replaces it by the path from itself to that layer. The final note has the path from the model.
"""

from __future__ import annotations

from typing import Any

from minitorch.backend.callsite import without_internal_frames
from minitorch.backend.errors import notes_of, set_notes

__all__ = ["LayerNote", "with_layer_note"]


class LayerNote(str):
    """The note on an error that names the layer."""

    layer: Any


def with_layer_note(error: Exception, module: Any) -> Exception:
    """The error of a call of `module`, with a note that names the layer, and without internal frames."""
    notes = notes_of(error)
    position = next((i for i, note in enumerate(notes) if isinstance(note, LayerNote)), len(notes))
    layer = notes[position].layer if position < len(notes) else module
    path = _path(module, layer)
    if path is not None:
        note = LayerNote(f"in model{path}: {_one_line(layer)}" if path else f"in {_one_line(layer)}")
        note.layer = layer
        set_notes(error, [*notes[:position], note, *notes[position + 1 :]])
    trace = error.__traceback__
    return error.with_traceback(without_internal_frames(None if trace is None else trace.tb_next))


def _path(module: Any, layer: Any) -> str | None:
    """The path from a module to a layer in it, as Python code: .features[3]"""
    names = next((name for name, part in type(module).named_modules(module) if part is layer), None)
    if names is None:
        return None
    return "".join(f"[{name}]" if name.isdigit() else f".{name}" for name in names.split(".") if name)


def _one_line(layer: Any) -> str:
    """The repr of a layer, or the class name of a module with children."""
    try:
        text = repr(layer)
    except Exception:  # a user's extra_repr may fail
        text = "\n"
    return text if "\n" not in text else type(layer).__name__
