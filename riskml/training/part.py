"""What every part of a model definition has in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["NonNegative", "Part", "Positive", "Share"]

Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(gt=0, le=1)]
NonNegative = Annotated[float, Field(ge=0)]


class Part(BaseModel):
    """A table of a model definition: no unknown key, no change, no infinity."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
