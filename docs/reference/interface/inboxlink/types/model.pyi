from pydantic import BaseModel, ConfigDict
__all__ = ['Model']

class Model(BaseModel):
    model_config = ConfigDict(extra='forbid', frozen=True, defer_build=True, hide_input_in_errors=True)
