"""The base of every pydantic model of the contract."""

from pydantic import BaseModel, ConfigDict

__all__ = ["Model"]


class Model(BaseModel):
    """Frozen, closed to unknown fields, and silent about its input when validation fails.

    pydantic prints the input of a failed validation, a secret too, unless it is told not to.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, defer_build=True, hide_input_in_errors=True
    )
